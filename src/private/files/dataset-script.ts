import { existsSync, readdirSync, readFileSync, statSync } from 'fs';
import * as path from 'path';
import { Layer } from '../../layer';
import { DatasetDocument } from '../document/dataset-document.generated';
import { Problem } from '../errors/problem';
import { didYouMean } from '../errors/suggestion';
import { DERIVED_LAYERS, otherLayers } from '../layers';
import { placeholderProblems } from '../scripts/query-databases';
import { JobScript, packagedScript } from '../scripts/script-bundle';

/**
 * Sets the layer of a derived dataset that declares no layer, if its folder contains a custom script for exactly one
 * derived layer.
 */
export function withLayerOfScript(document: DatasetDocument, folder: string): DatasetDocument {
  if (document.layer !== undefined || document.source_datasets === undefined) {
    return document;
  }
  const [layer, ...others] = DERIVED_LAYERS.filter(each => isFile(scriptPath(folder, each)));
  return layer === undefined || layer === Layer.GOLD || others.length > 0 ? document : { ...document, layer };
}

function scriptPath(folder: string, layer: Layer): string {
  return path.join(folder, 'glue', `${layer}_job.py`);
}

/**
 * Returns the script of a dataset together with its query. The script is the custom script in the folder, or otherwise
 * the packaged script.
 */
export function readScript(
  folder: string, layer: Layer, { sql }: Pick<DatasetDocument, 'sql'>,
): { script: JobScript; problems: Problem[] } {
  const customScript = scriptPath(folder, layer);
  const isDerived = layer !== Layer.BRONZE;
  const hasCustomScript = isFile(customScript);
  const problems: Problem[] = [];
  for (const other of otherLayers(layer).filter(each => existsSync(scriptPath(folder, each)))) {
    problems.push({
      code: 'SCRIPT_LAYER_MISMATCH',
      key: '',
      found: `defines a ${layer} dataset, but its folder contains glue/${other}_job.py`,
      remedy: `Rename the script to ${layer}_job.py, or remove it.`
        + (isDerived && other !== Layer.BRONZE ? ` Or set "layer" to "${other}".` : ''),
    });
  }
  if (hasCustomScript && readFileSync(customScript, 'utf8').trim() === '') {
    problems.push({
      code: 'FILE_EMPTY',
      key: '',
      found: `has the custom script glue/${layer}_job.py, which is empty`,
      remedy: 'Add a script. For an example, see '
        + `${isDerived ? 'docs/derived/scripts.md' : 'docs/sources/custom-scripts.md'}.`,
    });
  }
  if (isDerived && sql === undefined && !hasCustomScript) {
    problems.push({
      code: 'TRANSFORM_REQUIRED',
      key: '',
      found: `has no sql, and its folder does not contain glue/${layer}_job.py`,
      remedy: 'Set sql to the file with the query, for example "sql": "query.sql", or add a custom script.',
    });
  }
  const queries = readdirSync(folder).filter(name => name.endsWith('.sql') && isFile(path.join(folder, name)));
  const text = sql !== undefined && queries.includes(sql) ? decodeUtf8(readFileSync(path.join(folder, sql))) : '';
  if (text === undefined) {
    problems.push({
      code: 'FILE_UNREADABLE',
      key: 'sql',
      found: `is "${sql}", a file that is not in UTF-8`,
      remedy: 'Save the file in UTF-8.',
    });
  }
  if (isDerived && sql !== undefined && text?.trim() === '') {
    const remedy =
      queries.length > 0
        ? `${didYouMean(sql, queries)}Query files in the folder: ${queries.join(', ')}.`
        : 'Add the file to the folder of config.json.';
    problems.push({
      code: queries.includes(sql) ? 'FILE_EMPTY' : 'FILE_NOT_FOUND',
      key: 'sql',
      found: queries.includes(sql) ? `is "${sql}", a file that is empty` : `is "${sql}", which does not exist`,
      remedy,
    });
  }
  for (const problem of placeholderProblems(text ?? '')) {
    problems.push({ ...problem, found: `is "${sql}", a file that ${problem.found}` });
  }
  const script = hasCustomScript ? { path: customScript, isCustom: true } : { path: packagedScript(layer) };
  return { script: { ...script, ...(sql !== undefined && { sql: { name: sql, text: text ?? '' } }) }, problems };
}

function isFile(file: string): boolean {
  return existsSync(file) && statSync(file).isFile();
}

/** The text of a UTF-8 file, or undefined if the file has a different encoding. */
function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
