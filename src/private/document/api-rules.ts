import { Token } from 'aws-cdk-lib';
import { endpointsOf, paginationOf } from './api-endpoints';
import { ApiEndpoint, Auth, DatasetDocument, FileFormat, ForEach, Pagination } from './dataset-document.generated';
import { BRACES } from './source-rules';
import { sourceUrls } from './source-urls';
import { invalidUrl } from './url-problem';
import { Problem } from '../errors/problem';
import { didYouMean } from '../errors/suggestion';

/** Checks the settings of HTTP requests, both for an API and for files. */
export function* apiProblems(document: DatasetDocument): Generator<Problem> {
  const endpoints = endpointsOf(document);
  yield* headerProblems('headers', document.headers);
  if (document.auth !== undefined) {
    yield* authProblems(document.auth);
  }
  for (const [name, endpoint] of Object.entries(endpoints)) {
    const key = `api_endpoints.${name}`;
    yield* headerProblems(`${key}.headers`, endpoint.headers);
    yield* paramProblems(key, endpoint);
    yield* urlProblems(key, endpoint);
    yield* bodyProblems(key, endpoint);
    yield* columnNamesProblems(key, endpoint);
    yield* keyColumnProblems(key, endpoint);
    yield* pageProblems(key, endpoint);
    yield* forEachProblems(key, name, endpoints);
  }
  if (document.api_endpoints !== undefined && Object.values(endpoints).every(({ table }) => table === false)) {
    yield {
      code: 'TABLE_REQUIRED',
      key: 'api_endpoints',
      found: 'has no endpoint with a table',
      remedy: 'Remove "table": false from at least one endpoint.',
    };
  }
}

/** Headers and parameters that usually contain secrets. The names are in lower case, without hyphens or underscores. */
const SECRET_HEADERS = ['authorization', 'proxyauthorization', 'cookie', 'xapikey', 'apikey', 'xauthtoken'];
const SECRET_PARAMS = ['apikey', 'accesstoken', 'clientsecret', 'password', 'token'];

/** Headers that the job sets. */
const RESERVED_HEADERS = ['host', 'content-length', 'transfer-encoding', 'connection', 'accept-encoding', 'range'];

/** The remedy for a secret in the configuration. The error does not repeat the value, because it may be a secret. */
const SECRET_REMEDY =
  'Do not put secrets into files or templates. Use auth, which reads the secret from AWS Secrets Manager.';

function isSecret(name: string, known: string[]): boolean {
  return known.includes(name.toLowerCase().replace(/[-_]/g, ''));
}

function* headerProblems(key: string, headers: { [name: string]: string } = {}): Generator<Problem> {
  for (const name of Object.keys(headers)) {
    if (isSecret(name, SECRET_HEADERS)) {
      yield { code: 'SECRET_IN_CONFIG', key: `${key}.${name}`, found: 'is set', remedy: SECRET_REMEDY };
    }
    if (RESERVED_HEADERS.includes(name.toLowerCase())) {
      yield {
        code: 'HEADER_RESERVED',
        key: `${key}.${name}`,
        found: 'is set',
        remedy: 'Remove it: the job sets this header.',
      };
    }
  }
}

function* paramProblems(key: string, { url, params = {} }: ApiEndpoint): Generator<Problem> {
  yield* secretParamProblems(`${key}.url`, url);
  for (const name of Object.keys(params).filter(each => isSecret(each, SECRET_PARAMS))) {
    yield { code: 'SECRET_IN_CONFIG', key: `${key}.params.${name}`, found: 'is set', remedy: SECRET_REMEDY };
  }
}

function* secretParamProblems(key: string, url: string): Generator<Problem> {
  const inUrl = [...new URLSearchParams(/\?([^#]*)/.exec(url)?.[1]).keys()].find(name => isSecret(name, SECRET_PARAMS));
  if (inUrl !== undefined) {
    yield { code: 'SECRET_IN_CONFIG', key, found: `has the parameter ${inUrl}`, remedy: SECRET_REMEDY };
  }
}

/** The placeholder of for_each. */
const PLACEHOLDER = '{value}';

function* urlProblems(key: string, { url }: ApiEndpoint): Generator<Problem> {
  if (Token.isUnresolved(url)) {
    return;
  }
  const other = (url.match(BRACES) ?? []).find(braces => braces !== PLACEHOLDER);
  if (other !== undefined) {
    yield {
      code: 'PLACEHOLDER_INVALID',
      key: `${key}.url`,
      found: `contains ${other}`,
      remedy: `The only placeholder is ${PLACEHOLDER}, the value of for_each. Write literal braces as %7B and %7D.`,
    };
  }
  if (/^https?:\/\/[^/?#]*[{}]/.test(url)) {
    yield {
      code: 'PLACEHOLDER_INVALID',
      key: `${key}.url`,
      found: 'has braces in its host',
      remedy: 'Write the host without braces: a response must not determine the host of a request.',
    };
  }
  if (!URL.canParse(url.replace(BRACES, '1'))) {
    yield invalidUrl(`${key}.url`, url);
  }
}

function* bodyProblems(key: string, { method, body }: ApiEndpoint): Generator<Problem> {
  if (body !== undefined && method !== 'POST' && !Token.isUnresolved(method)) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key: `${key}.body`,
      found: `is set, but the method is ${method ?? 'GET'}`,
      remedy: 'Set method to POST, or remove body.',
    };
  }
}

function* columnNamesProblems(key: string, { column_names: names, orient }: ApiEndpoint): Generator<Problem> {
  if (names !== undefined && orient !== 'values' && !Token.isUnresolved(orient)) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key: `${key}.column_names`,
      found: `is set, but orient is ${orient ?? 'not set'}`,
      remedy: 'Set orient to values if the records are lists. Otherwise name the columns in column_schema.',
    };
  }
}

/** The allowed and the required keys of a type. */
interface KeysOfType {
  readonly allowed: string[];
  readonly required: string[];
}

const PAGE_SIZE_KEYS = ['limit', 'limit_param', 'max_pages'];

const PAGINATION_KEYS: { readonly [type in Pagination['type']]: KeysOfType } = {
  auto: { allowed: ['max_pages'], required: [] },
  json_link: { allowed: ['path', 'base', 'max_pages'], required: [] },
  header_link: { allowed: ['max_pages'], required: [] },
  header_cursor: { allowed: ['header', 'param', ...PAGE_SIZE_KEYS], required: ['header', 'param'] },
  cursor: { allowed: ['path', 'param', 'url', 'body', ...PAGE_SIZE_KEYS], required: ['path', 'param'] },
  record_cursor: { allowed: ['path', 'param', 'inclusive', ...PAGE_SIZE_KEYS], required: ['path', 'param'] },
  offset: { allowed: ['param', 'first', 'total_records', ...PAGE_SIZE_KEYS], required: [] },
  page_number: { allowed: ['param', 'first', 'total_pages', ...PAGE_SIZE_KEYS], required: [] },
  single: { allowed: [], required: [] },
};

const AUTH_KEYS: { readonly [type in Auth['type']]: KeysOfType } = {
  bearer: { allowed: ['secret', 'secret_key', 'encryption_key'], required: [] },
  api_key: { allowed: ['secret', 'secret_key', 'encryption_key', 'location', 'name'], required: ['name'] },
  basic: { allowed: ['secret', 'encryption_key', 'username_key', 'password_key'], required: [] },
  oauth2_client_credentials: {
    allowed: [
      'secret',
      'encryption_key',
      'token_url',
      'scope',
      'token_params',
      'token_auth_method',
      'client_id_key',
      'client_secret_key',
    ],
    required: ['token_url'],
  },
};

/** Checks for keys that do not apply to a type of pagination or authentication, and for missing required keys. */
function* typeProblems(
  key: string,
  { type, ...set }: Pagination | Auth,
  { allowed, required }: KeysOfType,
): Generator<Problem> {
  for (const name of Object.entries(set)
    .filter(([, value]) => value !== undefined)
    .map(([each]) => each)) {
    if (!allowed.includes(name)) {
      yield {
        code: 'SETTING_NOT_APPLICABLE',
        key: `${key}.${name}`,
        found: `is set, but does not apply to the type ${type}`,
        remedy: `Remove it. The type ${type} has `
          + `${allowed.length > 0 ? `the keys ${allowed.join(', ')}` : 'no other keys'}.`,
      };
    }
  }
  for (const name of required.filter(each => (set as { [name: string]: unknown })[each] === undefined)) {
    yield {
      code: 'SETTING_REQUIRED',
      key,
      found: `has the type ${type}, but no ${name}`,
      remedy: `Set ${name}: ${type} requires ${required.join(' and ')}.`,
    };
  }
}

function* pageProblems(key: string, endpoint: ApiEndpoint): Generator<Problem> {
  const pagination = paginationOf(endpoint);
  yield* typeProblems(`${key}.pagination`, pagination, PAGINATION_KEYS[pagination.type]);
  const { url, base, body } = pagination;
  if (body !== undefined && url === undefined) {
    yield {
      code: 'SETTING_REQUIRED',
      key: `${key}.pagination.body`,
      found: 'is set, but pagination.url is not',
      remedy: 'Set url to the URL of the pages after the first, or remove body.',
    };
  }
  for (const [name, value] of Object.entries({ url, base })) {
    if (value === undefined || Token.isUnresolved(value) || (name === 'base' && !/^https?:/i.test(value))) {
      continue;
    }
    yield* secretParamProblems(`${key}.pagination.${name}`, value);
    const braces = value.match(BRACES)?.[0];
    if (braces !== undefined) {
      yield {
        code: 'PLACEHOLDER_INVALID',
        key: `${key}.pagination.${name}`,
        found: `contains ${braces}`,
        remedy: 'Write the URL without placeholders. Write literal braces as %7B and %7D.',
      };
    } else if (!URL.canParse(value)) {
      yield invalidUrl(`${key}.pagination.${name}`, value);
    }
  }
}

const SECRET_ARN = /^arn:[^:*?]+:secretsmanager:[^:*?]+:\d{12}:secret:[^*?]+$/;
const KEY_ARN = /^arn:[^:*?]+:kms:[^:*?]+:\d{12}:key\/[^*?]+$/;

function* authProblems(auth: Auth): Generator<Problem> {
  const { secret, encryption_key: key, token_url: tokenUrl, token_params: params = {} } = auth;
  yield* typeProblems('auth', auth, AUTH_KEYS[auth.type]);
  if (!Token.isUnresolved(secret) && secret.startsWith('arn:') && !SECRET_ARN.test(secret)) {
    yield {
      code: 'SECRET_ARN_INVALID',
      key: 'auth.secret',
      found: `is "${secret}", which is not a valid secret ARN`,
      remedy:
        'Use the complete ARN, for example '
        + 'arn:aws:secretsmanager:us-east-1:123456789012:secret:vendor/api-AbCdEf, or the name only.',
    };
  }
  if (key !== undefined && !Token.isUnresolved(key) && !KEY_ARN.test(key)) {
    yield {
      code: 'ENCRYPTION_KEY_INVALID',
      key: 'auth.encryption_key',
      found: `is "${key}", which is not a valid KMS key ARN`,
      remedy:
        'Use the ARN of the key, for example '
        + 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab.',
    };
  }
  if (tokenUrl !== undefined && !Token.isUnresolved(tokenUrl) && !URL.canParse(tokenUrl)) {
    yield invalidUrl('auth.token_url', tokenUrl);
  }
  if (
    auth.name !== undefined
    && (auth.location ?? 'header') === 'header'
    && RESERVED_HEADERS.includes(auth.name.toLowerCase())
  ) {
    yield {
      code: 'HEADER_RESERVED',
      key: 'auth.name',
      found: `is "${auth.name}"`,
      remedy: 'Use a different header: the job sets this one.',
    };
  }
  for (const name of Object.keys(params).filter(each => isSecret(each, SECRET_PARAMS))) {
    yield {
      code: 'SECRET_IN_CONFIG',
      key: `auth.token_params.${name}`,
      found: 'is set',
      remedy: 'Do not put secrets into files or templates. Store the value in the secret that auth.secret names.',
    };
  }
}

function* forEachProblems(
  key: string,
  name: string,
  endpoints: { readonly [name: string]: ApiEndpoint },
): Generator<Problem> {
  const { url, params, body, for_each: forEach } = endpoints[name];
  const holder = Object.entries({ url, params, body }).find(
    ([, value]) => value !== undefined && JSON.stringify(value).includes(PLACEHOLDER),
  )?.[0];
  if (forEach === undefined) {
    if (holder !== undefined) {
      yield {
        code: 'SETTING_REQUIRED',
        key: `${key}.${holder}`,
        found: `contains ${PLACEHOLDER}, but for_each is not set`,
        remedy: `Set for_each to the endpoint or the table that contains the values, for example ${FOR_EACH_EXAMPLES}.`,
      };
    }
    return;
  }
  if (
    holder === undefined
    && !Token.isUnresolved([url, ...Object.values(params ?? {})].join(''))
    && !Token.isUnresolved(JSON.stringify(body ?? {}))
  ) {
    yield {
      code: 'PLACEHOLDER_REQUIRED',
      key: `${key}.for_each`,
      found: `is set, but url, params and body do not contain ${PLACEHOLDER}`,
      remedy: `Add ${PLACEHOLDER} to one of them, or remove for_each.`,
    };
  }
  yield* forEachKeyProblems(`${key}.for_each`, forEach);
  const { endpoint: other } = forEach;
  if (other === undefined) {
    return;
  }
  if (endpoints[other] === undefined && !Token.isUnresolved(other)) {
    const others = Object.keys(endpoints).filter(each => each !== name);
    yield {
      code: 'UNKNOWN_ENDPOINT',
      key: `${key}.for_each.endpoint`,
      found: `is "${other}", which is not in api_endpoints`,
      remedy: didYouMean(other, others)
        + (others.length > 0 ? `Other endpoints: ${others.join(', ')}.` : 'Add that endpoint.'),
    };
  }
  const cycle = forEachCycle(name, endpoints);
  if (cycle !== undefined) {
    yield {
      code: 'ENDPOINTS_CYCLE',
      key: `${key}.for_each.endpoint`,
      found: `forms a cycle: ${cycle.join(' ← ')}`,
      remedy: 'Remove one for_each: an endpoint cannot depend on its own records.',
    };
  }
}

const FOR_EACH_EXAMPLES = '{"endpoint": "products", "field": "id"} or '
  + '{"table": "${silver_database}.drugs", "column": "rxcui"}';

/** Checks that for_each has the keys of one form: endpoint and field, or table and column. */
function* forEachKeyProblems(key: string, { endpoint, field, table, column }: ForEach): Generator<Problem> {
  if (endpoint === undefined && table === undefined) {
    yield {
      code: 'SETTING_REQUIRED',
      key,
      found: 'has neither endpoint nor table',
      remedy: `Set one of them, for example ${FOR_EACH_EXAMPLES}.`,
    };
  } else if (endpoint !== undefined && table !== undefined) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: `${key}.table`,
      found: 'is set, and for_each.endpoint is also set',
      remedy: 'Set only one of them.',
    };
  } else if (endpoint !== undefined && field === undefined) {
    yield {
      code: 'SETTING_REQUIRED',
      key,
      found: 'has an endpoint, but no field',
      remedy: 'Set field to the path of the value in its records, for example "id".',
    };
  } else if (table !== undefined && column === undefined) {
    yield {
      code: 'SETTING_REQUIRED',
      key,
      found: 'has a table, but no column',
      remedy: 'Set column to the column of the table that contains the values.',
    };
  } else if (table !== undefined && field !== undefined) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key: `${key}.field`,
      found: 'is set, but the values are in a table',
      remedy: 'Remove it: for a table, for_each.column names the column that contains the values.',
    };
  }
}

/** Checks that `key_column` is set only if the records are the values of an object, so that each record has a key. */
export function* keyColumnProblems(
  key: string, { orient, key_column: keyColumn }: Pick<FileFormat, 'orient' | 'key_column'>,
): Generator<Problem> {
  if (keyColumn !== undefined && orient !== 'index') {
    yield {
      code: orient === undefined ? 'SETTING_REQUIRED' : 'SETTINGS_CONFLICT',
      key: `${key}.key_column`,
      found: `is "${keyColumn}", but orient is ${orient === undefined ? 'not set' : `"${orient}"`}`,
      remedy: orient === undefined
        ? `Add orient "index" to ${key}: only records that are the values of an object have keys.`
        : `Set orient of ${key} to "index", or remove key_column: only records that are the values of an object have `
          + 'keys.',
    };
  }
}

/** The endpoints in the for_each cycle that starts and ends with an endpoint, or undefined if there is no cycle. */
function forEachCycle(name: string, endpoints: { readonly [name: string]: ApiEndpoint }): string[] | undefined {
  const visited = [name];
  let next = endpoints[name].for_each?.endpoint;
  while (next !== undefined && !visited.slice(1).includes(next)) {
    visited.push(next);
    next = endpoints[next]?.for_each?.endpoint;
  }
  return visited.length > 1 && visited[visited.length - 1] === name ? visited : undefined;
}

/** The http:// URLs, except those on the local machine, to which requests would send credentials without TLS. */
export function* unencryptedUrls(
  document: DatasetDocument,
): Generator<{ readonly key: string; readonly host: string }> {
  const urls = [
    ...sourceUrls(document).map(url => ({ key: 'source_url', url })),
    ...Object.entries(endpointsOf(document)).flatMap(([name, endpoint]) => {
      const { url, base } = paginationOf(endpoint);
      return [
        { key: `api_endpoints.${name}.url`, url: endpoint.url },
        { key: `api_endpoints.${name}.pagination.url`, url: url ?? '' },
        { key: `api_endpoints.${name}.pagination.base`, url: base ?? '' },
      ];
    }),
    { key: 'auth.token_url', url: document.auth?.token_url ?? '' },
  ];
  for (const { key, url } of document.auth === undefined ? [] : urls) {
    const host = /^http:\/\/(\[[^\]]*\]|[^/:?#]+)/.exec(url)?.[1];
    if (host !== undefined && !Token.isUnresolved(host) && !['localhost', '127.0.0.1', '[::1]'].includes(host)) {
      yield { key, host };
    }
  }
}
