import { ApiEndpoint, DatasetDocument, Pagination } from './dataset-document.generated';

/** The endpoints of a document, keyed by name. Expands the short form, a URL, to an endpoint. */
export function endpointsOf({ api_endpoints: endpoints = {} }: DatasetDocument): { [name: string]: ApiEndpoint } {
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, endpoint]) => [
      name,
      typeof endpoint === 'string' ? { url: endpoint } : endpoint,
    ]),
  );
}

/** A table of the lake that a setting names. */
export interface NamedTable {
  /** The key of the table in the document. */
  readonly key: string;
  /** The table as `database.table`. In a rule, it can also be the name of the table alone. */
  readonly table: string;
}

/** The tables whose columns contain the values of for_each. */
export function forEachTables(document: DatasetDocument): NamedTable[] {
  return Object.entries(endpointsOf(document)).flatMap(([name, { for_each: forEach }]) =>
    forEach?.table === undefined ? [] : [{ key: `api_endpoints.${name}.for_each.table`, table: forEach.table }],
  );
}

/** The pagination of an endpoint. Expands the short form, a type, to a pagination. */
export function paginationOf({ pagination = 'auto' }: ApiEndpoint): Pagination {
  return typeof pagination === 'string' ? { type: pagination } : pagination;
}
