import * as path from 'path';
import { ConfigFile } from './config-file';
import { withLayerOfScript } from './dataset-script';
import { Edit } from './edit';
import { FileProblem } from './file-problem';
import { Input } from './table-inputs';
import { pathTo } from '../definition/dataset-graph';
import { DatasetDocument } from '../document/dataset-document.generated';
import { layerOf } from '../document/dataset-rules';
import { didYouMean } from '../errors/suggestion';
import { LAYERS } from '../layers';

/** The names of the datasets of a lake, such as `bronze/zipcodes`. */
export class DatasetNameIndex {
  private readonly declared: Map<ConfigFile, string[]>;

  /** @param others datasets that another app deploys */
  constructor(configs: ConfigFile[], private readonly others: string[]) {
    this.declared = new Map(configs.map(config => [config, possibleNames(config)]));
  }

  /** The name of the dataset in a file. Undefined if it is unknown, because the file is invalid. */
  nameOf(config: ConfigFile): string | undefined {
    const names = this.declared.get(config) ?? [];
    return names.length === 1 ? names[0] : undefined;
  }

  /** All names, including those that an invalid file may declare, except those of a file. */
  except(config: ConfigFile): string[] {
    const names = [...this.declared].filter(([each]) => each !== config).flatMap(([, each]) => each);
    return [...new Set([...names, ...this.others])];
  }

  get all(): string[] {
    return [...[...this.declared.values()].flat(), ...this.others];
  }
}

/** The names that the dataset of a file can have. Several if its layer or its name cannot be read. */
function possibleNames(config: ConfigFile): string[] {
  const folder = path.dirname(config.file);
  const document = withLayerOfScript((config.document ?? {}) as unknown as DatasetDocument, folder);
  const dataset = typeof document.dataset === 'string' ? document.dataset : path.basename(folder);
  const layer = config.document === undefined ? undefined : LAYERS.find(each => each === layerOf(document));
  return (layer === undefined ? LAYERS : [layer]).map(each => `${each}/${dataset}`);
}

/** A file whose inputs have layers, and the inputs that do not exist. */
export function resolveInputs(config: ConfigFile, names: DatasetNameIndex): {
  readonly config: ConfigFile;
  readonly problems: FileProblem[];
} {
  const edits: Edit[] = [];
  const problems: FileProblem[] = [];
  const others = names.except(config);
  const resolved = inputsOf(config).map((input, index) => {
    if (typeof input !== 'string' || names.all.includes(input)) {
      return input;
    }
    const key = `source_datasets[${index}]`;
    const sameName = input.includes('/') ? [] : others.filter(name => datasetOf(name) === input);
    if (sameName.length === 1) {
      const where = config.pathOf(key);
      edits.push({
        path: where,
        target: 'value',
        oldValue: input,
        newValue: where.length === 1 ? [sameName[0]] : sameName[0],
        reason: 'An input has the name of its layer.',
        severity: 'none',
      });
      return sameName[0];
    }
    problems.push(
      config.locate({
        code: 'UNKNOWN_INPUT',
        key,
        found: sameName.length > 1
          ? `is "${input}", the name of several datasets`
          : `is "${input}", which is not a dataset in this directory`,
        remedy: sameName.length > 1
          ? `Did you mean ${sameName.map(name => `"${name}"`).join(' or ')}?`
          : `${didYouMean(input, others, true)}Correct it. If another app deploys it, add it to otherDatasets of the `
            + 'DatasetDirectory.',
      }),
    );
    return input;
  });
  return { config: edits.length > 0 ? config.withValue('source_datasets', resolved, edits) : config, problems };
}

/**
 * Datasets with the same name, and datasets that depend on themselves.
 *
 * @param tables the datasets whose tables a file reads
 */
export function graphProblems(
  configs: ConfigFile[], names: DatasetNameIndex, tables: ReadonlyMap<ConfigFile, Input[]>,
): FileProblem[] {
  const named = configs.flatMap(config => {
    const name = names.nameOf(config);
    return name === undefined ? [] : [{ config, name }];
  });
  const allInputs = (config: ConfigFile): Input[] => [
    ...inputsOf(config).map((input, index) => ({ key: `source_datasets[${index}]`, dataset: String(input) })),
    ...tables.get(config) ?? [],
  ];
  const graph = new Map(named.map(({ config, name }) => [name, allInputs(config).map(({ dataset }) => dataset)]));
  return named.flatMap(({ config, name }, index) => {
    const problems: FileProblem[] = [];
    const first = named.slice(0, index).find(other => other.name === name);
    if (first && config.document?.dataset !== undefined) {
      problems.push(
        config.locate({
          code: 'NAME_TAKEN',
          key: 'dataset',
          found: `is "${datasetOf(name)}", which ${first.config.file} also uses`,
          remedy: 'Rename one of them.',
        }),
      );
    }
    const cycle = pathTo(name, name, graph);
    if (cycle) {
      problems.push(
        config.locate({
          code: 'INPUTS_CYCLE',
          key: allInputs(config).find(({ dataset }) => dataset === cycle[0])!.key,
          found: `forms a cycle: ${[name, ...cycle].join(' ← ')}`,
          remedy: 'A dataset cannot depend on itself: remove one of these inputs.',
        }),
      );
    }
    return problems;
  });
}

/** The name of a dataset without its layer. */
function datasetOf(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

function inputsOf({ document }: ConfigFile): unknown[] {
  const inputs = document?.source_datasets;
  return Array.isArray(inputs) ? inputs : [];
}
