import { IEtlCore } from './i-etl-core';
import { Layer } from './layer';

/** A dataset of a lake, in this app or in another: what a gold dataset can be made from. */
export interface IDataset {
  /** The lake the dataset belongs to. */
  readonly core: IEtlCore;
  /** The layer of its tables. */
  readonly layer: Layer;
  /** The name of the dataset. */
  readonly dataset: string;
}
