import { Token } from 'aws-cdk-lib';
import { DatasetDocument } from './dataset-document.generated';

/** A CDK token in a string. */
const TOKEN = '\\$\\{Token\\[[^\\]]*\\]\\}';

/** The literal prefix of a key: it ends at a glob, a date placeholder or a character that IAM policies reject. */
const LITERAL = new RegExp(`^(${TOKEN}|[^*?[{\\u0100-\\uffff])*`);

/** The source URLs of a dataset. Empty if the list is a token. */
export function sourceUrls({ source_url: source = [] }: DatasetDocument): string[] {
  return typeof source === 'string' ? [source] : Token.isUnresolved(source) ? [] : source;
}

/** Whether a URL is an S3 URL. False for a token. */
export function isS3(url: string): boolean {
  return url.startsWith('s3://');
}

/** Whether a value of `source_url` is the path of a file, not a URL. False for a token. */
export function isPath(url: string): boolean {
  return !Token.isUnresolved(url) && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(url);
}

/** Whether a URL can match several files: an S3 folder or a glob. */
export function mayMatchSeveralFiles(url: string): boolean {
  return isS3(url) && (url.endsWith('/') || /[*?[]/.test(url.replace(new RegExp(TOKEN, 'g'), '')));
}

/** A location in a bucket. */
export interface S3Location {
  readonly bucket: string;
  /** The key of an object, or the prefix of several keys. */
  readonly prefix: string;
  readonly isExact: boolean;
}

/** The location of an S3 URL up to its first glob or date placeholder. */
export function s3Location(url: string): S3Location {
  const [, bucket, key] = /^s3:\/\/([^/]*)\/?(.*)$/s.exec(url)!;
  const [prefix] = LITERAL.exec(key)!;
  return { bucket, prefix, isExact: prefix === key && prefix !== '' && !prefix.endsWith('/') };
}
