import { existsSync, readdirSync, readFileSync, statSync } from 'fs';
import * as path from 'path';
import { FileProblem, JsonFile, problemsError, shown } from './json-file';
import { knownKeys } from './known-keys';
import { Layer } from '../../layer';
import { tableKeys } from '../../naming';
import { pathTo } from '../definition/dataset-graph';
import { DatasetDocument } from '../document/dataset-document.generated';
import { ruleProblems } from '../document/dataset-rules';
import { datasetSchema } from '../document/dataset-schema';
import { tablesOf } from '../document/dataset-tables';
import { didYouMean, closestMatch } from '../errors/suggestion';
import { JobScript, packagedScript } from '../scripts/script-bundle';

/** The name of the file that describes a dataset, and in the folder above them all the core. */
export const CONFIG = 'config.json';

/** A dataset that a file describes. */
export interface DatasetFile {
  /** As a person would name it, from the folder where cdk runs. */
  readonly file: string;
  /** `bronze/zipcodes`. */
  readonly name: string;
  readonly layer: Layer;
  readonly document: DatasetDocument;
  readonly script: JobScript;
  /** Of keys that nobody reads. */
  readonly warnings: string[];
}

/**
 * The datasets of all `config.json` below a folder, each after those it is made from.
 *
 * Fails with all that is wrong in all of them.
 *
 * @param others datasets that are deployed elsewhere, as `bronze/zipcodes`
 */
export function readDatasetFiles(folder: string, others: string[]): DatasetFile[] {
  const found = configsBelow(folder).map(readDataset);
  const datasets = found.flatMap(({ dataset }) => dataset ?? []);
  const problems = [...found.flatMap(each => each.problems), ...crossDatasetProblems(found, others)];
  if (problems.length > 0) {
    throw problemsError(problems);
  }
  return inOrder(datasets);
}

interface Read {
  readonly json: JsonFile;
  /** None where the file is no dataset that could be made. */
  readonly dataset?: DatasetFile;
  readonly problems: FileProblem[];
}

/**
 * The files at any depth, in the order of their names. What begins with a dot is no part of a project, and neither is
 * what tools make.
 */
function configsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !/^(\.|node_modules$|cdk\.out$|__pycache__$)/.test(entry.name))
    .sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap(({ name }) => {
      const below = path.join(folder, name);
      return [...existsSync(path.join(below, CONFIG)) ? [path.join(below, CONFIG)] : [], ...configsBelow(below)];
    });
}

function readDataset(file: string): Read {
  const json = new JsonFile(shown(file));
  if (json.problems.length > 0) {
    return { json, problems: json.problems };
  }
  const { document: known, problems, warnings } = knownKeys(json, datasetSchema());
  const document = known as unknown as DatasetDocument;
  const wrong = [...problems, ...datasetSchema().problems(document).map(problem => json.locate(problem))];
  if (wrong.length > 0) {
    return { json, problems: wrong };
  }
  const layer = document.source_datasets === undefined ? Layer.BRONZE : Layer.GOLD;
  const script = readScript(json, path.dirname(file), layer, document);
  const tables = tableKeys(document.dataset, tablesOf(document));
  const rules = [...ruleProblems(document, tables, script.script.isOwn)].map(problem => json.locate(problem));
  return {
    json,
    dataset: {
      file: json.file,
      name: `${layer}/${document.dataset}`,
      layer,
      document,
      script: script.script,
      warnings,
    },
    problems: [...rules, ...script.problems],
  };
}

/** The dataset's own script if there is one in its folder, and its query. */
function readScript(
  json: JsonFile,
  folder: string,
  layer: Layer,
  { sql }: DatasetDocument,
): { script: JobScript; problems: FileProblem[] } {
  const own = path.join(folder, 'glue', `${layer}_job.py`);
  const other = layer === Layer.BRONZE ? Layer.GOLD : Layer.BRONZE;
  const hasOwn = isFile(own);
  const problems: FileProblem[] = [];
  if (existsSync(path.join(folder, 'glue', `${other}_job.py`))) {
    problems.push(
      json.locate({
        code: 'SCRIPT_LAYER_MISMATCH',
        key: '',
        found: `describes a ${layer} dataset, and glue/${other}_job.py lies in its folder`,
        remedy: `Rename the script to ${layer}_job.py, or remove it.`,
      }),
    );
  }
  if (hasOwn && readFileSync(own, 'utf8').trim() === '') {
    problems.push(
      json.locate({
        code: 'FILE_EMPTY',
        key: '',
        found: `has an empty glue/${layer}_job.py in its folder`,
        remedy: 'Add a script: the README has a complete example.',
      }),
    );
  }
  if (layer === Layer.GOLD && sql === undefined && !hasOwn) {
    problems.push(
      json.locate({
        code: 'TRANSFORM_REQUIRED',
        key: '',
        found: 'has no sql, and there is no glue/gold_job.py in its folder',
        remedy: 'Set the file with the query: "sql": "query.sql".',
      }),
    );
  }
  const queries = readdirSync(folder).filter(name => name.endsWith('.sql') && isFile(path.join(folder, name)));
  const text = sql !== undefined && queries.includes(sql) ? decoded(readFileSync(path.join(folder, sql))) : '';
  if (text === undefined) {
    problems.push(
      json.locate({
        code: 'FILE_UNREADABLE',
        key: 'sql',
        found: `names "${sql}", which is not in UTF-8`,
        remedy: 'Save the file in UTF-8.',
      }),
    );
  }
  if (layer === Layer.GOLD && sql !== undefined && text?.trim() === '') {
    const there =
      queries.length > 0
        ? `${didYouMean(sql, queries)}There is ${queries.join(', ')}.`
        : 'Add the file next to config.json.';
    problems.push(
      json.locate({
        code: queries.includes(sql) ? 'FILE_EMPTY' : 'FILE_NOT_FOUND',
        key: 'sql',
        found: queries.includes(sql) ? `names "${sql}", which is empty` : `names "${sql}", which is not in the folder`,
        remedy: there,
      }),
    );
  }
  const script = hasOwn ? { path: own, isOwn: true } : { path: packagedScript(layer) };
  return { script: { ...script, ...(sql !== undefined && { sql: { name: sql, text: text ?? '' } }) }, problems };
}

function isFile(file: string): boolean {
  return existsSync(file) && statSync(file).isFile();
}

/** The text of a file in UTF-8, undefined where it is of another encoding. */
function decoded(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What is wrong with datasets only beside each other: two of one name, inputs that are not there, circles. */
function crossDatasetProblems(found: Read[], others: string[]): FileProblem[] {
  const reads = found.flatMap(({ json, dataset }) => dataset ? [{ json, dataset }] : []);
  const names = [...reads.map(({ dataset }) => dataset.name), ...others];
  // A dataset whose file cannot be read is no input that is not there.
  const isWhole = reads.length === found.length;
  const graph = new Map(reads.map(({ dataset }) => [dataset.name, inputsOf(dataset)]));
  return reads.flatMap(({ json, dataset }, index) => {
    const problems: FileProblem[] = [];
    const first = reads.slice(0, index).find(other => other.dataset.name === dataset.name);
    if (first) {
      problems.push(
        json.locate({
          code: 'NAME_TAKEN',
          key: 'dataset',
          found: `is "${dataset.document.dataset}", and so is that of ${first.json.file}`,
          remedy: 'Rename one of them.',
        }),
      );
    }
    for (const [at, input] of inputsOf(dataset).entries()) {
      const key = `source_datasets[${at}]`;
      if (isWhole && !names.includes(input)) {
        problems.push(
          json.locate({
            code: 'UNKNOWN_INPUT',
            key,
            found: `is "${input}", which is not a dataset of this directory`,
            remedy:
              `${suggestInput(input, names)}Correct it, or add it to otherDatasets of the DatasetDirectory if `
              + 'another app deploys it.',
          }),
        );
      }
    }
    const way = pathTo(dataset.name, dataset.name, graph);
    if (way) {
      const key = `source_datasets[${inputsOf(dataset).indexOf(way[0])}]`;
      problems.push(
        json.locate({
          code: 'INPUTS_CYCLE',
          key,
          found: `forms a cycle: ${[dataset.name, ...way].join(' ← ')}`,
          remedy: 'A dataset cannot depend on itself: remove one of these inputs.',
        }),
      );
    }
    return problems;
  });
}

/** The question for an input that is nearly another, or one of the other layer. */
function suggestInput(input: string, names: string[]): string {
  const ofName = new Map(names.map(name => [name.split('/')[1], name]));
  const nearest = closestMatch(input.split('/')[1], [...ofName.keys()]);
  return nearest === undefined ? '' : `Did you mean "${ofName.get(nearest)}"? `;
}

function inputsOf({ document }: DatasetFile): string[] {
  return document.source_datasets ?? [];
}

/** Each after those it is made from, otherwise as they came. */
function inOrder(datasets: DatasetFile[]): DatasetFile[] {
  const ordered = new Set<DatasetFile>();
  const put = (dataset: DatasetFile): void => {
    for (const input of inputsOf(dataset)) {
      datasets.filter(({ name }) => name === input).forEach(put);
    }
    ordered.add(dataset);
  };
  datasets.forEach(put);
  return [...ordered];
}
