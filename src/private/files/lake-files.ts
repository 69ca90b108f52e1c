import { existsSync, lstatSync } from 'fs';
import * as path from 'path';
import { ConfigFile } from './config-file';
import { CONFIG, findConfigFiles, findPipelineFiles } from './config-files';
import { CoreFile, readCoreFile } from './core-file';
import { DatasetFile, readDataset } from './dataset-file';
import { graphProblems } from './dataset-inputs';
import { DatasetNameIndex } from './dataset-names';
import { resolveDatasets, resolveInputs } from './dataset-references';
import { FileProblem } from './file-problem';
import { relativePath } from './json-file';
import { PipelineFile, readPipeline, samePipelines } from './pipeline-file';
import { Input, tableInputs, tablesByDataset, unknownTables } from './table-inputs';
import { datasetSchema } from '../document/dataset-schema';
import { pipelineSchema } from '../document/pipeline-rules';

/** The configuration files of a lake, and all problems in these files. */
export interface LakeFiles {
  /** The file of the core. Undefined if the core is defined in code, or if the file does not exist. */
  readonly core?: CoreFile;
  /** The files of the core, the datasets and the pipelines, including invalid files. */
  readonly configs: ConfigFile[];
  /** The files of datasets. */
  readonly datasetConfigs: ConfigFile[];
  /** The datasets whose name in the file is valid, each after its inputs. */
  readonly datasets: DatasetFile[];
  /** The pipelines whose name in the file is valid. */
  readonly pipelines: PipelineFile[];
  readonly problems: FileProblem[];
  readonly warnings: string[];
}

/** The parts of a lake that are not in its files. */
export interface OutsideOfFiles {
  /** Whether the core is defined in code. */
  readonly hasCore?: boolean;
  /** Datasets that another app deploys, for example `bronze/zipcodes`. */
  readonly otherDatasets?: string[];
}

/**
 * Reads all files of a lake: the core's `config.json` in the folder, the `config.json` files of the datasets in its
 * subfolders, and the files of pipelines.
 */
export function readLakeFiles(folder: string, { hasCore = false, otherDatasets = [] }: OutsideOfFiles = {}): LakeFiles {
  const coreFile = path.join(folder, CONFIG);
  const core = hasCore || !existsSync(coreFile) ? undefined : readCoreFile(relativePath(coreFile));
  const found = findConfigFiles(folder);
  const read = found.files.map(file => ConfigFile.read(relativePath(file), datasetSchema()));
  const names = new DatasetNameIndex(read, otherDatasets);
  const resolved = read.map(config => resolveInputs(config, names));
  const datasetConfigs = resolved.map(({ config }) => config);
  const datasets = datasetConfigs.map(config => readDataset(config, folder));
  const renamed = new DatasetNameIndex(datasetConfigs, otherDatasets);
  const parsed = datasets.flatMap(({ dataset }) => dataset ?? []);
  const tables = tablesByDataset(parsed, renamed.all);
  const inputsByFile = new Map(parsed.map(dataset => [dataset.config, tableInputs(dataset, tables)]));
  const resolvedPipelines = findPipelineFiles(folder)
    .map(file => resolveDatasets(ConfigFile.read(relativePath(file), pipelineSchema()), renamed));
  const pipelines = resolvedPipelines.map(({ config }) => readPipeline(config, renamed));
  const namedPipelines = pipelines.flatMap(({ pipeline }) => pipeline ?? []);
  const unknownDatasets = resolvedPipelines.flatMap(({ problems }) => problems);
  const unknownInputs = resolved.flatMap(({ problems }) => problems);
  const problems = [
    ...hasCore || core ? [] : missingCore(coreFile),
    ...core?.problems ?? [],
    ...found.files.length > 0 || found.problems.length > 0 ? [] : [noDatasets(folder)],
    ...found.problems,
    ...datasets.flatMap(each => each.problems).filter(problem => !isAbout(problem, unknownInputs)),
    ...unknownInputs,
    ...parsed.flatMap(dataset => unknownTables(dataset, tables)),
    ...graphProblems(datasetConfigs, renamed, inputsByFile),
    ...pipelines.flatMap(each => each.problems).filter(problem => !isAbout(problem, unknownDatasets)),
    ...unknownDatasets,
    ...samePipelines(namedPipelines),
  ];
  const configs = [
    ...core === undefined ? [] : [core.config], ...datasetConfigs, ...resolvedPipelines.map(({ config }) => config),
  ];
  return {
    core,
    configs,
    datasetConfigs,
    datasets: inOrder(parsed.map(dataset => withInputs(dataset, inputsByFile.get(dataset.config)!))),
    pipelines: namedPipelines,
    problems,
    warnings: configs.flatMap(config => config.warnings),
  };
}

function withInputs(dataset: DatasetFile, inputs: Input[]): DatasetFile {
  return { ...dataset, inputs: [...new Set([...dataset.inputs, ...inputs.map(input => input.dataset)])] };
}

/** Whether a schema violation is about the same value as a more specific problem. */
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

/** The datasets, each after its inputs, and otherwise in the given order. */
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
