import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { AUTHS, PAGINATIONS } from '../api-types';
import { temporaryFolder } from './assembly-fixture';
import { CommandFixture, ROOT, wait } from './command-fixture';
import { RUNS_ALL } from './e2e-scope';

/** A unique secret whose characters are encoded differently in a URL, in JSON and in a header. */
const VALUE = 'q8-Zr/4+pX=w&7"';
const SECRETS: Record<string, string> = {
  'vendor/token': VALUE.replace('"', ''),
  'vendor/keys': JSON.stringify({ header: VALUE, query: VALUE, cookie: VALUE.replace('"', '') }),
  'vendor/user': JSON.stringify({ username: 'ann', password: VALUE }),
  'vendor/client': JSON.stringify({ client_id: 'me', client_secret: VALUE }),
};
const RECORDS = [1, 2, 3, 4, 5].map(id => ({ id, name: `0${id}` }));

/** The types of pagination in the sample, with two types of authentication and a secret with several keys. */
const SAMPLE = ['auto', 'json_link', 'cursor'];

/** A dataset per type of pagination. All datasets together use each type of authentication at least once. */
const DATASETS = PAGINATIONS.map((pagination, index) => ({
  dataset: `by-${pagination.type.replace(/_/g, '-')}`,
  pagination,
  auth: AUTHS[index] ?? undefined,
  number: index,
})).filter(({ pagination }) => RUNS_ALL || SAMPLE.includes(pagination.type));

const files = temporaryFolder();
let server: http.Server;
let medallion: CommandFixture;
let source: string;

/** Whether a request has the credentials that the dataset of that number declares. */
function isAuthenticated(number: number, request: http.IncomingMessage, params: URLSearchParams): boolean {
  const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  const { authorization, cookie } = request.headers;
  return [
    authorization === `Bearer ${SECRETS['vendor/token']}`,
    request.headers['x-api-key'] === VALUE,
    params.get('key') === VALUE,
    cookie === `session=${VALUE.replace('"', '')}`,
    authorization === basic('ann', VALUE),
    authorization === 'Bearer a-token-of-the-server',
  ][number] ?? true;
}

/**
 * Responds with two records per page and the next page in the pagination type of the dataset. Like the responses of
 * some servers, the response contains the headers and parameters of the request.
 */
function respond(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { pathname, searchParams: params } = new URL(request.url ?? '', source);
  if (pathname === '/token') {
    const authenticated =
      request.headers.authorization === `Basic ${Buffer.from(`me:${encodeURIComponent(VALUE)}`).toString('base64')}`;
    response
      .writeHead(authenticated ? 200 : 401)
      .end(
        JSON.stringify(
          authenticated ? { access_token: 'a-token-of-the-server', expires_in: 3600 } : { error: 'invalid_client' },
        ),
      );
    return;
  }
  if (pathname === '/rates.xml') {
    response.end(RATES);
    return;
  }
  const found = DATASETS.find(({ dataset }) => pathname === `/${dataset}`);
  if (!found || !isAuthenticated(found.number, request, params)) {
    response.writeHead(found ? 401 : 404).end();
    return;
  }
  const type = found.pagination.type;
  const start = Number(params.get('after') ?? params.get('offset') ?? (Number(params.get('page') ?? 1) - 1) * 2);
  const end = start + 2;
  const more = end < RECORDS.length && type !== 'single';
  const link = `${source}${pathname}?after=${end}&key=${encodeURIComponent(params.get('key') ?? '')}`;
  const body = {
    items: type === 'single' ? RECORDS : RECORDS.slice(start, end),
    echo: [request.headers, [...params]],
    ...type === 'auto' && { next: more ? link : null },
    ...type === 'json_link' && { paging: { next: more ? link : null } },
    ...type === 'cursor' && { paging: { after: more ? end : null } },
    ...type === 'offset' && { total: RECORDS.length },
  };
  response.writeHead(200, {
    'content-type': 'application/json',
    ...type === 'header_link' && more && { link: `<${link}>; rel="next"` },
    ...type === 'header_cursor' && more && { 'x-next': String(end) },
  }).end(JSON.stringify(body));
}

beforeAll(async () => {
  server = http.createServer(respond);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  source = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const [name, value] of Object.entries(SECRETS)) {
    fs.writeFileSync(path.join(files, name.replace('/', '-')), value);
  }
  fs.mkdirSync(path.join(files, 'vendor', 'out'), { recursive: true });
  fs.writeFileSync(path.join(files, 'vendor', 'out', 'day-1.csv'), 'id,name\n1,old\n');
  fs.writeFileSync(path.join(files, 'vendor', 'out', 'day-2.csv'), 'id,name\n2,new\n');
  fs.utimesSync(path.join(files, 'vendor', 'out', 'day-1.csv'), new Date(2026, 0, 1), new Date(2026, 0, 1));
  fs.writeFileSync(path.join(files, 'rates.py'), customScript());
  fs.writeFileSync(path.join(files, 'app.ts'), APP);
  medallion = new CommandFixture(path.join(files, 'app.ts'));
  medallion.synthesize(source);
});

afterAll(() => {
  server.close();
  medallion.remove();
  fs.rmSync(files, { recursive: true });
});

/** The custom script of the documentation, changed to use the local server and to log a secret. */
const [, EXAMPLE] = /^```python\n(import json\n[^]*?)^```/m.exec(
  fs.readFileSync(path.join(ROOT, 'docs', 'sources', 'custom-scripts.md'), 'utf8'),
)!;
const customScript = () => EXAMPLE.replace(/https:.*xml/, `${source}/rates.xml`)
  .replace('-> None:\n', '-> None:\n    source.log("the token is " + source.secret("vendor/token"))\n');

const RATES = `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<Cube><Cube time="2026-11-26"><Cube currency="USD" rate="1.0475"/><Cube currency="JPY" rate="159.00"/></Cube></Cube>
</gesmes:Envelope>`;

/** The code of the tables in docs/sources/rest-apis.md, unchanged. */
const APP = `
import { App, Stack } from 'aws-cdk-lib';
import { ApiKeyLocation, Auth, BronzeDataset, DataSizeCategory, EtlCore, Pagination, Source } from 'cdk-glue-medallion';

const app = new App();
const source: string = app.node.tryGetContext('source');
const core = new EtlCore(new Stack(app, 'Lake'), 'Core', { resourcePrefix: 'pp-dw' });
const stack = new Stack(app, 'Datasets');
const dataSizeCategory = DataSizeCategory.SMALL;
${DATASETS.map(
  ({ dataset, pagination, auth }) => `
new BronzeDataset(stack, '${dataset}', {
  core,
  dataset: '${dataset}',
  dataSizeCategory,
  source: Source.api({ '${dataset.replace(/-/g, '_')}': { url: \`\${source}/${dataset}\`, records: 'items', pagination: ${pagination.code} } }),
  ${auth ? `auth: ${auth.code.replace("'https://login.example.org/token'", '`$${source}/token`')},` : ''}
});`,
).join('')}
new BronzeDataset(stack, 'vendor', { core, dataset: 'vendor', dataSizeCategory, source: Source.s3('s3://vendor-bucket/out/') });
new BronzeDataset(stack, 'rates', { core, dataset: 'rates', dataSizeCategory, script: 'rates.py' });
`;

const SECRET_OPTIONS = ['vendor/keys', 'vendor/user', 'vendor/client'].flatMap(name => [
  '--secret',
  `${name}=@${path.join(files, name.replace('/', '-'))}`,
]);
const BUCKET_OPTIONS = ['--bucket', `vendor-bucket=${path.join(files, 'vendor')}`];

/** Returns the command lines of all processes that exist until the promise settles. */
async function commandLines(end: Promise<unknown>): Promise<string> {
  const seen = new Set<string>();
  let ended = false;
  void end.finally(() => { ended = true; });
  while (!ended) {
    for (const pid of fs.readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
      try {
        seen.add(fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
      } catch {
        // The process has ended.
      }
    }
    await wait(50);
  }
  return [...seen].join('\n');
}

function filesBelow(folder: string): string[] {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry.isFile()).map(entry => path.join(entry.parentPath, entry.name));
}

const TESTED = RUNS_ALL ? 'each type' : 'a sample of the types';
test(`${TESTED} of pagination and authentication works, and no secret is in a file, log or command line`, async () => {
  const fromEnvironment = { MEDALLION_SECRET_VENDOR_TOKEN: SECRETS['vendor/token'] };
  const run = medallion.start(['run', '--all', '--json', ...SECRET_OPTIONS, ...BUCKET_OPTIONS], fromEnvironment);
  const lines = await commandLines(run.ended);
  expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
  const tables = DATASETS.map(
    ({ dataset }) => `SELECT '${dataset}' AS dataset, id, name FROM pp_dw_bronze.${dataset.replace(/-/g, '_')}`,
  );
  expect(medallion.query(`${tables.join(' UNION ALL ')} ORDER BY dataset, id`)).toEqual(
    DATASETS.map(({ dataset }) => dataset).sort().flatMap(dataset => RECORDS.map(record => ({ dataset, ...record }))));
  expect(medallion.query('SELECT id, name FROM pp_dw_bronze.vendor')).toEqual([{ id: 2, name: 'new' }]);
  expect(medallion.query('SELECT day, currency, rate FROM pp_dw_bronze.rates')).toEqual([
    { day: '2026-11-26', currency: 'USD', rate: '1.0475' }, { day: '2026-11-26', currency: 'JPY', rate: '159.00' },
  ]);
  expect(run.stderr()).toContain('the token is ***');

  const kept = [...filesBelow(medallion.lake), ...filesBelow(medallion.assembly)].map(file =>
    fs.readFileSync(file, 'latin1'),
  );
  const everything = [lines, run.stdout(), run.stderr(), ...kept].join('\n');
  expect(everything).toContain('vendor/keys');
  expect(everything).toContain('***');
  for (const form of [
    VALUE,
    VALUE.slice(0, 8),
    encodeURIComponent(VALUE).slice(0, 10),
    Buffer.from(`ann:${VALUE}`).toString('base64'),
    'a-token-of-the-server',
  ]) {
    expect(everything.split('\n').filter(line => line.includes(form))).toEqual([]);
  }
});

test.each([
  [
    'a missing secret',
    'by-cursor',
    [],
    1,
    'add --secret vendor/user=@FILE, or set the environment variable MEDALLION_SECRET_VENDOR_USER',
  ],
  [
    'a missing bucket',
    'vendor',
    [],
    2,
    'vendor reads s3://vendor-bucket/out/. A local run does not access AWS. Copy some of the objects to a folder with '
      + 'the same paths as in the bucket, and add --bucket vendor-bucket=DIR.',
  ],
  [
    'a secret value on the command line',
    'by-cursor',
    ['--secret', 'vendor/user=hunter2'],
    2,
    '--secret requires a name and a file: --secret NAME=@FILE',
  ],
  [
    'a secret file that does not exist',
    'by-cursor',
    ['--secret', 'vendor/user=@/none'],
    2,
    'The file /none of --secret vendor/user does not exist',
  ],
  [
    'a bucket without a folder',
    'vendor',
    ['--bucket', 'vendor-bucket'],
    2,
    '--bucket vendor-bucket is not valid. Specify a bucket and a folder with its objects: --bucket NAME=DIR',
  ],
])('%s is an error with the fix', async (_what, dataset, options, code, message) => {
  const run = medallion.start(['run', dataset, ...options]);
  expect(await run.ended).toBe(code);
  expect(run.stderr()).toContain(message);
  expect(run.stderr()).not.toContain('hunter2');
});
