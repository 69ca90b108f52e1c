import { Token } from 'aws-cdk-lib';
import { endpointsOf } from './api-endpoints';
import { DatasetDocument } from './dataset-document.generated';
import { isPath, isS3, mayMatchSeveralFiles, sourceUrls } from './source-urls';
import { invalidUrl } from './url-problem';
import { formatParts } from './value-format';
import { Layer } from '../../layer';
import { Problem } from '../errors/problem';
import { redactUrls } from '../errors/redaction';

/** Keys that only apply to files. */
const FILE_KEYS = [
  'lookback_days', 'source_dates', 'source_files', 'delimiter', 'file_format', 'file_table_mapping',
] as const;

/** Keys that only apply to HTTP requests. */
const HTTP_KEYS = ['headers', 'rate_limit', 'auth'] as const;

/** Checks that a bronze dataset has one source and only keys that apply to it. */
export function* sourceProblems(document: DatasetDocument, hasCustomScript: boolean): Generator<Problem> {
  const { source_datasets: inputs, source_url: source, source_files: files, api_endpoints: endpoints } = document;
  if (inputs !== undefined || (document.layer !== undefined && document.layer !== Layer.BRONZE)) {
    return;
  }
  if (source === undefined && endpoints === undefined && !hasCustomScript) {
    yield {
      code: 'SOURCE_REQUIRED',
      key: '',
      found: 'has neither source_url nor api_endpoints',
      remedy: 'Set one of them. For a bronze dataset with a custom script, add glue/bronze_job.py. For a silver or '
        + 'gold dataset, set source_datasets.',
    };
  }
  if (source !== undefined && endpoints !== undefined) {
    yield twoSources(document);
  }
  for (const key of FILE_KEYS.filter(
    each => source === undefined && endpoints !== undefined && document[each] !== undefined,
  )) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key,
      found: 'is set, and api_endpoints is also set',
      remedy: `Remove ${key}: it only applies to files.`,
    };
  }
  const urls = sourceUrls(document);
  for (const key of HTTP_KEYS.filter(
    each => document[each] !== undefined && urls.length > 0 && urls.every(url => isS3(url) || isPath(url)),
  )) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key,
      found: `is set, but source_url is ${urls.some(isPath) ? 'a file' : 'an S3 URL'}`,
      remedy: `Remove ${key}: it only applies to HTTP requests. The job reads S3 with the role of the dataset.`,
    };
  }
  const mayBeSeveral = urls.some(
    url => mayMatchSeveralFiles(url) || (Token.isUnresolved(url) && !isS3(url)),
  );
  if (files !== undefined && urls.length > 0 && !mayBeSeveral) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key: 'source_files',
      found: `is "${files}", but source_url is neither an S3 folder nor a glob`,
      remedy:
        'Use a folder or a glob, for example s3://bucket/folder/ or s3://bucket/folder/*.csv, or remove '
        + 'source_files.',
    };
  }
}

/**
 * The conflict between a file and an API. The remedy says which setting to remove: source_url if the URL is a web page
 * or the base URL of the API, because such a URL is not a file; otherwise, api_endpoints.
 */
function twoSources(document: DatasetDocument): Problem {
  const urls = sourceUrls(document);
  const hasFiles = FILE_KEYS.some(key => document[key] !== undefined)
    || urls.some(url => isS3(url) || isPath(url) || FILE_EXTENSION.test(url));
  const isBaseUrl = Object.values(endpointsOf(document)).some(({ url }) => urls.some(each => url.startsWith(each)));
  return hasFiles
    ? {
      code: 'SETTINGS_CONFLICT',
      key: 'api_endpoints',
      found: 'is set, and source_url is also set: a dataset loads either files or an API',
      remedy: 'Remove api_endpoints: the other settings describe files. To load the API as well, add a second dataset '
        + 'with these api_endpoints.',
    }
    : {
      code: 'SETTINGS_CONFLICT',
      key: 'source_url',
      found: 'is set, and api_endpoints is also set: a dataset loads either files or an API',
      remedy: `Remove source_url: the job loads api_endpoints, and source_url is ${isBaseUrl
        ? 'the base URL of an endpoint'
        : 'not the URL of a data file'}. To load a file as well, add a second dataset with this source_url.`,
    };
}

/** The extension of a data file at the end of a URL. */
const FILE_EXTENSION = /\.(csv|tsv|tab|psv|txt|dat|rrf|xml|json|jsonl|ndjson|parquet|zip|gz|bz2)(\?[^/]*)?$/i;

const WEEKDAY = /^[a-z]+day$/;

/** Braces with the text between them, and unmatched braces. */
export const BRACES = /\{[^{}]*\}?|\}/g;

/** Checks the source URLs and their date placeholders. */
export function* sourceUrlProblems({
  source_url: source,
  lookback_days: lookbackDays,
  source_dates: dates,
}: DatasetDocument): Generator<Problem> {
  if (dates !== undefined && (dates.every === 'week') !== WEEKDAY.test(dates.on)) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'source_dates.on',
      found: `is "${dates.on}", but every is "${dates.every}"`,
      remedy: dates.every === 'week'
        ? 'Use a weekday, for example sunday.'
        : 'Use a day of the month, for example "15", "last day" or "first monday".',
    };
  }
  if (source === undefined || Token.isUnresolved(source)) {
    return;
  }
  const urls = typeof source === 'string' ? [source] : source;
  for (const [index, url] of urls.entries()) {
    if (Token.isUnresolved(url) || isPath(url)) {
      continue;
    }
    const key = typeof source === 'string' ? 'source_url' : `source_url[${index}]`;
    const invalid = (url.match(BRACES) ?? []).find(braces => !isDate(braces));
    if (invalid) {
      yield {
        code: 'PLACEHOLDER_INVALID',
        key,
        found: `is "${redactUrls(url)}", and ${invalid} is not a date placeholder`,
        remedy:
          'Use yyyy, optionally MM, dd and separators, for example {yyyy-MM-dd} or {yyyyMMdd}: the run date replaces '
          + 'the placeholder. '
          + (isS3(url)
            ? 'Write literal braces as ?, which matches any character.'
            : 'Write literal braces as %7B and %7D.'),
      };
    }
    if (!isS3(url) && !URL.canParse(url.replace(BRACES, '2024'))) {
      yield invalidUrl(key, url);
    }
  }
  if (
    lookbackDays !== undefined
    && urls.every(url => isPath(url) || (!Token.isUnresolved(url) && !url.includes('{')))
  ) {
    yield {
      code: 'PLACEHOLDER_REQUIRED',
      key: 'lookback_days',
      found: `is ${lookbackDays}, but source_url has no date placeholder`,
      remedy: 'Add a date placeholder to the URL, for example {yyyy-MM-dd}, or remove lookback_days.',
    };
  }
  if (
    dates !== undefined
    && urls.every(url => isPath(url) || (!Token.isUnresolved(url) && !/\{[^{}]*dd[^{}]*\}/.test(url)))
  ) {
    yield {
      code: 'PLACEHOLDER_REQUIRED',
      key: 'source_dates',
      found: 'is set, but source_url has no date placeholder with a day',
      remedy: 'Add a date placeholder to the URL, for example {yyyy-MM-dd}, or remove source_dates.',
    };
  }
}

function isDate(braces: string): boolean {
  const parts = formatParts(braces);
  return /^\{[^0-9]*\}$/.test(braces) && parts.includes('yyyy') && new Set(parts).size === parts.length
    && parts.every(part => ['yyyy', 'MM', 'dd'].includes(part));
}
