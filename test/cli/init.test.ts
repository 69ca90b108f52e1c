import { spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { ROOT, sample } from './command-fixture';

const TS_NODE = ['--require', path.join(ROOT, 'node_modules', 'ts-node', 'register', 'transpile-only')];
const env = { ...process.env, TS_NODE_PROJECT: path.join(ROOT, 'tsconfig.dev.json') };

let folder: string;
beforeEach(() => { folder = temporaryFolder(); });

/** Runs the command in a folder, as a process of its own in a pipe. */
function medallion(args: string[], cwd = folder): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...TS_NODE, path.join(ROOT, 'src', 'cli', 'main.ts'), ...args], { encoding: 'utf8', env, cwd });
  return { code: status, stdout, stderr };
}

/** What `npm install` would bring: the packages of this repository, and the library as it stands in src/. */
function install(app: string): void {
  const modules = path.join(app, 'node_modules');
  fs.mkdirSync(path.join(modules, 'cdk-glue-medallion'), { recursive: true });
  for (const name of ['aws-cdk-lib', 'constructs']) {
    fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  }
  fs.writeFileSync(path.join(modules, 'cdk-glue-medallion', 'package.json'), JSON.stringify({ main: path.join(ROOT, 'src', 'index.ts') }));
}

function run(app: string, file: string): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...TS_NODE, file], { encoding: 'utf8', env: { ...env, CDK_OUTDIR: path.join(app, 'cdk.out') }, cwd: app });
  return { code: status, stdout, stderr };
}

const FILES = ['.gitignore', 'README.md', 'cdk.json', 'lake/bronze/airports/config.json', 'lake/config.json', 'package.json'];

test.each([
  ['typescript', ['app.ts', 'test/lake.test.ts'], ['npm install']],
  ['python', ['app.py', 'requirements.txt', 'tests/test_lake.py'], ['python3 -m venv .venv && .venv/bin/pip install -r requirements.txt', 'npm install']],
])('init begins an app in %s, with nothing left to fill in', (language, own, install_) => {
  const { code, stdout } = medallion(['init', 'Our Lake', '--language', language, '--json']);
  expect([code, JSON.parse(stdout)]).toEqual([0, {
    folder: 'Our Lake',
    language,
    prefix: 'our-lake',
    files: [...FILES, ...own].sort(),
    next: ['cd Our Lake', ...install_, 'npx cdk synth', 'npx medallion run airports'],
  }]);
  for (const file of [...FILES, ...own]) {
    expect(fs.readFileSync(path.join(folder, 'Our Lake', file), 'utf8')).not.toMatch(/\{\{|undefined/);
  }
});

test('the app of init synthesizes, and its own test passes', () => {
  medallion(['init', 'lake', '--prefix', 'pp-dw']);
  const app = path.join(folder, 'lake');
  install(app);
  expect(run(app, 'app.ts')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(medallion(['list'], app).stdout).toContain('airports  bronze  pp_dw_bronze.airports  pp-dw-bronze-airports  pp-dw-bronze-airports');
  expect(run(app, 'test/lake.test.ts').stdout).toContain('# pass 2');
});

test.each<[string, string[], string, (() => void)?]>([
  ['a folder with something in it', ['init', '.'], '. is not empty: it has mine.txt. Name a new folder.', () => fs.writeFileSync(path.join(folder, 'mine.txt'), '')],
  ['a file', ['init', 'mine.txt'], 'mine.txt is a file, and the app is a folder. Name one with another DIR.', () => fs.writeFileSync(path.join(folder, 'mine.txt'), '')],
  ['a bad prefix', ['init', 'x', '--prefix', 'Our_Lake'], 'The prefix is "Our_Lake". It takes lower-case letters, digits and single hyphens'],
  ['a long prefix', ['init', 'x', '--prefix', 'a'.repeat(50)], `The prefix is "${'a'.repeat(50)}".`],
  ['another language', ['init', 'x', '--language', 'cobol'], 'Allowed choices are typescript, python.'],
  ['no lake', ['add', 'x.csv'], 'There is no config.json with etl_resource_prefix here or in a folder here. Begin with medallion init DIR'],
  ['a password', ['add', 'https://me:pass@example.org/x.csv'], 'The address holds a password. It would be written into config.json'],
  ['a token', ['add', 'https://example.org/x.csv?api_key=abc'], 'The address holds "api_key", which looks like a secret.'],
  ['another protocol', ['add', 'x.csv', '--url', 'ftp://example.org/x.csv'], 'ftp://example.org/x.csv is no address of a file'],
  ['a bad name', ['add', 'x.csv', '--name', 'My Data'], 'The name of the dataset is "My Data". It takes lower-case letters'],
  ['another size', ['add', 'x.csv', '--size', 'huge'], 'Allowed choices are small, medium, large, xlarge.'],
])('%s is refused, and nothing is written', (_, args, message, before) => {
  before?.();
  const there = fs.readdirSync(folder);
  const { code, stdout, stderr } = medallion(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('abc');
  expect(fs.readdirSync(folder).filter(name => name !== 'x')).toEqual(there);
});

describe('add', () => {
  let app: string;
  let url: string;
  let server: http.Server;
  beforeEach(async () => {
    medallion(['init', 'app']);
    app = path.join(folder, 'app');
    server = http.createServer((request, response) => request.url === '/zip_codes-2024-01.csv' ? response.end(sample('zipcodes.csv')) : response.writeHead(404).end());
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/zip_codes-2024-01.csv`;
  });
  afterEach(() => server.close());

  test('writes a config.json that synthesizes, from a file', () => {
    const file = path.join(folder, 'zip_codes-2024-01.csv');
    fs.writeFileSync(file, sample('zipcodes.csv'));
    const { code, stdout, stderr } = medallion(['add', file, '--url', 'https://example.org/zip_codes.csv'], app);
    expect([code, stdout]).toEqual([0, 'lake/bronze/zip-codes/config.json is written. Next: npx cdk synth, then npx medallion run zip-codes\n']);
    expect(stderr).toContain('zip_codes-2024-01.csv → zip_codes: csv, delimiter ",", utf-8, header; 42,049 records, 6 columns\n');
    const document = JSON.parse(fs.readFileSync(path.join(app, 'lake', 'bronze', 'zip-codes', 'config.json'), 'utf8')) as object;
    expect(document).toMatchObject({
      $schema: '../../../node_modules/cdk-glue-medallion/glue-templates/dataset.schema.json',
      dataset: 'zip-codes',
      data_size_category: 'small',
      source_url: 'https://example.org/zip_codes.csv',
      column_schema: { zip_codes: { zip_code: { target_name: 'zip_code', type: 'string' }, latitude: { type: 'double' } } },
      business_key: ['zip_code'],
    });
    install(app);
    expect(run(app, 'app.ts')).toEqual({ code: 0, stdout: '', stderr: '' });

    const again = medallion(['add', file], app);
    expect([again.code, again.stderr]).toEqual([2, 'error: lake/bronze/zip-codes/config.json is there already. Choose another name with --name, or replace it with --force.\n']);
    const forced = medallion(['add', file, '--force', '--size', 'large', '--key', 'zip_code', '--key', 'city'], app);
    expect([forced.code, forced.stderr]).toEqual([0, expect.stringContaining('source_url is https://example.org/zip_codes-2024-01.csv, which only holds the place')]);
    expect(JSON.parse(fs.readFileSync(path.join(app, 'lake', 'bronze', 'zip-codes', 'config.json'), 'utf8')))
      .toMatchObject({ data_size_category: 'large', business_key: ['zip_code', 'city'] });
  });

  test('an address that has nothing is an error of one line, and writes nothing', async () => {
    const { code, stderr } = await asynchronously(['add', url.replace('zip_', 'no_')], app);
    expect(code).toBe(1);
    expect(stderr).toContain('the server answered 404 Not Found. Check the address in a browser.');
    expect(fs.readdirSync(path.join(app, 'lake', 'bronze'))).toEqual(['airports']);
  });

  test('--dry-run prints, --json for programs', async () => {
    const shown = await asynchronously(['add', url, '--dry-run'], app);
    expect(JSON.parse(shown.stdout)).toMatchObject({ dataset: 'zip-codes', source_url: url });
    const { stdout } = await asynchronously(['add', url, '--dry-run', '--json'], app);
    expect(JSON.parse(stdout)).toMatchObject({ file: null, document: { dataset: 'zip-codes' }, is_whole: true });
    expect(fs.readdirSync(path.join(app, 'lake', 'bronze'))).toEqual(['airports']);
  });
});

/** The command while this process answers its requests. */
async function asynchronously(args: string[], cwd: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...TS_NODE, path.join(ROOT, 'src', 'cli', 'main.ts'), ...args], { env, cwd });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', data => { stdout += data; });
  child.stderr.on('data', data => { stderr += data; });
  const code = await new Promise<number | null>(resolve => child.once('close', resolve));
  return { code, stdout, stderr };
}
