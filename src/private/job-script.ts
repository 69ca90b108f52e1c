import { existsSync, readFileSync, statSync } from 'fs';
import * as path from 'path';
import { Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { JobScript, packagedScript } from './script-bundle';
import { synthError } from './synth-error';
import { Layer } from '../layer';

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
export function scriptOf(scope: Construct, dataset: string, { path: file, text, isScript }: TransformDefinition): JobScript {
  const problem = (found: string, remedy: string) => synthError(scope, `transform of dataset "${dataset}" ${found}.`, remedy);
  if (file !== undefined && (Token.isUnresolved(file) || !existsSync(file) || !statSync(file).isFile())) {
    throw problem(`names the file "${file}", which is not there`, `Paths begin in the folder where cdk runs, ${process.cwd()}.`);
  }
  const content = file === undefined ? text ?? '' : readFileSync(file, 'utf8');
  if (content.trim() === '') {
    throw problem(file === undefined ? 'is an empty query' : `names the file "${file}", which is empty`,
      isScript ? 'The README shows a whole script.' : 'Write for example SELECT * FROM pp_dw_bronze.zipcodes.');
  }
  return file !== undefined && isScript
    ? { path: file }
    : { path: packagedScript(Layer.GOLD), sql: { name: nameOf(file), text: content } };
}

/** The name under which a query is deployed: that of its file, without what an S3 key had better not hold. */
function nameOf(file?: string): string {
  return file === undefined ? INLINE : `${path.parse(file).name.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9_.-]/g, '_').replace(/^_+/, '') || 'query'}.sql`;
}
