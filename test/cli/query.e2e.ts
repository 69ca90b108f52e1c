import { execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { onTerminal } from './terminal';
import { displayWidth } from '../../src/cli/display-width';
import { LOAD_TYPESCRIPT } from '../load-typescript';

const ROOT = path.join(__dirname, '..', '..');
const data = path.join(temporaryFolder(), '.medallion');
const COMMAND = [
  ...LOAD_TYPESCRIPT,
  path.join(ROOT, 'src', 'cli', 'main.ts'),
  '--data',
  data,
  'query',
];

/** Text with everything that an output format has to escape, NULL, empty text, and wide characters. */
const VALUES = `SELECT * FROM (VALUES
  (1, 'a,b "c"', 1.50), (NULL, NULL, NULL), (9007199254740993, '', 0.10), (4, 'two' || chr(10) || 'lines', -2),
  (5, ' 東京タワー', 3)) AS t(id, name, amount)`;

beforeAll(() => { fs.mkdirSync(path.join(data, 's3'), { recursive: true }); });

/** Runs a query whose standard output is a pipe. Returns the output. */
async function output(args: string[], input = ''): Promise<string> {
  const child = spawn(process.execPath, [...COMMAND, ...args]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', block => { stdout += block; });
  child.stderr.on('data', block => { stderr += block; });
  child.stdin.end(input);
  const code = await new Promise(resolve => child.once('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const CSV = 'id,name,amount\n1,"a,b ""c""",1.50\n,,\n9007199254740993,"",0.10\n4,"two\nlines",-2.00\n5," 東京タワー",3.00\n';

test('--csv distinguishes NULL and empty text, and quotes fields', async () => {
  expect(await output([VALUES, '--csv'])).toBe(CSV);
});

test('CSV has the same values in the csv module of Python', async () => {
  const script = 'import csv, json, sys; print(json.dumps(list(csv.reader(sys.stdin))))';
  const rows = execFileSync('python3', ['-c', script], { input: await output([VALUES, '--csv']), encoding: 'utf8' });
  expect(JSON.parse(rows)).toEqual([
    ['id', 'name', 'amount'],
    ['1', 'a,b "c"', '1.50'],
    ['', '', ''],
    ['9007199254740993', '', '0.10'],
    ['4', 'two\nlines', '-2.00'],
    ['5', ' 東京タワー', '3.00'],
  ]);
});

test('--line has one line per value, NULL as NULL, and an empty line between rows', async () => {
  expect(await output([VALUES, '--line'])).toBe([
    'id      1',
    'name    a,b "c"',
    'amount  1.50',
    '',
    'id      NULL',
    'name    NULL',
    'amount  NULL',
    '',
    'id      9007199254740993',
    'name    ',
    'amount  0.10',
    '',
    'id      4',
    'name    two lines',
    'amount  -2.00',
    '',
    'id      5',
    'name     東京タワー',
    'amount  3.00',
    '',
  ].join('\n'));
});

test('a table shows NULL as NULL, and aligns wide characters', async () => {
  expect(await output([VALUES])).toBe([
    '              id  name         amount',
    '               1  a,b "c"        1.50',
    '            NULL  NULL           NULL',
    '9007199254740993                 0.10',
    '               4  two lines     -2.00',
    '               5   東京タワー    3.00',
    '',
  ].join('\n'));
});

test.each([
  ['a pipe', [], VALUES],
  ['a pipe, with --file -', ['--file', '-'], VALUES],
  ['a pipe, with a semicolon and a comment', [], `-- names\n${VALUES};\n`],
])('SQL is read from %s', async (_what, args, input) => {
  expect(await output([...args, '--csv'], input)).toBe(CSV);
});

test.each([['-f'], ['--file']])('SQL is read from a file with %s, with a byte order mark', async option => {
  const file = path.join(temporaryFolder(), 'report.sql');
  fs.writeFileSync(file, `\ufeff${VALUES};`);
  expect(await output([option, file, '--csv'])).toBe(CSV);
});

const STATEMENTS = "SELECT 1 AS a; SET TimeZone = 'UTC'; SELECT NULL AS b, 'x;y' AS c; SELECT 3 AS d WHERE false;";

test.each([
  ['a table', [], 'a\n1\n\n   b  c\nNULL  x;y\n\nd\n'],
  ['--csv', ['--csv'], 'a\n1\n\nb,c\n,x;y\n\nd\n'],
  ['--line', ['--line'], 'a  1\n\nb  NULL\nc  x;y\n'],
  ['--json', ['--json'], '[[{"a": 1}], [{"b": null, "c": "x;y"}], []]\n'],
])('the result of each of several statements is printed: %s', async (_what, args, expected) => {
  const printed = await output(args, STATEMENTS);
  if (args.includes('--json')) {
    expect(JSON.parse(printed)).toEqual(JSON.parse(expected));
  } else {
    expect(printed).toBe(expected);
  }
});

test('on a terminal with 80 columns, no line is longer, and the output names what is left out', async () => {
  const columns = Array.from({ length: 12 }, (_, index) => `'${'東京'.repeat(index + 1)}' AS a_long_name_${index}`);
  const sql = `SELECT ${columns.join(', ')}; SELECT range AS n, NULL AS empty FROM range(50)`;
  const terminal = await onTerminal([process.execPath, ...COMMAND, sql], 80, process.env);
  expect(terminal.code).toBe(0);
  expect(Math.max(...terminal.lines.map(displayWidth))).toBeLessThanOrEqual(80);
  expect(terminal.lines[0]).toMatch(/^a_long_name_0 {2}a_long_name_1 {2}.* {2}\(\+ \d more columns\)$/);
  expect(terminal.lines[1]).toMatch(/^東京 {11}東京東京 {7}東京東京東京/);
  expect(terminal.lines).toContain('For all columns, add --line.');
  expect(terminal.lines.filter(line => / {2}NULL$/.test(line)).length).toBe(40);
  expect(terminal.lines).toContainEqual(expect.stringMatching(/^Showing the first 40 rows\./));
});
