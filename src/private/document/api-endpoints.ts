import { ApiEndpoint, DatasetDocument, Pagination } from './dataset-document.generated';

/** The endpoints of a document by name. Expands the short form, a URL, to an endpoint. */
export function endpointsOf({ api_endpoints: endpoints = {} }: DatasetDocument): { [name: string]: ApiEndpoint } {
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, endpoint]) => [
      name,
      typeof endpoint === 'string' ? { url: endpoint } : endpoint,
    ]),
  );
}

/** The pagination of an endpoint. Expands the short form, a type, to a pagination. */
export function paginationOf({ pagination = 'auto' }: ApiEndpoint): Pagination {
  return typeof pagination === 'string' ? { type: pagination } : pagination;
}
