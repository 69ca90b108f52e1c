import { existsSync, lstatSync } from 'fs';
import * as path from 'path';
import { ConfigFile } from './config-file';
import { CONFIG, findConfigFiles } from './config-files';
import { CoreFile, readCoreFile } from './core-file';
import { DatasetFile, readDataset } from './dataset-file';
import { DatasetNameIndex, graphProblems, resolveInputs } from './dataset-inputs';
import { FileProblem } from './file-problem';
import { relativePath } from './json-file';
import { Input, tableInputs, tablesByDataset, unknownTables } from './table-inputs';
import { datasetSchema } from '../document/dataset-schema';

/** The configuration files of a lake, and everything that is wrong with them. */
export interface LakeFiles {
  /** Undefined if the lake has another core, or if the file does not exist. */
  readonly core?: CoreFile;
  /** All files of datasets, also those that are invalid. */
  readonly configs: ConfigFile[];
  /** The datasets of the files with a valid name, each after its inputs. */
  readonly datasets: DatasetFile[];
  readonly problems: FileProblem[];
  readonly warnings: string[];
}

/** What a lake has besides its files. */
export interface OutsideOfFiles {
  /** Whether the core is defined in code. */
  readonly hasCore?: boolean;
  /** Datasets that another app deploys, for example `bronze/zipcodes`. */
  readonly otherDatasets?: string[];
}

/** Reads all `config.json` files of a lake: that of the core in the folder, and those of the datasets below it. */
export function readLakeFiles(folder: string, { hasCore = false, otherDatasets = [] }: OutsideOfFiles = {}): LakeFiles {
  const coreFile = path.join(folder, CONFIG);
  const core = hasCore || !existsSync(coreFile) ? undefined : readCoreFile(relativePath(coreFile));
  const found = findConfigFiles(folder);
  const read = found.files.map(file => ConfigFile.read(relativePath(file), datasetSchema()));
  const names = new DatasetNameIndex(read, otherDatasets);
  const resolved = read.map(config => resolveInputs(config, names));
  const configs = resolved.map(({ config }) => config);
  const datasets = configs.map(config => readDataset(config, folder));
  const renamed = new DatasetNameIndex(configs, otherDatasets);
  const parsed = datasets.flatMap(({ dataset }) => dataset ?? []);
  const tables = tablesByDataset(parsed, renamed.all);
  const inputsByFile = new Map(parsed.map(dataset => [dataset.config, tableInputs(dataset, tables)]));
  const unknownInputs = resolved.flatMap(({ problems }) => problems);
  const problems = [
    ...hasCore || core ? [] : missingCore(coreFile),
    ...core?.problems ?? [],
    ...found.files.length > 0 || found.problems.length > 0 ? [] : [noDatasets(folder)],
    ...found.problems,
    ...datasets.flatMap(each => each.problems).filter(problem => !isAbout(problem, unknownInputs)),
    ...unknownInputs,
    ...parsed.flatMap(dataset => unknownTables(dataset, tables)),
    ...graphProblems(configs, renamed, inputsByFile),
  ];
  return {
    core,
    configs,
    datasets: inOrder(parsed.map(dataset => withInputs(dataset, inputsByFile.get(dataset.config)!))),
    problems,
    warnings: [core?.config, ...configs].flatMap(config => config?.warnings ?? []),
  };
}

function withInputs(dataset: DatasetFile, inputs: Input[]): DatasetFile {
  return { ...dataset, inputs: [...new Set([...dataset.inputs, ...inputs.map(input => input.dataset)])] };
}

/** Whether a schema violation is about the same value as a problem that says more. */
function isAbout({ code, location, pointer }: FileProblem, others: FileProblem[]): boolean {
  return code === 'VALUE_INVALID' && pointer !== ''
    && others.some(other => other.location === location && other.pointer === pointer);
}

function missingCore(file: string): FileProblem[] {
  // A broken link is a problem of its own.
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ? [] : [{
    code: 'FILE_NOT_FOUND',
    location: relativePath(file),
    pointer: '',
    key: '',
    found: 'does not exist',
    remedy: 'Create it, for example with { "etl_resource_prefix": "pp-dw" }, or set core.',
  }];
}

function noDatasets(folder: string): FileProblem {
  return {
    code: 'DATASETS_REQUIRED',
    location: relativePath(folder),
    pointer: '',
    key: '',
    subject: 'the folder',
    found: 'contains no dataset',
    remedy: `Add ${relativePath(folder)}/<dataset>/${CONFIG}.`,
  };
}

/** The datasets, each after its inputs, otherwise in the given order. */
function inOrder(datasets: DatasetFile[]): DatasetFile[] {
  const ordered = new Set<DatasetFile>();
  const visited = new Set<DatasetFile>();
  const add = (dataset: DatasetFile): void => {
    if (visited.has(dataset)) {
      return;
    }
    visited.add(dataset);
    for (const input of dataset.inputs) {
      datasets.filter(({ name }) => name === input).forEach(add);
    }
    ordered.add(dataset);
  };
  datasets.forEach(add);
  return [...ordered];
}
