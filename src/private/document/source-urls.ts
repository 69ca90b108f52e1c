import { Token } from 'aws-cdk-lib';
import { DatasetDocument } from './dataset-document.generated';

/** A value only known at deployment, as CDK writes it into a text. */
const TOKEN = '\\$\\{Token\\[[^\\]]*\\]\\}';

/** What a key begins with, up to the first character of a glob or a date, or one that no policy takes. */
const LITERAL = new RegExp(`^(${TOKEN}|[^*?[{\\u0100-\\uffff])*`);

/** The addresses of a dataset's files, none where they are a list that is only known at deployment. */
export function sourceUrls({ source_url: source = [] }: DatasetDocument): string[] {
  return typeof source === 'string' ? [source] : Token.isUnresolved(source) ? [] : source;
}

/** Whether an address is that of a bucket. One that is only known at deployment is not. */
export function isS3(address: string): boolean {
  return address.startsWith('s3://');
}

/** Whether an address may stand for several files: those of a folder of a bucket, or those that a glob matches. */
export function mayMatchSeveralFiles(address: string): boolean {
  return isS3(address) && (address.endsWith('/') || /[*?[]/.test(address.replace(new RegExp(TOKEN, 'g'), '')));
}

/** A place in a bucket. */
export interface S3Location {
  readonly bucket: string;
  /** The key of an object, or what the keys of several begin with. */
  readonly prefix: string;
  readonly isExact: boolean;
}

/** What an address of a bucket leads to, as far as it is fixed. */
export function s3Location(address: string): S3Location {
  const [, bucket, key] = /^s3:\/\/([^/]*)\/?(.*)$/s.exec(address)!;
  const [prefix] = LITERAL.exec(key)!;
  return { bucket, prefix, isExact: prefix === key && prefix !== '' && !prefix.endsWith('/') };
}
