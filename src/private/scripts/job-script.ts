import { existsSync, readFileSync, statSync } from 'fs';
import * as path from 'path';
import { Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { JobScript, packagedScript } from './script-bundle';
import { Layer } from '../../layer';
import { didYouMeanFile } from '../errors/suggestion';
import { synthError } from '../errors/synth-error';

/** The settings of a Transform: a file or a query. */
export interface TransformDefinition {
  /** The path of the file with the query or the custom script. */
  readonly path?: string;
  /** The query. */
  readonly text?: string;
  readonly isScript: boolean;
}

/** The schema of a document allows 128 characters with `.sql`. */
const MAX_QUERY_NAME_LENGTH = 124;

/** The file name of an inline query. */
const INLINE_QUERY_FILE = 'query.sql';

/** The script and the query of a derived dataset. Fails if a file does not exist or is empty. */
export function scriptOf(
  scope: Construct,
  layer: Layer,
  dataset: string,
  { path: file, text, isScript }: TransformDefinition,
): JobScript {
  if (file !== undefined && isScript) {
    return customScript(scope, dataset, 'transform', file);
  }
  const query = file === undefined ? (text ?? '') : contentOf(scope, dataset, 'transform', file);
  if (query.trim() === '') {
    throw synthError(
      scope,
      file === undefined ? 'TRANSFORM_REQUIRED' : 'FILE_EMPTY',
      `transform of dataset "${dataset}" `
        + `${file === undefined ? 'is an empty query' : `refers to the file "${file}", which is empty`}.`,
      'Write a query, for example SELECT * FROM pp_dw_bronze.zipcodes.',
    );
  }
  return { path: packagedScript(layer), sql: { name: nameOf(file), text: query } };
}

/** A custom script. Fails if the file does not exist or is empty. */
export function customScript(scope: Construct, dataset: string, prop: string, file: string): JobScript {
  if (contentOf(scope, dataset, prop, file).trim() === '') {
    throw synthError(
      scope,
      'FILE_EMPTY',
      `${prop} of dataset "${dataset}" refers to the file "${file}", which is empty.`,
      'Add a script. For an example, see '
        + `${prop === 'transform' ? 'docs/derived/scripts.md' : 'docs/sources/custom-scripts.md'}.`,
    );
  }
  return { path: file, isCustom: true };
}

function contentOf(scope: Construct, dataset: string, prop: string, file: string): string {
  if (Token.isUnresolved(file) || !existsSync(file) || !statSync(file).isFile()) {
    throw synthError(
      scope,
      'FILE_NOT_FOUND',
      `${prop} of dataset "${dataset}" refers to the file "${file}", which does not exist.`,
      `${Token.isUnresolved(file) ? '' : didYouMeanFile(file)}Paths are relative to the folder where you run cdk: `
        + `${process.cwd()}.`,
    );
  }
  return readFileSync(file, 'utf8');
}

/** The name of a query in messages: the name of its file, with only characters that a document allows. */
function nameOf(file?: string): string {
  return file === undefined
    ? INLINE_QUERY_FILE
    : `${
      path
        .parse(file)
        .name.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9_.-]/g, '_')
        .replace(/^_+/, '')
        .slice(0, MAX_QUERY_NAME_LENGTH) || 'query'
    }.sql`;
}
