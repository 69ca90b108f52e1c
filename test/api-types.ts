/**
 * The types of pagination and authentication, as in the tables of docs/sources/rest-apis.md. The end-to-end
 * test of `medallion run` uses each of them.
 */
export interface ApiType {
  /** The type in a configuration file. */
  readonly type: string;
  /** The declaration in an app. */
  readonly code: string;
  /** When to use it, or where it is sent. */
  readonly text: string;
}

export interface AuthType extends ApiType {
  /** What the secret contains. */
  readonly secret: string;
}

export const PAGINATIONS: ApiType[] = [
  {
    type: 'auto',
    code: 'Pagination.auto()',
    text: 'The default. Follows a link in the response or the headers, or a cursor in the headers. A response '
      + 'without such a link or cursor is the last page. If such a response indicates that there are more pages, the '
      + 'run fails, and the error proposes the pagination to set.',
  },
  {
    type: 'json_link',
    code: "Pagination.jsonLink({ path: 'paging.next' })",
    text: 'The response contains the URL of the next page. Without `path`, the run looks for a common key, such as '
      + '`next` or `links.next`.',
  },
  {
    type: 'header_link',
    code: 'Pagination.headerLink()',
    text: 'The `Link` header contains the URL of the next page, with `rel="next"`.',
  },
  {
    type: 'header_cursor',
    code: "Pagination.headerCursor({ header: 'X-Next', param: 'after' })",
    text: 'A header contains a cursor, which the next request sends as a parameter.',
  },
  {
    type: 'cursor',
    code: "Pagination.cursor({ path: 'paging.after', param: 'after' })",
    text: 'The response contains a cursor, which the next request sends as a parameter.',
  },
  {
    type: 'record_cursor',
    code: "Pagination.recordCursor({ path: 'id', param: 'after' })",
    text: 'The last record of a page contains the cursor. The last page is empty, or has a flag such as '
      + '`has_more: false`.',
  },
  {
    type: 'offset',
    code: "Pagination.offset({ limit: 2, totalRecords: 'total' })",
    text: 'Requests send the number of records to skip. Without `totalRecords`, the run requests pages until '
      + 'one is empty.',
  },
  {
    type: 'page_number',
    code: "Pagination.pageNumber({ param: 'page' })",
    text: 'Requests send a page number. Without `totalPages`, the run requests pages until one is empty.',
  },
  { type: 'single', code: 'Pagination.single()', text: 'The endpoint has one page.' },
];

export const AUTHS: AuthType[] = [
  {
    type: 'bearer',
    code: "Auth.bearer({ secret: 'vendor/token' })",
    secret: 'the token',
    text: 'The header `Authorization: Bearer …`.',
  },
  {
    type: 'api_key',
    code: "Auth.apiKey({ secret: 'vendor/keys', secretKey: 'header', name: 'X-Api-Key' })",
    secret: '`{"header": "…"}`',
    text: 'A header.',
  },
  {
    type: 'api_key',
    code: "Auth.apiKey({ secret: 'vendor/keys', secretKey: 'query', name: 'key', location: ApiKeyLocation.QUERY })",
    secret: '`{"query": "…"}`',
    text: 'A query parameter.',
  },
  {
    type: 'api_key',
    code: "Auth.apiKey({ secret: 'vendor/keys', secretKey: 'cookie', name: 'session', location: "
      + 'ApiKeyLocation.COOKIE })',
    secret: '`{"cookie": "…"}`',
    text: 'A cookie.',
  },
  {
    type: 'basic',
    code: "Auth.basic({ secret: 'vendor/user' })",
    secret: '`{"username": "…", "password": "…"}`',
    text: 'HTTP basic authentication.',
  },
  {
    type: 'oauth2_client_credentials',
    code: "Auth.oauth2ClientCredentials({ secret: 'vendor/client', tokenUrl: 'https://login.example.org/token' })",
    secret: '`{"client_id": "…", "client_secret": "…"}`',
    text: 'A bearer token. The run requests the token with the client ID and secret, and requests a new token '
      + 'if the current one expires or is rejected.',
  },
];
