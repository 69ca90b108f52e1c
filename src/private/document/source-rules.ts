import { Token } from 'aws-cdk-lib';
import { DatasetDocument } from './dataset-document.generated';
import { sourceUrls, isS3, mayMatchSeveralFiles } from './source-urls';
import { lettersOf } from './value-format';
import { Problem } from '../errors/problem';
import { redactUrls } from '../errors/redaction';

/** What only files have. */
const OF_FILES = ['lookback_days', 'source_files', 'delimiter', 'file_format', 'file_table_mapping'] as const;

/** What only requests over HTTP have. */
const OF_REQUESTS = ['headers', 'rate_limit', 'auth'] as const;

/** A bronze dataset has one source, and the keys for it. */
export function* sourceProblems(document: DatasetDocument, hasCustomScript: boolean): Generator<Problem> {
  const { source_datasets: inputs, source_url: source, source_files: files, api_endpoints: endpoints } = document;
  if (inputs !== undefined) {
    return;
  }
  if (source === undefined && endpoints === undefined && !hasCustomScript) {
    yield {
      code: 'SOURCE_REQUIRED',
      key: '',
      found: 'has neither source_url nor api_endpoints',
      remedy: 'Set one of them. Or add a custom script, glue/bronze_job.py, or set source_datasets for a gold dataset.',
    };
  }
  if (source !== undefined && endpoints !== undefined) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'api_endpoints',
      found: 'is set, and source_url too',
      remedy: 'Set one of them. Use two datasets for files and an API.',
    };
  }
  for (const key of OF_FILES.filter(each => endpoints !== undefined && document[each] !== undefined)) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key,
      found: 'is set, and api_endpoints too',
      remedy: `Remove ${key}: it is for files.`,
    };
  }
  const addresses = sourceUrls(document);
  for (const key of OF_REQUESTS.filter(
    each => document[each] !== undefined && addresses.length > 0 && addresses.every(isS3),
  )) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key,
      found: 'is set, and source_url is in S3',
      remedy: `Remove ${key}: it is for HTTP requests. S3 is read with the role of the dataset.`,
    };
  }
  const mayBeSeveral = addresses.some(
    address => mayMatchSeveralFiles(address) || (Token.isUnresolved(address) && !isS3(address)),
  );
  if (files !== undefined && addresses.length > 0 && !mayBeSeveral) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key: 'source_files',
      found: `is "${files}", and source_url is neither an S3 folder nor a glob`,
      remedy: 'Write for example s3://bucket/folder/ or s3://bucket/folder/*.csv, or remove source_files.',
    };
  }
}

/** Braces with what is between them, and those without a partner. */
export const BRACES = /\{[^{}]*\}?|\}/g;

/** What files' addresses hold. */
export function* sourceUrlProblems({
  source_url: source,
  lookback_days: lookbackDays,
}: DatasetDocument): Generator<Problem> {
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
        code: 'PLACEHOLDER_INVALID',
        key,
        found: `is "${redactUrls(address)}", and ${noDate} is not a date`,
        remedy:
          'Braces are replaced by the run date: yyyy, optionally MM, dd and separators, as in {yyyy-MM-dd} or '
          + '{yyyyMMdd}. '
          + (isS3(address)
            ? 'Replace literal braces by ?, which matches any character.'
            : 'Write literal braces as %7B and %7D.'),
      };
    }
    if (!isS3(address) && !URL.canParse(address.replace(BRACES, '2024'))) {
      yield {
        code: 'URL_INVALID',
        key,
        found: `is "${redactUrls(address)}", which is not a valid URL`,
        remedy: 'Check the host and the port.',
      };
    }
  }
  if (
    lookbackDays !== undefined
    && addresses.every(address => !Token.isUnresolved(address) && !address.includes('{'))
  ) {
    yield {
      code: 'PLACEHOLDER_REQUIRED',
      key: 'lookback_days',
      found: `is ${lookbackDays}, and source_url has no date`,
      remedy: 'Add the run date to the URL, for example {yyyy-MM-dd}, or remove lookback_days.',
    };
  }
}

function isDate(braces: string): boolean {
  const parts = lettersOf(braces);
  return /^\{[^0-9]*\}$/.test(braces) && parts.includes('yyyy') && new Set(parts).size === parts.length
    && parts.every(part => ['yyyy', 'MM', 'dd'].includes(part));
}
