import { Dataset } from './dataset';
import { documentOf } from './dataset-document';

/**
 * The columns that identify a row of a table, keyed by the name of the table in Athena. For a dataset with a history,
 * they include the column with the start time of a version. Tables without a business key are not included.
 */
export function businessKeysOf(dataset: Pick<Dataset, 'arguments' | 'deployments'>): Record<string, string[]> {
  const document = documentOf(dataset);
  const { tables } = JSON.parse(dataset.arguments['--names']) as { tables: Record<string, { readonly name: string }> };
  return Object.fromEntries(Object.entries(tables).flatMap(([key, { name }]) => {
    const history = document?.history;
    const columns = history
      ? [...[history.business_key].flat(), history.valid_from ?? 'valid_from']
      : [document?.business_keys?.[key] ?? document?.business_key ?? []].flat();
    return columns.length > 0 ? [[name, columns]] : [];
  }));
}
