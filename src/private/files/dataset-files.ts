import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'fs';
import * as path from 'path';
import { FileProblem, JsonFile, problemsError, relativePath } from './json-file';
import { knownKeys } from './known-keys';
import { Layer } from '../../layer';
import { tableKeys } from '../../naming';
import { pathTo } from '../definition/dataset-graph';
import { DatasetDocument } from '../document/dataset-document.generated';
import { layerOf, ruleProblems } from '../document/dataset-rules';
import { datasetSchema } from '../document/dataset-schema';
import { tablesOf } from '../document/dataset-tables';
import { didYouMean, closestMatch } from '../errors/suggestion';
import { DERIVED_LAYERS, otherLayers } from '../layers';
import { placeholderProblems } from '../scripts/query-databases';
import { JobScript, packagedScript } from '../scripts/script-bundle';
import { readSourceFiles, SourceFile } from '../scripts/source-files';

/** The file that describes a dataset or, in the root folder, the core. */
export const CONFIG = 'config.json';

/** A dataset that is defined in a file. */
export interface DatasetFile {
  /** The path of the file, relative to the folder where cdk runs. */
  readonly file: string;
  /** For example `bronze/zipcodes`. */
  readonly name: string;
  readonly layer: Layer;
  readonly document: DatasetDocument;
  readonly script: JobScript;
  readonly sourceFiles: SourceFile[];
  /** Warnings about unknown keys, which are ignored. */
  readonly warnings: string[];
}

/**
 * The datasets of all `config.json` files below a folder, each after its inputs.
 *
 * Fails with all problems of all files.
 *
 * @param others datasets that another app deploys, for example `bronze/zipcodes`
 */
export function readDatasetFiles(folder: string, others: string[]): DatasetFile[] {
  const { files, brokenLinks } = findConfigFiles(folder);
  const results = [...brokenLinks.map(brokenLink), ...files.map(file => readDataset(file, folder))];
  const datasets = results.flatMap(({ dataset }) => dataset ?? []);
  const problems = [...results.flatMap(each => each.problems), ...crossDatasetProblems(results, others)];
  if (problems.length > 0) {
    throw problemsError(problems);
  }
  return inOrder(datasets);
}

interface ReadResult {
  /** Undefined if the file is a broken link. */
  readonly json?: JsonFile;
  /** Undefined if the file does not define a valid dataset. */
  readonly dataset?: DatasetFile;
  readonly problems: FileProblem[];
}

interface ConfigFiles {
  readonly files: string[];
  readonly brokenLinks: string[];
}

/**
 * The config files at any depth, sorted by name, and the symbolic links without a target. Follows symbolic links. Skips
 * hidden folders and the output folders of tools.
 *
 * @param ancestors the real paths of the folders above: a link to one of them would never end
 */
function findConfigFiles(folder: string, ancestors: string[] = []): ConfigFiles {
  const parents = [...ancestors, realpathSync(folder)];
  const files: string[] = [];
  const brokenLinks: string[] = [];
  const entries = readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !/^(\.|node_modules$|cdk\.out$|__pycache__$)/.test(name))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  for (const entry of entries) {
    const target = path.join(folder, entry.name);
    if (entry.isSymbolicLink() && !existsSync(target)) {
      brokenLinks.push(target);
    } else if (statSync(target).isDirectory() && !parents.includes(realpathSync(target))) {
      const config = path.join(target, CONFIG);
      const below = findConfigFiles(target, parents);
      files.push(...existsSync(config) ? [config] : [], ...below.files);
      brokenLinks.push(...below.brokenLinks);
    }
  }
  return { files, brokenLinks };
}

/** A link without a target may be a dataset, which the next deployment would delete. */
function brokenLink(file: string): ReadResult {
  return {
    problems: [{
      code: 'FILE_NOT_FOUND',
      location: relativePath(file),
      pointer: '',
      key: '',
      found: `is a broken symbolic link to "${readlinkSync(file)}"`,
      remedy: 'Correct the link, or remove it.',
    }],
  };
}

function readDataset(file: string, root: string): ReadResult {
  const json = new JsonFile(relativePath(file));
  if (json.problems.length > 0) {
    return { json, problems: json.problems };
  }
  const { document: known, problems, warnings } = knownKeys(json, datasetSchema());
  const document = withLayerOfScript(known as unknown as DatasetDocument, path.dirname(file));
  const invalid = [...problems, ...datasetSchema().problems(document).map(problem => json.locate(problem))];
  if (invalid.length > 0) {
    return { json, problems: invalid };
  }
  const layer = layerOf(document);
  const script = readScript(json, path.dirname(file), layer, document);
  const source = readSourceFiles(document.source_url ?? [], {
    folder: path.dirname(file),
    // A file that is not part of the app does not exist on other machines, and may be private.
    within: [root, process.cwd()],
    remedy: `Paths are relative to the folder of ${CONFIG}. A URL starts with https://, http:// or s3://.`,
  });
  const tables = tableKeys(document.dataset, tablesOf(document));
  const rules = [...ruleProblems(document, tables, script.script.isCustom)].map(problem => json.locate(problem));
  return {
    json,
    dataset: {
      file: json.file,
      name: `${layer}/${document.dataset}`,
      layer,
      document,
      script: script.script,
      sourceFiles: source.files,
      warnings,
    },
    problems: [...rules, ...script.problems, ...source.problems.map(problem => json.locate(problem))],
  };
}

/** A dataset whose folder has a script of one derived layer belongs to that layer. */
function withLayerOfScript(document: DatasetDocument, folder: string): DatasetDocument {
  if (document.layer !== undefined || document.source_datasets === undefined) {
    return document;
  }
  const [layer, ...others] = DERIVED_LAYERS.filter(each => isFile(scriptPath(folder, each)));
  return layer === undefined || layer === Layer.GOLD || others.length > 0 ? document : { ...document, layer };
}

function scriptPath(folder: string, layer: Layer): string {
  return path.join(folder, 'glue', `${layer}_job.py`);
}

/** The script of a dataset, which is the custom script in its folder if there is one, and its query. */
function readScript(
  json: JsonFile,
  folder: string,
  layer: Layer,
  { sql }: DatasetDocument,
): { script: JobScript; problems: FileProblem[] } {
  const customScript = scriptPath(folder, layer);
  const isDerived = layer !== Layer.BRONZE;
  const hasCustomScript = isFile(customScript);
  const problems: FileProblem[] = [];
  for (const other of otherLayers(layer).filter(each => existsSync(scriptPath(folder, each)))) {
    problems.push(
      json.locate({
        code: 'SCRIPT_LAYER_MISMATCH',
        key: '',
        found: `defines a ${layer} dataset, but its folder contains glue/${other}_job.py`,
        remedy: `Rename the script to ${layer}_job.py, or remove it.`
          + (isDerived && other !== Layer.BRONZE ? ` Or set "layer" to "${other}".` : ''),
      }),
    );
  }
  if (hasCustomScript && readFileSync(customScript, 'utf8').trim() === '') {
    problems.push(
      json.locate({
        code: 'FILE_EMPTY',
        key: '',
        found: `has the custom script glue/${layer}_job.py, which is empty`,
        remedy: 'Add a script. For an example, see '
          + `${isDerived ? 'docs/derived/scripts.md' : 'docs/sources/custom-scripts.md'}.`,
      }),
    );
  }
  if (isDerived && sql === undefined && !hasCustomScript) {
    problems.push(
      json.locate({
        code: 'TRANSFORM_REQUIRED',
        key: '',
        found: `has no sql, and its folder does not contain glue/${layer}_job.py`,
        remedy: 'Set sql to the file with the query, for example "sql": "query.sql", or add a custom script.',
      }),
    );
  }
  const queries = readdirSync(folder).filter(name => name.endsWith('.sql') && isFile(path.join(folder, name)));
  const text = sql !== undefined && queries.includes(sql) ? decodeUtf8(readFileSync(path.join(folder, sql))) : '';
  if (text === undefined) {
    problems.push(
      json.locate({
        code: 'FILE_UNREADABLE',
        key: 'sql',
        found: `is "${sql}", a file that is not in UTF-8`,
        remedy: 'Save the file in UTF-8.',
      }),
    );
  }
  if (isDerived && sql !== undefined && text?.trim() === '') {
    const remedy =
      queries.length > 0
        ? `${didYouMean(sql, queries)}Query files in the folder: ${queries.join(', ')}.`
        : 'Add the file to the folder of config.json.';
    problems.push(
      json.locate({
        code: queries.includes(sql) ? 'FILE_EMPTY' : 'FILE_NOT_FOUND',
        key: 'sql',
        found: queries.includes(sql) ? `is "${sql}", a file that is empty` : `is "${sql}", which does not exist`,
        remedy,
      }),
    );
  }
  for (const problem of placeholderProblems(text ?? '')) {
    problems.push(json.locate({ ...problem, found: `is "${sql}", a file that ${problem.found}` }));
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

/** Problems that involve several datasets: duplicate names, unknown inputs, cycles. */
function crossDatasetProblems(results: ReadResult[], others: string[]): FileProblem[] {
  const reads = results.flatMap(({ json, dataset }) => json && dataset ? [{ json, dataset }] : []);
  const names = [...reads.map(({ dataset }) => dataset.name), ...others];
  // If a file is invalid, its dataset may be the input that seems to be missing.
  const allValid = reads.length === results.length;
  const graph = new Map(reads.map(({ dataset }) => [dataset.name, inputsOf(dataset)]));
  return reads.flatMap(({ json, dataset }, index) => {
    const problems: FileProblem[] = [];
    const first = reads.slice(0, index).find(other => other.dataset.name === dataset.name);
    if (first) {
      problems.push(
        json.locate({
          code: 'NAME_TAKEN',
          key: 'dataset',
          found: `is "${dataset.document.dataset}", which ${first.json.file} also uses`,
          remedy: 'Rename one of them.',
        }),
      );
    }
    for (const [at, input] of inputsOf(dataset).entries()) {
      const key = `source_datasets[${at}]`;
      if (allValid && !names.includes(input)) {
        problems.push(
          json.locate({
            code: 'UNKNOWN_INPUT',
            key,
            found: `is "${input}", which is not a dataset in this directory`,
            remedy:
              `${suggestInput(input, names)}Correct it. If another app deploys it, add it to otherDatasets of the `
              + 'DatasetDirectory.',
          }),
        );
      }
    }
    const cycle = pathTo(dataset.name, dataset.name, graph);
    if (cycle) {
      const key = `source_datasets[${inputsOf(dataset).indexOf(cycle[0])}]`;
      problems.push(
        json.locate({
          code: 'INPUTS_CYCLE',
          key,
          found: `forms a cycle: ${[dataset.name, ...cycle].join(' ← ')}`,
          remedy: 'A dataset cannot depend on itself: remove one of these inputs.',
        }),
      );
    }
    return problems;
  });
}

/** "Did you mean …?" for an input with a similar name or the wrong layer. Empty if there is none. */
function suggestInput(input: string, names: string[]): string {
  const fullNames = new Map(names.map(name => [name.split('/')[1], name]));
  const closest = closestMatch(input.split('/')[1], [...fullNames.keys()]);
  return closest === undefined ? '' : `Did you mean "${fullNames.get(closest)}"? `;
}

function inputsOf({ document }: DatasetFile): string[] {
  return document.source_datasets ?? [];
}

/** The datasets, each after its inputs, otherwise in the given order. */
function inOrder(datasets: DatasetFile[]): DatasetFile[] {
  const ordered = new Set<DatasetFile>();
  const add = (dataset: DatasetFile): void => {
    for (const input of inputsOf(dataset)) {
      datasets.filter(({ name }) => name === input).forEach(add);
    }
    ordered.add(dataset);
  };
  datasets.forEach(add);
  return [...ordered];
}
