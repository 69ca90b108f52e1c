import * as path from 'path';
import { ConfigFile } from './config-file';
import { withLayerOfScript } from './dataset-script';
import { DatasetDocument } from '../document/dataset-document.generated';
import { layerOf } from '../document/dataset-rules';
import { datasetSchema } from '../document/dataset-schema';
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

  /** The names in all files except the given one, including names that an invalid file may declare. */
  except(config: ConfigFile): string[] {
    const names = [...this.declared].filter(([each]) => each !== config).flatMap(([, each]) => each);
    return [...new Set([...names, ...this.others])];
  }

  /**
   * For each dataset of another file or app that can have the name `dataset`, its possible names, including the layer.
   */
  named(dataset: string, except: ConfigFile): string[][] {
    const names = [...this.declared].filter(([each]) => each !== except).map(([, each]) => each);
    return [...names, ...this.others.map(each => [each])]
      .map(each => each.filter(name => datasetOf(name) === dataset))
      .filter(each => each.length > 0);
  }

  get all(): string[] {
    return [...this.inFiles, ...this.others];
  }

  /** The names that the files declare, including those that an invalid file may declare. */
  private get inFiles(): string[] {
    return [...this.declared.values()].flat();
  }

  /** The names of datasets that match a pattern such as `gold/*`. */
  matching(pattern: string): string[] {
    const parts = pattern.split(/\*+/).map(part => part.replace(/[^\w/-]/g, '\\$&'));
    const expression = new RegExp(`^${parts.join('[^/]*')}$`);
    return this.inFiles.filter(name => expression.test(name));
  }
}

function isDatasetName(value: unknown): value is string {
  return typeof value === 'string' && datasetSchema().fits('properties/dataset', value);
}

/** The names that the dataset can have after its file is corrected. Several if the layer or the name is invalid. */
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

/** The name of a dataset without its layer. */
export function datasetOf(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}
