import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { installInto, medallionIn, runIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { ROOT } from './command-fixture';
import { LOAD_TYPESCRIPT } from '../load-typescript';

let folder: string;
beforeEach(() => { folder = temporaryFolder(); });

const FILES = [
  '.gitignore',
  'README.md',
  'cdk.json',
  'lake/bronze/airports/config.json',
  'lake/config.json',
  'lake/gold/airports-by-state/airports_by_state.sql',
  'lake/gold/airports-by-state/config.json',
  'lake/gold/airports-by-state/tests/airports-by-state.yaml',
  'package.json',
];

test.each([
  ['typescript', ['app.ts', 'test/lake.test.ts'], ['npm install']],
  [
    'python',
    ['app.py', 'requirements.txt', 'tests/test_lake.py'],
    ['python3 -m venv .venv && .venv/bin/pip install -r requirements.txt', 'npm install'],
  ],
])('init creates an app in %s without unresolved placeholders', (language, languageFiles, install) => {
  const { code, stdout } = medallionIn(folder, ['init', 'Our Lake', '--language', language, '--json']);
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    {
      folder: 'Our Lake',
      language,
      prefix: 'our-lake',
      files: [...FILES, ...languageFiles].sort(),
      next: ['cd Our Lake', ...install, 'npx cdk synth', 'npx medallion run airports'],
    },
  ]);
  for (const file of [...FILES, ...languageFiles]) {
    expect(fs.readFileSync(path.join(folder, 'Our Lake', file), 'utf8')).not.toMatch(/\{\{|undefined/);
  }
});

test.each(['typescript', 'python'])('the jobs of a new lake use Glue 6.0, which costs less (%s)', language => {
  medallionIn(folder, ['init', 'lake', '--prefix', 'pp-dw', '--language', language]);
  expect(JSON.parse(fs.readFileSync(path.join(folder, 'lake', 'lake', 'config.json'), 'utf8'))).toEqual({
    $schema: '../node_modules/cdk-glue-medallion/glue-templates/config.schema.json',
    etl_resource_prefix: 'pp-dw',
    glue_defaults: { version: '6.0' },
  });
});

test('the created app synthesizes, and its test passes', () => {
  medallionIn(folder, ['init', 'lake', '--prefix', 'pp-dw']);
  const app = path.join(folder, 'lake');
  installInto(app);
  expect(runIn(app, 'app.ts')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(medallionIn(app, ['list']).stdout.replace(/ +/g, ' ')).toContain([
    'airports bronze pp_dw_bronze.airports pp-dw-bronze-airports pp-dw-bronze-airports 2',
    'airports-by-state gold pp_dw_gold.airports_by_state bronze/airports pp-dw-gold-airports-by-state '
      + 'pp-dw-gold-airports-by-state 2',
  ].join('\n'));
  const datasets = JSON.parse(medallionIn(app, ['list', '--json']).stdout) as { glue_version: string }[];
  expect(datasets.map(dataset => dataset.glue_version)).toEqual(['6.0', '6.0']);
  expect(runIn(app, 'test/lake.test.ts').stdout).toContain('# pass 3');
});

test('the created app has the recommended feature flags, and its synthesis prints no warning', () => {
  medallionIn(folder, ['init', 'lake', '--prefix', 'pp-dw']);
  const app = path.join(folder, 'lake');
  installInto(app);
  const { context } = JSON.parse(fs.readFileSync(path.join(app, 'cdk.json'), 'utf8')) as { context: object };
  expect(context).toEqual(
    JSON.parse(fs.readFileSync(require.resolve('aws-cdk-lib/recommended-feature-flags.json'), 'utf8')),
  );
  const gold = path.join(app, 'lake', 'gold', 'copy');
  fs.mkdirSync(gold, { recursive: true });
  const document = { dataset: 'copy', data_size_category: 'small', source_datasets: ['bronze/airports'], sql: 'q.sql' };
  fs.writeFileSync(path.join(gold, 'config.json'), JSON.stringify(document));
  fs.writeFileSync(path.join(gold, 'q.sql'), 'SELECT * FROM ${bronze_database}.airports');
  const cdk = path.join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const command = [process.execPath, ...LOAD_TYPESCRIPT, 'app.ts'].join(' ');
  const { status, stderr } = spawnSync(process.execPath, [cdk, 'synth', '--quiet', '--no-notices', '--app', command], {
    cwd: app,
    encoding: 'utf8',
    env: { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true' },
  });
  expect([status, stderr.replace(/^(Successfully synthesized|Supply a stack id) .*\n/gm, '')]).toEqual([0, '']);
});

test.each<[string, string[], string, (() => void)?]>([
  [
    'a folder that is not empty',
    ['init', '.'],
    'The folder . is not empty: it contains mine.txt. Specify a new folder, or for existing configuration files, '
      + '--from DIR.',
    () => fs.writeFileSync(path.join(folder, 'mine.txt'), ''),
  ],
  [
    'a file',
    ['init', 'mine.txt'],
    'mine.txt is a file, but the app requires a folder. Set another folder with DIR.',
    () => fs.writeFileSync(path.join(folder, 'mine.txt'), ''),
  ],
  [
    'an invalid prefix',
    ['init', 'x', '--prefix', 'Our_Lake'],
    'The prefix "Our_Lake" is not valid. A prefix consists of lowercase letters, digits and single hyphens',
  ],
  ['a long prefix', ['init', 'x', '--prefix', 'a'.repeat(50)], `The prefix "${'a'.repeat(50)}" is not valid.`],
  [
    'a prefix with the name of a layer',
    ['init', 'my-bronze-lake'],
    'The prefix "my-bronze-lake" is not valid. A prefix consists of lowercase letters, digits and single hyphens, has '
      + 'a maximum of 49 characters, and does not contain the name of a layer. Example: --prefix pp-dw',
  ],
  ['an unsupported language', ['init', 'x', '--language', 'cobol'], 'Allowed choices are typescript, python.'],
  [
    'a folder without a lake',
    ['add', 'x.csv'],
    'No config.json with etl_resource_prefix was found in the current folder or its subfolders. Create an app with '
      + '`medallion init DIR`',
  ],
  [
    'a URL with a password',
    ['add', 'https://me:pass@example.org/x.csv'],
    'The URL contains a password. The URL would be written to config.json.',
  ],
  [
    'a URL with an API key',
    ['add', 'https://example.org/x.csv?api_key=abc'],
    'The URL contains the parameter "api_key", which looks like a secret.',
  ],
  [
    'a URL with a key',
    ['add', 'https://example.org/x.csv?key=abc'],
    'The URL contains the parameter "key", which looks like a secret.',
  ],
  [
    'a URL with a key in camel case',
    ['add', 'https://example.org/x.csv?apiKey=abc'],
    'The URL contains the parameter "apiKey"',
  ],
  [
    'a URL with a token in its fragment',
    ['add', 'https://example.org/x.csv#access_token=abc'],
    'The URL contains the parameter "access_token"',
  ],
  [
    'a source URL with a token, in addition to --url',
    ['add', 'https://example.org/x.csv?token=abc', '--url', 'https://example.org/x.csv'],
    'The URL contains the parameter "token"',
  ],
  [
    'a delimiter of two characters',
    ['add', 'x.csv', '--delimiter', '||'],
    'The --delimiter "||" is not valid. Specify one character, or \\t for a tab.',
  ],
  [
    'an unsupported protocol',
    ['add', 'x.csv', '--url', 'ftp://example.org/x.csv'],
    'ftp://example.org/x.csv is not a valid URL. Specify a URL that starts with http://, https:// or s3://.',
  ],
  [
    'an invalid dataset name',
    ['add', 'x.csv', '--name', 'My Data'],
    'The dataset name "My Data" is not valid. A name consists of lowercase letters',
  ],
  ['an unsupported size', ['add', 'x.csv', '--size', 'huge'], 'Allowed choices are small, medium, large, xlarge.'],
])('%s is rejected, and no file is written', (_, args, message, setUp) => {
  setUp?.();
  const existing = fs.readdirSync(folder);
  const { code, stdout, stderr } = medallionIn(folder, args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('abc');
  expect(fs.readdirSync(folder).filter(name => name !== 'x')).toEqual(existing);
});
