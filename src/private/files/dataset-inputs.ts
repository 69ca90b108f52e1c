import * as path from 'path';
import { ConfigFile } from './config-file';
import { withLayerOfScript } from './dataset-script';
import { Edit } from './edit';
import { FileProblem } from './file-problem';
import { Input } from './table-inputs';
import { pathTo } from '../definition/dataset-graph';
import { DatasetDocument } from '../document/dataset-document.generated';
import { layerOf } from '../document/dataset-rules';
import { datasetSchema } from '../document/dataset-schema';
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
    return names.length === 1 && isDatasetName(config.document?.dataset) ? names[0] : undefined;
  }

  /** All names, including those that an invalid file may declare, except those of a file. */
  except(config: ConfigFile): string[] {
    const names = [...this.declared].filter(([each]) => each !== config).flatMap(([, each]) => each);
    return [...new Set([...names, ...this.others])];
  }

  /** For each other dataset with a name without its layer, the names that it can have. */
  named(dataset: string, except: ConfigFile): string[][] {
    const names = [...this.declared].filter(([each]) => each !== except).map(([, each]) => each);
    return [...names, ...this.others.map(each => [each])]
      .map(each => each.filter(name => datasetOf(name) === dataset))
      .filter(each => each.length > 0);
  }

  get all(): string[] {
    return [...[...this.declared.values()].flat(), ...this.others];
  }
}

function isDatasetName(value: unknown): value is string {
  return typeof value === 'string' && datasetSchema().fits('properties/dataset', value);
}

/** The names that the dataset of a file can have after its correction. Several if its layer or its name is invalid. */
function possibleNames(config: ConfigFile): string[] {
  const folder = path.dirname(config.file);
  const document = withLayerOfScript((config.document ?? {}) as unknown as DatasetDocument, folder);
  const { dataset } = document;
  const datasets = isDatasetName(dataset)
    ? [dataset]
    : [...typeof dataset === 'string' ? [kebabCase(dataset)] : [], kebabCase(path.basename(folder))];
  const layer = config.document === undefined ? undefined : LAYERS.find(each => each === layerOf(document));
  const layers = layer === undefined ? LAYERS : [layer];
  return [...new Set(datasets)].flatMap(each => layers.map(ofLayer => `${ofLayer}/${each}`));
}

function kebabCase(text: string): string {
  return text.trim().toLowerCase().replace(/[^a-z0-9]+/g, '-');
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
    const sameName = input.includes('/') ? [] : names.named(input, config);
    if (sameName.length === 1 && sameName[0].length > 1) {
      // The layer is unknown, because the file of the input is invalid.
      return sameName[0][0];
    }
    if (sameName.length === 1) {
      const [[name]] = sameName;
      const where = config.pathOf(key);
      edits.push({
        path: where,
        target: 'value',
        oldValue: input,
        newValue: where.length === 1 ? [name] : name,
        reason: 'An input is named with its layer.',
        severity: 'none',
      });
      return name;
    }
    problems.push(
      config.locate({
        code: 'UNKNOWN_INPUT',
        key,
        found: sameName.length > 1
          ? `is "${input}", the name of several datasets`
          : `is "${input}", which is not a dataset in this directory`,
        remedy: sameName.length > 1
          ? `Did you mean ${[...new Set(sameName.flat())].map(name => `"${name}"`).join(' or ')}?`
          : `${didYouMean(input, others, true)}Correct it. If another app deploys it, add it to otherDatasets of the `
            + 'DatasetDirectory.',
      }),
    );
    return input;
  });
  return { config: resolved.length > 0 ? config.withValue('source_datasets', resolved, edits) : config, problems };
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
    if (first) {
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
