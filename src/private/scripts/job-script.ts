import { existsSync, readFileSync, statSync } from 'fs';
import * as path from 'path';
import { Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { JobScript, packagedScript } from './script-bundle';
import { Layer } from '../../layer';
import { synthError } from '../errors/synth-error';

/** What a Transform says: a file, or the query itself. */
export interface TransformDefinition {
  /** Of the file with the query or the script. */
  readonly path?: string;
  /** The query itself. */
  readonly text?: string;
  readonly isScript: boolean;
}

/** What a query is called that has no file of its own. */
const INLINE = 'query.sql';

/** The script of a gold dataset and its query. Fails where a file is not there, or there is nothing in it. */
export function scriptOf(
  scope: Construct,
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
        + `${file === undefined ? 'is an empty query' : `names the file "${file}", which is empty`}.`,
      'Write for example SELECT * FROM pp_dw_bronze.zipcodes.',
    );
  }
  return { path: packagedScript(Layer.GOLD), sql: { name: nameOf(file), text: query } };
}

/** A script of the user's own. Fails where the file is not there, or there is nothing in it. */
export function customScript(scope: Construct, dataset: string, prop: string, file: string): JobScript {
  if (contentOf(scope, dataset, prop, file).trim() === '') {
    throw synthError(
      scope,
      'FILE_EMPTY',
      `${prop} of dataset "${dataset}" names the file "${file}", which is empty.`,
      'Add a script: the README has a complete example.',
    );
  }
  return { path: file, isOwn: true };
}

function contentOf(scope: Construct, dataset: string, prop: string, file: string): string {
  if (Token.isUnresolved(file) || !existsSync(file) || !statSync(file).isFile()) {
    throw synthError(
      scope,
      'FILE_NOT_FOUND',
      `${prop} of dataset "${dataset}" names the file "${file}", which does not exist.`,
      `Paths are relative to the folder where cdk runs, ${process.cwd()}.`,
    );
  }
  return readFileSync(file, 'utf8');
}

/** The name under which a query is deployed: that of its file, without what an S3 key had better not hold. */
function nameOf(file?: string): string {
  return file === undefined
    ? INLINE
    : `${
      path
        .parse(file)
        .name.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9_.-]/g, '_')
        .replace(/^_+/, '') || 'query'
    }.sql`;
}
