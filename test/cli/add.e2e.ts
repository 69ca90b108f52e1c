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
  const forced = medallionIn(app, [
    'add', file, '--force', '--size', 'large', '--key', 'zip_code', '--key', 'city', '--url', 's3://vendor/zip-codes.csv',
  ]);
  expect(forced.code).toBe(0);
  expect(JSON.parse(fs.readFileSync(path.join(app, 'lake', 'bronze', 'zip-codes', 'config.json'), 'utf8')))
    .toMatchObject({
      source_url: 's3://vendor/zip-codes.csv', data_size_category: 'large', business_key: ['zip_code', 'city'],
    });
});

/** The status and the row count of a run in the app. */
function run(dataset: string): [status: string, rows: number | undefined] {
  const { stdout, stderr } = medallionIn(app, ['run', dataset, '--json']);
  const { status, tables } = JSON.parse(stdout || JSON.stringify({ status: stderr, tables: [] })) as {
    status: string; tables: { rows: number }[];
  };
  return [status, tables[0]?.rows];
}

test('a local file is copied next to config.json, and runs', () => {
  const file = path.join(folder, 'zip codes 2024-01.csv');
  const [header, ...records] = sample('zipcodes.csv').trim().split('\n');
  fs.writeFileSync(file, [header, ...records.slice(0, 1000), ''].join('\n'));
  const { code, stdout, stderr } = medallionIn(app, ['add', file]);
  expect([code, stdout]).toEqual([
    0,
    'Created lake/bronze/zip-codes/config.json. Next: npx cdk synth, then npx medallion run zip-codes\n',
  ]);
  expect(stderr).toContain(
    `Copied ${file} to lake/bronze/zip-codes/zip codes 2024-01.csv (49 kB). It is deployed with the app. If the data `
      + 'changes independently of the app, set --url instead.\n',
  );
  const dataset = path.join(app, 'lake', 'bronze', 'zip-codes');
  const copy = path.join(dataset, 'zip codes 2024-01.csv');
  expect(JSON.parse(fs.readFileSync(path.join(dataset, 'config.json'), 'utf8'))).toMatchObject({
    source_url: './zip codes 2024-01.csv',
  });
  fs.rmSync(file);
  installInto(app);
  expect(runIn(app, 'app.ts')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(run('zip-codes')).toEqual(['published', 1000]);
  expect(run('zip-codes')).toEqual(['unchanged', 1000]);

  fs.appendFileSync(copy, `${records[1000]}\n`);
  expect(runIn(app, 'app.ts').code).toBe(0);
  expect(run('zip-codes')).toEqual(['published', 1001]);
});

test('a local file that is already next to config.json, or has its name, is not lost', () => {
  const inPlace = path.join(app, 'lake', 'bronze', 'ids', 'ids.csv');
  fs.mkdirSync(path.dirname(inPlace));
  fs.writeFileSync(inPlace, 'id,v\n1,2\n2,3\n');
  const { stderr } = medallionIn(app, ['add', inPlace]);
  expect(stderr).toContain(`${inPlace} stays where it is (1 kB). It is deployed with the app.`);
  expect(fs.readFileSync(inPlace, 'utf8')).toBe('id,v\n1,2\n2,3\n');

  const other = path.join(folder, 'ids.csv');
  fs.writeFileSync(other, 'id,v\n9,9\n');
  fs.rmSync(path.join(path.dirname(inPlace), 'config.json'));
  const again = medallionIn(app, ['add', other]);
  expect([again.code, again.stderr]).toEqual([
    2,
    'error: lake/bronze/ids/ids.csv already exists. Specify another name with --name, or replace the file with '
      + '--force.\n',
  ]);
  expect(medallionIn(app, ['add', other, '--force']).code).toBe(0);
  expect(fs.readFileSync(inPlace, 'utf8')).toBe('id,v\n9,9\n');

  const config = path.join(folder, 'config.json');
  fs.writeFileSync(config, '[{"id": 1}, {"id": 2}]');
  const json = JSON.parse(medallionIn(app, ['add', config, '--json']).stdout) as object;
  expect(json).toMatchObject({ copied_to: 'lake/bronze/config/data.json', document: { source_url: './data.json' } });
});

test('a local file that cannot be deployed is an error that says how to load it', () => {
  const large = path.join(folder, 'large.csv');
  fs.writeFileSync(large, 'id\n1\n');
  fs.truncateSync(large, 200e6 + 1);
  expect(medallionIn(app, ['add', large]).stderr).toBe(
    `error: ${large} is too large (201 MB). A file that is deployed with the app can have at most 200 MB. Upload it `
      + `with \`aws s3 cp ${large} s3://BUCKET/KEY\`, and add --url s3://BUCKET/KEY.\n`,
  );
  expect(medallionIn(app, ['add', '/dev/null', '--name', 'nothing']).stderr).toBe(
    'error: /dev/null is not a regular file. Save it as a file, or set the URL of the data with --url.\n',
  );
  expect(fs.readdirSync(path.join(app, 'lake', 'bronze'))).toEqual(['airports']);
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
  ).toMatchObject({ dataset: 'dataset', source_url: './50%.csv', file_format: { delimiter: '\t' } });
});

test('--dry-run prints config.json, and --json prints a JSON object', async () => {
  const dryRun = await startMedallionIn(app, ['add', url, '--dry-run']);
  expect(JSON.parse(dryRun.stdout)).toMatchObject({ dataset: 'zip-codes', source_url: url });
  const { stdout } = await startMedallionIn(app, ['add', url, '--dry-run', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ file: null, document: { dataset: 'zip-codes' }, is_whole: true });
  expect(fs.readdirSync(path.join(app, 'lake', 'bronze'))).toEqual(['airports']);
});
