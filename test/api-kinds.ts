/**
 * The ways in which pages follow each other, and in which requests are signed: the README's tables, and what runs through `medallion run`.
 */
export interface Kind {
  /** As a file has it. */
  readonly type: string;
  /** As an app has it. */
  readonly code: string;
  /** What it is for. */
  readonly text: string;
}

export interface AuthKind extends Kind {
  /** What the secret holds. */
  readonly secret: string;
}

export const PAGINATIONS: Kind[] = [
  { type: 'auto', code: 'Pagination.auto()', text: 'The default: a link in the answer or in a header, or a cursor in a header, at the places that are usual. One page where there is none; an answer that says there is more fails the run.' },
  { type: 'json_link', code: "Pagination.jsonLink({ path: 'paging.next' })", text: 'The answer has the address of the next page. Without `path` it is looked for at the usual places.' },
  { type: 'header_link', code: 'Pagination.headerLink()', text: 'The header `Link` has it, with `rel="next"`.' },
  { type: 'header_cursor', code: "Pagination.headerCursor({ header: 'X-Next', param: 'after' })", text: 'A header has what the next request names.' },
  { type: 'cursor', code: "Pagination.cursor({ path: 'paging.after', param: 'after' })", text: 'The answer has what the next request names.' },
  { type: 'offset', code: "Pagination.offset({ limit: 2, totalRecords: 'total' })", text: 'Requests count records. Without `totalRecords` the last page is an empty one.' },
  { type: 'page_number', code: "Pagination.pageNumber({ param: 'page' })", text: 'Requests count pages. Without `totalPages` the last page is an empty one.' },
  { type: 'single', code: 'Pagination.single()', text: 'There is one page.' },
];

export const AUTHS: AuthKind[] = [
  { type: 'bearer', code: "Auth.bearer({ secret: 'vendor/token' })", secret: 'the token', text: 'In the header `Authorization: Bearer …`.' },
  { type: 'api_key', code: "Auth.apiKey({ secret: 'vendor/keys', secretKey: 'header', name: 'X-Api-Key' })", secret: '`{"header": "…"}`', text: 'In a header.' },
  { type: 'api_key', code: "Auth.apiKey({ secret: 'vendor/keys', secretKey: 'query', name: 'key', location: ApiKeyLocation.QUERY })", secret: '`{"query": "…"}`', text: 'As a parameter of the query.' },
  { type: 'api_key', code: "Auth.apiKey({ secret: 'vendor/keys', secretKey: 'cookie', name: 'session', location: ApiKeyLocation.COOKIE })", secret: '`{"cookie": "…"}`', text: 'In a cookie.' },
  { type: 'basic', code: "Auth.basic({ secret: 'vendor/user' })", secret: '`{"username": "…", "password": "…"}`', text: 'User name and password.' },
  { type: 'oauth2_client_credentials', code: "Auth.oauth2ClientCredentials({ secret: 'vendor/client', tokenUrl: 'https://login.example.org/token' })", secret: '`{"client_id": "…", "client_secret": "…"}`', text: 'A token that the run gets with the client\'s id and secret, and gets anew when it ends or is refused.' },
];
