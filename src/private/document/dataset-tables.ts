import { endpointsOf } from './api-endpoints';
import { DatasetDocument } from './dataset-document.generated';

/** The document key that defines the tables of a dataset. */
export function tablesKey({
  outputs,
  api_endpoints: endpoints,
}: DatasetDocument): 'outputs' | 'api_endpoints' | 'file_table_mapping' {
  return outputs !== undefined ? 'outputs' : endpoints !== undefined ? 'api_endpoints' : 'file_table_mapping';
}

/** The table keys in a document. Empty if the dataset has one table that is named after the dataset. */
export function tablesOf(document: DatasetDocument): string[] {
  const endpoints = Object.entries(endpointsOf(document)).filter(([, { table }]) => table !== false);
  return {
    outputs: document.outputs ?? [],
    api_endpoints: endpoints.map(([name]) => name),
    file_table_mapping: Object.values(document.file_table_mapping ?? {}),
  }[tablesKey(document)];
}
