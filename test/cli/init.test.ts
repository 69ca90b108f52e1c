import * as fs from 'fs';
import * as path from 'path';
import { installInto, medallionIn, runIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';

let folder: string;
beforeEach(() => { folder = temporaryFolder(); });

const FILES = [
  '.gitignore',
  'README.md',
  'cdk.json',
  'lake/bronze/airports/config.json',
  'lake/config.json',
  'package.json',
];

test.each([
  ['typescript', ['app.ts', 'test/lake.test.ts'], ['npm install']],
  [
    'python',
    ['app.py', 'requirements.txt', 'tests/test_lake.py'],
    ['python3 -m venv .venv && .venv/bin/pip install -r requirements.txt', 'npm install'],
  ],
])('init begins an app in %s, with nothing left to fill in', (language, own, install) => {
  const { code, stdout } = medallionIn(folder, ['init', 'Our Lake', '--language', language, '--json']);
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    {
      folder: 'Our Lake',
      language,
      prefix: 'our-lake',
      files: [...FILES, ...own].sort(),
      next: ['cd Our Lake', ...install, 'npx cdk synth', 'npx medallion run airports'],
    },
  ]);
  for (const file of [...FILES, ...own]) {
    expect(fs.readFileSync(path.join(folder, 'Our Lake', file), 'utf8')).not.toMatch(/\{\{|undefined/);
  }
});

test('the app of init synthesizes, and its own test passes', () => {
  medallionIn(folder, ['init', 'lake', '--prefix', 'pp-dw']);
  const app = path.join(folder, 'lake');
  installInto(app);
  expect(runIn(app, 'app.ts')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(medallionIn(app, ['list']).stdout).toContain(
    'airports  bronze  pp_dw_bronze.airports  pp-dw-bronze-airports  pp-dw-bronze-airports',
  );
  expect(runIn(app, 'test/lake.test.ts').stdout).toContain('# pass 2');
});

test.each<[string, string[], string, (() => void)?]>([
  [
    'a folder with something in it',
    ['init', '.'],
    '. is not empty: it has mine.txt. Name a new folder.',
    () => fs.writeFileSync(path.join(folder, 'mine.txt'), ''),
  ],
  [
    'a file',
    ['init', 'mine.txt'],
    'mine.txt is a file, and the app is a folder. Name one with another DIR.',
    () => fs.writeFileSync(path.join(folder, 'mine.txt'), ''),
  ],
  [
    'a bad prefix',
    ['init', 'x', '--prefix', 'Our_Lake'],
    'The prefix is "Our_Lake". It takes lower-case letters, digits and single hyphens',
  ],
  ['a long prefix', ['init', 'x', '--prefix', 'a'.repeat(50)], `The prefix is "${'a'.repeat(50)}".`],
  [
    'a prefix with a layer',
    ['init', 'my-bronze-lake'],
    'The prefix is "my-bronze-lake". It takes lower-case letters, digits and single hyphens, 49 at most, and '
      + 'names no layer: --prefix pp-dw.',
  ],
  ['another language', ['init', 'x', '--language', 'cobol'], 'Allowed choices are typescript, python.'],
  [
    'no lake',
    ['add', 'x.csv'],
    'There is no config.json with etl_resource_prefix here or in a folder here. Begin with medallion init DIR',
  ],
  [
    'a password',
    ['add', 'https://me:pass@example.org/x.csv'],
    'The address holds a password. It would be written into config.json',
  ],
  [
    'a token',
    ['add', 'https://example.org/x.csv?api_key=abc'],
    'The address holds "api_key", which looks like a secret.',
  ],
  ['a key', ['add', 'https://example.org/x.csv?key=abc'], 'The address holds "key", which looks like a secret.'],
  ['a key in camel case', ['add', 'https://example.org/x.csv?apiKey=abc'], 'The address holds "apiKey"'],
  [
    'a token behind the mark of a fragment',
    ['add', 'https://example.org/x.csv#access_token=abc'],
    'The address holds "access_token"',
  ],
  [
    'a token beside --url',
    ['add', 'https://example.org/x.csv?token=abc', '--url', 'https://example.org/x.csv'],
    'The address holds "token"',
  ],
  [
    'a delimiter of two',
    ['add', 'x.csv', '--delimiter', '||'],
    '--delimiter is "||". It is one character, or \\t for a tab.',
  ],
  [
    'another protocol',
    ['add', 'x.csv', '--url', 'ftp://example.org/x.csv'],
    'ftp://example.org/x.csv is no address of a file',
  ],
  [
    'a bad name',
    ['add', 'x.csv', '--name', 'My Data'],
    'The name of the dataset is "My Data". It takes lower-case letters',
  ],
  ['another size', ['add', 'x.csv', '--size', 'huge'], 'Allowed choices are small, medium, large, xlarge.'],
])('%s is refused, and nothing is written', (_, args, message, before) => {
  before?.();
  const there = fs.readdirSync(folder);
  const { code, stdout, stderr } = medallionIn(folder, args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('abc');
  expect(fs.readdirSync(folder).filter(name => name !== 'x')).toEqual(there);
});
