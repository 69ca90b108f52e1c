// The interfaces of cores and datasets refer to each other, so they are in one file.
export type { IDataset } from './i-etl-core';
