import { Token } from 'aws-cdk-lib';
import { endpointsOf, paginationOf } from './api-endpoints';
import { ApiEndpoint, Auth, DatasetDocument, Pagination } from './dataset-document.generated';
import { BRACES } from './source-rules';
import { sourceUrls } from './source-urls';
import { Problem } from '../errors/problem';
import { redactUrls } from '../errors/redaction';
import { didYouMean } from '../errors/suggestion';

/** What requests are made of, for an API as for files over HTTP. */
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

/** Headers and parameters in which people send secrets: without marks, in lower case. */
const SECRET_HEADERS = ['authorization', 'proxyauthorization', 'cookie', 'xapikey', 'apikey', 'xauthtoken'];
const SECRET_PARAMS = ['apikey', 'accesstoken', 'clientsecret', 'password', 'token'];

/** Headers that are the job's own: they say what it sends and asks for. */
const OWN_HEADERS = ['host', 'content-length', 'transfer-encoding', 'connection', 'accept-encoding', 'range'];

/** Their values are not repeated, because they may be secrets. */
const NO_SECRETS =
  'Do not put secrets into files or templates. Use auth, which reads the secret from AWS Secrets Manager.';

function isSecret(name: string, known: string[]): boolean {
  return known.includes(name.toLowerCase().replace(/[-_]/g, ''));
}

function* headerProblems(key: string, headers: { [name: string]: string } = {}): Generator<Problem> {
  for (const name of Object.keys(headers)) {
    if (isSecret(name, SECRET_HEADERS)) {
      yield { code: 'SECRET_IN_CONFIG', key: `${key}.${name}`, found: 'is set', remedy: NO_SECRETS };
    }
    if (OWN_HEADERS.includes(name.toLowerCase())) {
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
  const inUrl = [...new URLSearchParams(/\?([^#]*)/.exec(url)?.[1]).keys()].find(name => isSecret(name, SECRET_PARAMS));
  if (inUrl !== undefined) {
    yield { code: 'SECRET_IN_CONFIG', key: `${key}.url`, found: `has the parameter ${inUrl}`, remedy: NO_SECRETS };
  }
  for (const name of Object.keys(params).filter(each => isSecret(each, SECRET_PARAMS))) {
    yield { code: 'SECRET_IN_CONFIG', key: `${key}.params.${name}`, found: 'is set', remedy: NO_SECRETS };
  }
}

/** The place of the value of for_each. */
const VALUE = '{value}';

function* urlProblems(key: string, { url }: ApiEndpoint): Generator<Problem> {
  if (Token.isUnresolved(url)) {
    return;
  }
  const other = (url.match(BRACES) ?? []).find(braces => braces !== VALUE);
  if (other !== undefined) {
    yield {
      code: 'PLACEHOLDER_INVALID',
      key: `${key}.url`,
      found: `contains ${other}`,
      remedy: `Braces are replaced by the value of for_each: ${VALUE}. Write literal braces as %7B and %7D.`,
    };
  }
  if (/^https?:\/\/[^/?#]*[{}]/.test(url)) {
    yield {
      code: 'PLACEHOLDER_INVALID',
      key: `${key}.url`,
      found: 'has braces in its host',
      remedy: 'Write the host without braces: a response must not choose the host of the next request.',
    };
  }
  if (!URL.canParse(url.replace(BRACES, '1'))) {
    yield {
      code: 'URL_INVALID',
      key: `${key}.url`,
      found: `is "${redactUrls(url)}", which is not a valid URL`,
      remedy: 'Check the host and the port.',
    };
  }
}

function* bodyProblems(key: string, { method, body }: ApiEndpoint): Generator<Problem> {
  if (body !== undefined && method !== 'POST' && !Token.isUnresolved(method)) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key: `${key}.body`,
      found: `is set, and the method is ${method ?? 'GET'}`,
      remedy: 'Set method to POST, or remove body.',
    };
  }
}

/** The keys of a type, and those of them that it cannot do without. */
interface KeysOfType {
  readonly takes: string[];
  readonly needs: string[];
}

const SIZE = ['limit', 'limit_param', 'max_pages'];

const OF_PAGINATION: { readonly [type in Pagination['type']]: KeysOfType } = {
  auto: { takes: ['max_pages'], needs: [] },
  json_link: { takes: ['path', 'max_pages'], needs: [] },
  header_link: { takes: ['max_pages'], needs: [] },
  header_cursor: { takes: ['header', 'param', ...SIZE], needs: ['header', 'param'] },
  cursor: { takes: ['path', 'param', ...SIZE], needs: ['path', 'param'] },
  offset: { takes: ['param', 'first', 'total_records', ...SIZE], needs: [] },
  page_number: { takes: ['param', 'first', 'total_pages', ...SIZE], needs: [] },
  single: { takes: [], needs: [] },
};

const OF_AUTH: { readonly [type in Auth['type']]: KeysOfType } = {
  bearer: { takes: ['secret', 'secret_key', 'encryption_key'], needs: [] },
  api_key: { takes: ['secret', 'secret_key', 'encryption_key', 'location', 'name'], needs: ['name'] },
  basic: { takes: ['secret', 'encryption_key', 'username_key', 'password_key'], needs: [] },
  oauth2_client_credentials: {
    takes: [
      'secret',
      'encryption_key',
      'token_url',
      'scope',
      'token_params',
      'token_auth_method',
      'client_id_key',
      'client_secret_key',
    ],
    needs: ['token_url'],
  },
};

/** The keys that a type does not take, and those that it lacks. */
function* typeProblems(
  key: string,
  { type, ...set }: Pagination | Auth,
  { takes, needs }: KeysOfType,
): Generator<Problem> {
  for (const name of Object.entries(set)
    .filter(([, value]) => value !== undefined)
    .map(([each]) => each)) {
    if (!takes.includes(name)) {
      yield {
        code: 'SETTING_NOT_APPLICABLE',
        key: `${key}.${name}`,
        found: `is set, and the type of ${key} is ${type}`,
        remedy: `Remove it: ${type} takes ${takes.join(', ') || 'no other key'}.`,
      };
    }
  }
  for (const name of needs.filter(each => (set as { [name: string]: unknown })[each] === undefined)) {
    yield {
      code: 'SETTING_REQUIRED',
      key,
      found: `has the type ${type} and no ${name}`,
      remedy: `Set ${name}: ${type} needs ${needs.join(' and ')}.`,
    };
  }
}

function* pageProblems(key: string, endpoint: ApiEndpoint): Generator<Problem> {
  const pagination = paginationOf(endpoint);
  yield* typeProblems(`${key}.pagination`, pagination, OF_PAGINATION[pagination.type]);
}

const SECRET_ARN = /^arn:[^:*?]+:secretsmanager:[^:*?]+:\d{12}:secret:[^*?]+$/;
const KEY_ARN = /^arn:[^:*?]+:kms:[^:*?]+:\d{12}:key\/[^*?]+$/;

function* authProblems(auth: Auth): Generator<Problem> {
  const { secret, encryption_key: key, token_url: tokenUrl, token_params: params = {} } = auth;
  yield* typeProblems('auth', auth, OF_AUTH[auth.type]);
  if (!Token.isUnresolved(secret) && secret.startsWith('arn:') && !SECRET_ARN.test(secret)) {
    yield {
      code: 'SECRET_ARN_INVALID',
      key: 'auth.secret',
      found: `is "${secret}", which is not the ARN of a secret`,
      remedy:
        'Use the complete ARN, for example '
        + 'arn:aws:secretsmanager:us-east-1:123456789012:secret:vendor/api-AbCdEf, or the name only.',
    };
  }
  if (key !== undefined && !Token.isUnresolved(key) && !KEY_ARN.test(key)) {
    yield {
      code: 'ENCRYPTION_KEY_INVALID',
      key: 'auth.encryption_key',
      found: `is "${key}", which is not the ARN of a key`,
      remedy:
        'Use the ARN of the key, for example '
        + 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab.',
    };
  }
  if (tokenUrl !== undefined && !Token.isUnresolved(tokenUrl) && !URL.canParse(tokenUrl)) {
    yield {
      code: 'URL_INVALID',
      key: 'auth.token_url',
      found: `is "${redactUrls(tokenUrl)}", which is not a valid URL`,
      remedy: 'Check the host and the port.',
    };
  }
  if (
    auth.name !== undefined
    && (auth.location ?? 'header') === 'header'
    && OWN_HEADERS.includes(auth.name.toLowerCase())
  ) {
    yield {
      code: 'HEADER_RESERVED',
      key: 'auth.name',
      found: `is "${auth.name}"`,
      remedy: 'Use another header: the job sets this one.',
    };
  }
  for (const name of Object.keys(params).filter(each => isSecret(each, SECRET_PARAMS))) {
    yield {
      code: 'SECRET_IN_CONFIG',
      key: `auth.token_params.${name}`,
      found: 'is set',
      remedy: 'Do not put secrets here: store the value in the secret that auth.secret names.',
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
    ([, value]) => value !== undefined && JSON.stringify(value).includes(VALUE),
  )?.[0];
  if (forEach === undefined) {
    if (holder !== undefined) {
      yield {
        code: 'SETTING_REQUIRED',
        key: `${key}.${holder}`,
        found: `contains ${VALUE}, and for_each is not set`,
        remedy: 'Set for_each to the endpoint and the field with the values: {"endpoint": "products", "field": "id"}.',
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
      found: `is set, and url, params and body do not contain ${VALUE}`,
      remedy: `Write ${VALUE} where the value goes, or remove for_each.`,
    };
  }
  const { endpoint: other } = forEach;
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
  const way = forEachCycle(name, endpoints);
  if (way !== undefined) {
    yield {
      code: 'ENDPOINTS_CYCLE',
      key: `${key}.for_each.endpoint`,
      found: `forms a cycle: ${way.join(' ← ')}`,
      remedy: 'Remove one for_each: an endpoint cannot depend on its own records.',
    };
  }
}

/** The endpoints from one back to itself, each called for the records of the next. */
function forEachCycle(name: string, endpoints: { readonly [name: string]: ApiEndpoint }): string[] | undefined {
  const way = [name];
  let next = endpoints[name].for_each?.endpoint;
  while (next !== undefined && !way.slice(1).includes(next)) {
    way.push(next);
    next = endpoints[next]?.for_each?.endpoint;
  }
  return way.length > 1 && way[way.length - 1] === name ? way : undefined;
}

/** Addresses without TLS that credentials are sent to, but for those of this machine. */
export function* unencryptedUrls(
  document: DatasetDocument,
): Generator<{ readonly key: string; readonly host: string }> {
  const addresses = [
    ...sourceUrls(document).map(address => ({ key: 'source_url', address })),
    ...Object.entries(endpointsOf(document)).map(([name, { url }]) => ({
      key: `api_endpoints.${name}.url`,
      address: url,
    })),
    { key: 'auth.token_url', address: document.auth?.token_url ?? '' },
  ];
  for (const { key, address } of document.auth === undefined ? [] : addresses) {
    const host = /^http:\/\/(\[[^\]]*\]|[^/:?#]+)/.exec(address)?.[1];
    if (host !== undefined && !Token.isUnresolved(host) && !['localhost', '127.0.0.1', '[::1]'].includes(host)) {
      yield { key, host };
    }
  }
}
