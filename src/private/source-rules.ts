import { Token } from 'aws-cdk-lib';
import { DatasetDocument } from './dataset-document.generated';
import { Problem } from './document-schema';
import { addressesOf, isS3, isSeveral } from './s3-address';
import { lettersOf } from './value-format';
import { withoutSecrets } from './without-secrets';

/** What only files have. */
const OF_FILES = ['lookback_days', 'source_files', 'delimiter', 'file_format', 'file_table_mapping'] as const;

/** What only requests over HTTP have. */
const OF_REQUESTS = ['headers', 'rate_limit', 'auth'] as const;

/** A bronze dataset has one source, and the keys for it. */
export function* sourceProblems(document: DatasetDocument, hasOwnScript: boolean): Generator<Problem> {
  const { source_datasets: inputs, source_url: source, source_files: files, api_endpoints: endpoints } = document;
  if (inputs !== undefined) {
    return;
  }
  if (source === undefined && endpoints === undefined && !hasOwnScript) {
    yield {
      key: '',
      found: 'has neither source_url nor api_endpoints',
      remedy: 'Set one of them. Without both, a script of your own in glue/bronze_job.py gets the data, or source_datasets makes the dataset gold.',
    };
  }
  if (source !== undefined && endpoints !== undefined) {
    yield { key: 'api_endpoints', found: 'is set, and source_url too', remedy: 'Set one of them: files and an API are two datasets.' };
  }
  for (const key of OF_FILES.filter(each => endpoints !== undefined && document[each] !== undefined)) {
    yield { key, found: 'is set, and api_endpoints too', remedy: `Leave ${key} out: it is for files.` };
  }
  const addresses = addressesOf(document);
  for (const key of OF_REQUESTS.filter(each => document[each] !== undefined && addresses.length > 0 && addresses.every(isS3))) {
    yield { key, found: 'is set, and source_url is in a bucket', remedy: `Leave ${key} out: it is for requests over HTTP. A bucket is read as the dataset's role.` };
  }
  const mayBeSeveral = addresses.some(address => isSeveral(address) || (Token.isUnresolved(address) && !isS3(address)));
  if (files !== undefined && addresses.length > 0 && !mayBeSeveral) {
    yield {
      key: 'source_files',
      found: `is "${files}", and source_url is neither a folder of a bucket nor a glob`,
      remedy: 'Write for example s3://bucket/folder/ or s3://bucket/folder/*.csv, or leave source_files out.',
    };
  }
}

/** Braces with what is between them, and those without a partner. */
export const BRACES = /\{[^{}]*\}?|\}/g;

/** What files' addresses hold. */
export function* addressProblems({ source_url: source, lookback_days: lookbackDays }: DatasetDocument): Generator<Problem> {
  if (source === undefined || Token.isUnresolved(source)) {
    return;
  }
  const addresses = typeof source === 'string' ? [source] : source;
  for (const [index, address] of addresses.entries()) {
    if (Token.isUnresolved(address)) {
      continue;
    }
    const key = typeof source === 'string' ? 'source_url' : `source_url[${index}]`;
    const noDate = (address.match(BRACES) ?? []).find(braces => !isDate(braces));
    if (noDate) {
      yield {
        key,
        found: `is "${withoutSecrets(address)}", and ${noDate} is no date`,
        remedy: 'Braces hold the date of the run: yyyy, and if need be MM, dd and marks, as in {yyyy-MM-dd} or {yyyyMMdd}. '
          + (isS3(address) ? 'For others write ?, which is any character.' : 'For others write %7B and %7D.'),
      };
    }
    if (!isS3(address) && !URL.canParse(address.replace(BRACES, '2024'))) {
      yield { key, found: `is "${withoutSecrets(address)}", not an address`, remedy: 'Check its host and port.' };
    }
  }
  if (lookbackDays !== undefined && addresses.every(address => !Token.isUnresolved(address) && !address.includes('{'))) {
    yield {
      key: 'lookback_days',
      found: `is ${lookbackDays}, and source_url holds no date`,
      remedy: 'Write the date of the run into the address, for example {yyyy-MM-dd}, or leave lookback_days out.',
    };
  }
}

function isDate(braces: string): boolean {
  const parts = lettersOf(braces);
  return /^\{[^0-9]*\}$/.test(braces) && parts.includes('yyyy') && new Set(parts).size === parts.length
    && parts.every(part => ['yyyy', 'MM', 'dd'].includes(part));
}
