import { accessSync, constants, lstatSync, readlinkSync, realpathSync, Stats, statSync } from 'fs';
import * as path from 'path';
import { Token } from 'aws-cdk-lib';
import { LakeNames } from '../../naming';
import { DatasetDocument } from '../document/dataset-document.generated';
import { isPath } from '../document/source-urls';
import { Problem } from '../errors/problem';
import { didYouMeanFile } from '../errors/suggestion';

/** A file of the app that a dataset loads. It is deployed next to the script of the dataset. */
export interface SourceFile {
  /** The path as in the definition of the dataset. */
  readonly declared: string;
  readonly path: string;
  readonly bytes: number;
  /** The name of the deployed file, which is unique in the dataset. */
  readonly name: string;
}

/** The folders in which the source files of a dataset may be. */
export interface PathRules {
  /** The folder that paths are relative to. */
  readonly folder: string;
  /** Paths must lead into one of these folders. If undefined, any path is valid. */
  readonly within?: string[];
  /** Explains relative paths. */
  readonly remedy: string;
}

/**
 * The maximum size of the source files of a dataset, and of a stack.
 *
 * The Lambda function that copies them to the bucket stores the ZIP file of the asset and its contents at the same
 * time. It has 513 MiB of storage for both.
 */
export const MAX_SOURCE_BYTES = 200_000_000;

/** What to do with files that are too large. */
export const TOO_LARGE_REMEDY = 'Upload large files to a bucket with `aws s3 cp FILE s3://BUCKET/KEY`, and load them '
  + 'from there: Source.s3("s3://BUCKET/KEY"), or "source_url": "s3://BUCKET/KEY".';

/** The files of the app that the source URLs of a dataset refer to, or the problems if there are any. */
export function readSourceFiles(
  source: string | string[],
  rules: PathRules,
): { files: SourceFile[]; problems: Problem[] } {
  const files: SourceFile[] = [];
  const problems: Problem[] = [];
  for (const [index, declared] of [source].flat().entries()) {
    if (Token.isUnresolved(declared) || isPath(declared)) {
      const key = Array.isArray(source) ? `source_url[${index}]` : 'source_url';
      const found = readSourceFile(declared, rules, files);
      if ('code' in found) {
        problems.push({ ...found, key });
      } else {
        files.push(found);
      }
    }
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > MAX_SOURCE_BYTES) {
    problems.push({
      code: 'FILE_TOO_LARGE',
      key: 'source_url',
      found: `has ${megabytes(bytes)} of files; the maximum is ${megabytes(MAX_SOURCE_BYTES)}`,
      remedy: TOO_LARGE_REMEDY,
    });
  }
  return { files, problems };
}

/** A size in whole megabytes, rounded up. */
export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000)} MB`;
}

function readSourceFile(
  declared: string,
  { folder, within, remedy }: PathRules,
  others: SourceFile[],
): SourceFile | Omit<Problem, 'key'> {
  if (typeof declared !== 'string' || Token.isUnresolved(declared)) {
    return {
      code: 'FILE_NOT_FOUND', found: 'is not a path that is known at synth', remedy: 'Write the path in the code.',
    };
  }
  const file = path.resolve(folder, declared);
  if (within !== undefined && !within.some(each => isBelow(path.resolve(each), file))) {
    return {
      code: 'FILE_OUTSIDE_APP',
      found: `is "${declared}", which is outside of the app`,
      remedy: 'Move the file into the app, or link to it. In code, Source.file accepts any path.',
    };
  }
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) {
    return {
      code: 'FILE_NOT_FOUND',
      found: `is "${declared}", ${whatIsWrong(file, stat)}`,
      remedy: `${stat ? '' : didYouMeanFile(declared, folder)}${remedy}`,
    };
  }
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    return {
      code: 'FILE_UNREADABLE',
      found: `is "${declared}", a file that cannot be read: ${(error as Error).message}`,
      remedy: 'Correct its permissions.',
    };
  }
  const real = realpathSync(file);
  const same = others.find(other => realpathSync(other.path) === real);
  if (same) {
    return {
      code: 'DUPLICATE_VALUE',
      found: `is "${declared}", the same file as "${same.declared}"`,
      remedy: 'Remove one of them: its rows would be in the table twice.',
    };
  }
  return { declared, path: file, bytes: stat.size, name: deployedName(file, others.map(({ name }) => name)) };
}

function whatIsWrong(file: string, stat?: Stats): string {
  if (stat) {
    return stat.isDirectory() ? 'which is a folder' : 'which is not a regular file';
  }
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()
    ? `a broken symbolic link to "${readlinkSync(file)}"`
    : 'a file that does not exist';
}

function isBelow(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative.split(path.sep)[0] !== '..' && !path.isAbsolute(relative);
}

/** The job shortens longer names. */
const MAX_NAME_LENGTH = 120;

/**
 * The name under which a file is deployed. It contains only characters that the job keeps in the names of originals.
 * Other characters could act as globs or date placeholders in the file's URL. The file extension is kept, because it
 * determines the format.
 */
function deployedName(file: string, taken: string[]): string {
  const name = path.basename(file).replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^[._]+|[._]+$/g, '') || 'source';
  const [, stem, extensions] = /^(.+?)((?:\.[A-Za-z0-9]{1,10}){0,2})$/.exec(name)!;
  for (let number = 1; ; number++) {
    const suffix = `${number === 1 ? '' : `-${number}`}${extensions}`;
    const free = `${stem.slice(0, MAX_NAME_LENGTH - suffix.length)}${suffix}`;
    // The file system of the machine that synthesizes may ignore case.
    if (!taken.some(each => each.toLowerCase() === free.toLowerCase())) {
      return free;
    }
  }
}

/** Replaces the paths of files in a document with the `s3://` URLs of the deployed files. */
export function withDeployedUrls(document: DatasetDocument, files: SourceFile[], lake: LakeNames): DatasetDocument {
  const { source_url: source, dataset } = document;
  if (source === undefined || files.length === 0) {
    return document;
  }
  const urls = new Map(files.map(({ declared, name }) => [declared, lake.sourceFile(dataset, name)]));
  const deployed = (url: string) => urls.get(url) ?? url;
  return { ...document, source_url: typeof source === 'string' ? deployed(source) : source.map(deployed) };
}
