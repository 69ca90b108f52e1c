import { endpointsOf } from './api-endpoints';
import { DatasetDocument } from './dataset-document.generated';

/** The key that names a dataset's tables. */
export function tablesKey({
  outputs,
  api_endpoints: endpoints,
}: DatasetDocument): 'outputs' | 'api_endpoints' | 'file_table_mapping' {
  return outputs !== undefined ? 'outputs' : endpoints !== undefined ? 'api_endpoints' : 'file_table_mapping';
}

/** The keys of a dataset's tables as its document names them, none for one table with the dataset's own name. */
export function tablesOf(document: DatasetDocument): string[] {
  const endpoints = Object.entries(endpointsOf(document)).filter(([, { table }]) => table !== false);
  return {
    outputs: document.outputs ?? [],
    api_endpoints: endpoints.map(([name]) => name),
    file_table_mapping: Object.values(document.file_table_mapping ?? {}),
  }[tablesKey(document)];
}
