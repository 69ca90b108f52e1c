import { IEtlCore } from './i-etl-core';
import { Layer } from './layer';

/** A dataset of a lake, deployed by this app or another. A derived dataset can use it as an input. */
export interface IDataset {
  /** The lake that the dataset belongs to. */
  readonly core: IEtlCore;
  /** The layer of its tables. */
  readonly layer: Layer;
  /** The name of the dataset in kebab-case. */
  readonly dataset: string;
}
