import * as fs from 'fs';
import * as path from 'path';
import { Dataset } from './dataset';
import { Failure } from './failure';

/** What stands in here for what a job reaches outside of its lake. */
export interface Substitutes {
  /** The file with the value of each secret, by the secret's name or ARN. */
  readonly secrets: Record<string, string>;
  /** The folder with the files of each bucket that is not the lake's own, by its name. */
  readonly buckets: Record<string, string>;
}

/**
 * Reads `--secret NAME=@FILE` and `--bucket NAME=DIR`.
 *
 * A value itself is refused and not repeated: every user of a machine can read the command lines of all processes.
 */
export function readSubstitutes(secrets: string[], buckets: string[]): Substitutes {
  return {
    secrets: Object.fromEntries(secrets.map(given => {
      const [name, file] = split(given);
      if (!name || file === undefined || !file.startsWith('@')) {
        throw new Failure(
          '--secret takes a name and a file: --secret NAME=@FILE. A value on the command line could be read by others. '
            + 'Or set an environment variable: MEDALLION_SECRET_VENDOR_API for the secret vendor/api.',
          2,
        );
      }
      return [name, existing(`--secret ${name}`, file.slice(1), 'file')];
    })),
    buckets: Object.fromEntries(buckets.map(given => {
      const [name, folder] = split(given);
      if (!name || !folder) {
        throw new Failure(
          `--bucket ${given} names no folder: --bucket NAME=DIR, DIR with the files that the bucket has.`,
          2,
        );
      }
      return [name, existing(`--bucket ${name}`, folder, 'folder')];
    })),
  };
}

/** Fails where a dataset reads a bucket that has no folder here. */
export function requireBuckets(dataset: Dataset, { buckets }: Substitutes): void {
  const source = documentOf(dataset)?.source_url ?? [];
  for (const address of Array.isArray(source) ? source : [source]) {
    const bucket = /^s3:\/\/([^/]+)\//.exec(address)?.[1];
    if (bucket !== undefined && bucket !== dataset.bucket && !(bucket in buckets)) {
      throw new Failure(
        `${dataset.dataset} reads ${address}. No AWS account is asked here: put some of its files into a `
          + 'folder as they lie in the bucket, '
          + `and add --bucket ${bucket}=DIR.`,
        2,
      );
    }
  }
}

/** The document of a dataset as its stack deploys it. */
function documentOf(dataset: Dataset): { readonly source_url?: string | string[] } | undefined {
  const uri = dataset.arguments['--dataset_config'];
  for (const { source, bucket, prefix, markers } of dataset.deployments()) {
    const folder = `s3://${bucket}/${prefix ? `${prefix}/` : ''}`;
    const file = path.join(source, uri.slice(folder.length));
    if (uri.startsWith(folder) && fs.statSync(source).isDirectory() && fs.existsSync(file)) {
      const text = Object.entries(markers).reduce(
        (filled, [marker, value]) => filled.replaceAll(marker, value),
        fs.readFileSync(file, 'utf8'),
      );
      return JSON.parse(text) as { source_url?: string | string[] };
    }
  }
  return undefined;
}

function split(given: string): [string, string | undefined] {
  const at = given.indexOf('=');
  return at < 0 ? [given, undefined] : [given.slice(0, at), given.slice(at + 1)];
}

function existing(option: string, given: string, kind: 'file' | 'folder'): string {
  const stat = fs.statSync(given, { throwIfNoEntry: false });
  if (!stat || (kind === 'file') !== stat.isFile()) {
    throw new Failure(`${option} names the ${kind} ${given}, which is not there.`, 2);
  }
  return path.resolve(given);
}
