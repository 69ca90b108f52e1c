import { ApiEndpoint, DatasetDocument, Pagination } from './dataset-document.generated';

/** The endpoints of a document by their names, those in the short form of an address alone too. */
export function endpointsOf({ api_endpoints: endpoints = {} }: DatasetDocument): { [name: string]: ApiEndpoint } {
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, endpoint]) => [
      name,
      typeof endpoint === 'string' ? { url: endpoint } : endpoint,
    ]),
  );
}

/** How the pages of an endpoint follow each other, also where it says the type alone. */
export function paginationOf({ pagination = 'auto' }: ApiEndpoint): Pagination {
  return typeof pagination === 'string' ? { type: pagination } : pagination;
}
