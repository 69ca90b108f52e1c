import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { installInto, startMedallionIn, medallionIn, runIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { sample } from './command-fixture';

let folder: string;
let app: string;
let url: string;
let server: http.Server;
beforeEach(async () => {
  folder = temporaryFolder();
  medallionIn(folder, ['init', 'app']);
  app = path.join(folder, 'app');
  server = http.createServer((request, response) =>
    request.url === '/zip_codes-2024-01.csv' ? response.end(sample('zipcodes.csv')) : response.writeHead(404).end(),
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/zip_codes-2024-01.csv`;
});
afterEach(() => server.close());

test('add writes a config.json that synthesizes', () => {
  const file = path.join(folder, 'zip_codes-2024-01.csv');
  fs.writeFileSync(file, sample('zipcodes.csv'));
  const { code, stdout, stderr } = medallionIn(app, ['add', file, '--url', 'https://example.org/zip_codes.csv']);
  expect([code, stdout]).toEqual([
    0,
    'Created lake/bronze/zip-codes/config.json. Next: npx cdk synth, then npx medallion run zip-codes\n',
  ]);
  expect(stderr).toContain(
    'zip_codes-2024-01.csv → zip_codes: csv, delimiter ",", utf-8, header; 42,049 records, 6 columns\n',
  );
  const document = JSON.parse(
    fs.readFileSync(path.join(app, 'lake', 'bronze', 'zip-codes', 'config.json'), 'utf8'),
  ) as object;
  expect(document).toMatchObject({
    $schema: '../../../node_modules/cdk-glue-medallion/glue-templates/dataset.schema.json',
    dataset: 'zip-codes',
    data_size_category: 'small',
    source_url: 'https://example.org/zip_codes.csv',
    column_schema: {
      zip_codes: { zip_code: { target_name: 'zip_code', type: 'string' }, latitude: { type: 'double' } },
    },
    business_key: ['zip_code'],
  });
  installInto(app);
  expect(runIn(app, 'app.ts')).toEqual({ code: 0, stdout: '', stderr: '' });

  const again = medallionIn(app, ['add', file]);
  expect([again.code, again.stderr]).toEqual([
    2,
    'error: lake/bronze/zip-codes/config.json already exists. Specify another name with --name, or replace the file '
      + 'with --force.\n',
  ]);
  const forced = medallionIn(app, ['add', file, '--force', '--size', 'large', '--key', 'zip_code', '--key', 'city']);
  expect([forced.code, forced.stderr]).toEqual([0, expect.stringContaining(
    'source_url is the placeholder https://example.org/zip_codes-2024-01.csv. Set the URL of the file with --url',
  )]);
  expect(JSON.parse(fs.readFileSync(path.join(app, 'lake', 'bronze', 'zip-codes', 'config.json'), 'utf8')))
    .toMatchObject({ data_size_category: 'large', business_key: ['zip_code', 'city'] });
});

test('a URL that does not exist is an error, and no file is written', async () => {
  const { code, stderr } = await startMedallionIn(app, ['add', url.replace('zip_', 'no_')]);
  expect(code).toBe(1);
  expect(stderr).toContain('the server returned 404 Not Found. Check the URL in a browser.');
  expect(fs.readdirSync(path.join(app, 'lake', 'bronze'))).toEqual(['airports']);
});

test('an unknown key column is an error, and an unusual file name is not', () => {
  const file = path.join(folder, '50%.csv');
  fs.writeFileSync(file, 'id;v\n1;2\n2;3\n');
  const { code, stderr } = medallionIn(app, ['add', file, '--name', 'half', '--key', 'ids']);
  expect([code, stderr]).toEqual([
    2,
    'error: The column "ids" of --key does not exist in half. Did you mean "id"? The columns are: id, v.\n',
  ]);
  expect(
    JSON.parse(medallionIn(app, ['add', file, '--dry-run', '--delimiter', '\\t', '--no-header']).stdout),
  ).toMatchObject({ dataset: 'dataset', file_format: { delimiter: '\t' } });
});

test('--dry-run prints config.json, and --json prints a JSON object', async () => {
  const dryRun = await startMedallionIn(app, ['add', url, '--dry-run']);
  expect(JSON.parse(dryRun.stdout)).toMatchObject({ dataset: 'zip-codes', source_url: url });
  const { stdout } = await startMedallionIn(app, ['add', url, '--dry-run', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ file: null, document: { dataset: 'zip-codes' }, is_whole: true });
  expect(fs.readdirSync(path.join(app, 'lake', 'bronze'))).toEqual(['airports']);
});
