import * as fs from 'fs';
import * as path from 'path';
import { Dataset } from './dataset';
import { documentOf } from './dataset-document';
import { Failure } from './failure';

/** Local substitutes for the AWS resources outside the lake that a job reads. */
export interface Substitutes {
  /** The files with the values of secrets, keyed by the name or ARN of the secret. */
  readonly secrets: Record<string, string>;
  /** The folders with the objects of source buckets, keyed by the name of the bucket. */
  readonly buckets: Record<string, string>;
}

/**
 * Reads `--secret NAME=@FILE` and `--bucket NAME=DIR`.
 *
 * Rejects a secret value on the command line, because every user of a machine can read all command lines. The error
 * does not repeat the value.
 */
export function readSubstitutes(secrets: string[], buckets: string[]): Substitutes {
  return {
    secrets: Object.fromEntries(secrets.map(pair => {
      const [name, file] = splitPair(pair);
      if (!name || file === undefined || !file.startsWith('@')) {
        throw new Failure(
          '--secret requires a name and a file: --secret NAME=@FILE. Do not put the value on the command line, where '
            + 'other users can read it. Or set an environment variable, for example MEDALLION_SECRET_VENDOR_API for '
            + 'the secret vendor/api.',
          2,
        );
      }
      return [name, existingPath(`--secret ${name}`, file.slice(1), 'file')];
    })),
    buckets: Object.fromEntries(buckets.map(pair => {
      const [name, folder] = splitPair(pair);
      if (!name || !folder) {
        throw new Failure(
          `--bucket ${pair} is not valid. Specify a bucket and a folder with its objects: --bucket NAME=DIR.`,
          2,
        );
      }
      return [name, existingPath(`--bucket ${name}`, folder, 'folder')];
    })),
  };
}

/** Reads `--value NAME=VALUE`. */
export function readValues(values: string[]): Record<string, string> {
  return Object.fromEntries(values.map(pair => {
    const [name, value] = splitPair(pair);
    if (!name || value === undefined) {
      throw new Failure(
        `--value ${pair} is not valid. Specify --value NAME=VALUE, with the NAME that the error about the unknown `
          + 'value contains.',
        2,
      );
    }
    return [name, value];
  }));
}

/** Fails if a dataset reads a source bucket without a local folder. */
export function requireBuckets(dataset: Dataset, { buckets }: Substitutes): void {
  const source = documentOf(dataset)?.source_url ?? [];
  for (const url of Array.isArray(source) ? source : [source]) {
    const bucket = /^s3:\/\/([^/]+)\//.exec(url)?.[1];
    if (bucket !== undefined && bucket !== dataset.bucket && !(bucket in buckets)) {
      throw new Failure(
        `${dataset.dataset} reads ${url}. A local run does not access AWS. Copy some of the objects to a folder with `
          + `the same paths as in the bucket, and add --bucket ${bucket}=DIR.`,
        2,
      );
    }
  }
}

function splitPair(pair: string): [string, string | undefined] {
  const index = pair.indexOf('=');
  return index < 0 ? [pair, undefined] : [pair.slice(0, index), pair.slice(index + 1)];
}

/** The absolute path of an existing file or folder. A file can also be a pipe, such as `<(command)` in a shell. */
export function existingPath(option: string, file: string, type: 'file' | 'folder'): string {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (!stat || (type === 'folder') !== stat.isDirectory()) {
    throw new Failure(`The ${type} ${file} of ${option} does not exist. Specify an existing ${type}.`, 2);
  }
  return path.resolve(file);
}
