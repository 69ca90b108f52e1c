import * as fs from 'fs';
import * as path from 'path';
import Ajv2020 from 'ajv/dist/2020';
import { medallionIn } from './app-fixture';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';
import { matchesPattern } from '../../src/cli/sql-tests';
import { readTestFile } from '../../src/cli/test-file';

const app = writeAssembly({
  Datasets: {
    resources: {
      A: glueJob({ dataset: 'zipcodes' }),
      B: glueJob({ dataset: 'airports' }),
      C: glueJob({ dataset: 'cities', layer: 'gold', inputs: ['bronze/zipcodes', 'bronze/airports'] }),
      D: glueJob({ dataset: 'cities', layer: 'silver', inputs: ['bronze/zipcodes'] }),
      E: glueJob({ dataset: 'states', layer: 'gold', inputs: ['gold/cities'] }),
    },
  },
});

const VALID = `
dataset: states
tests:
  - name: a
    inputs: {cities: {rows: [{city: Boston}]}}
    expect: {rows: [{n: 1}]}
`.trimStart();

/** Writes files, keyed by path, to a new folder. Returns the folder. */
function folderWith(files: Record<string, string>): string {
  const folder = fs.realpathSync(temporaryFolder());
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

function medallion(files: Record<string, string>, ...args: string[]) {
  return medallionIn(folderWith(files), ['--app', app, 'test', ...args]);
}

function read(content: string) {
  return readTestFile(path.join(folderWith({ 'x.yaml': content }), 'x.yaml'));
}

describe('the content of a test file', () => {
  test.each([
    ['a mapping of inputs', 'inputs: &a {zipcodes: {rows: [{a: 1}]}}', 'inputs: *a'],
    ['an input', 'inputs: {zipcodes: &a {rows: [{a: 1}]}}', 'inputs: {zipcodes: *a}'],
    ['a list of rows', 'inputs: {zipcodes: {rows: &a [{a: 1}]}}', 'inputs: {zipcodes: {rows: *a}}'],
  ])('%s can be an alias', (_, anchor, alias) => {
    const found = read(`tests:
  - name: a
    ${anchor}
    expect: {rows: []}
  - name: b
    ${alias}
    expect: {rows: []}
`);
    const { tests } = (found as { tests: { tests: { loads: any[] }[] } }).tests;
    const rows = [{ line: 3, values: { a: { number: '1' } } }];
    expect(tests.map(({ loads: [load] }) => load.inputs.zipcodes.rows)).toEqual([rows, rows]);
  });

  test('a test can be an alias, and then has the name of another test', () => {
    const found = read('tests:\n  - &a {name: a, inputs: {zipcodes: {rows: [{b: 1}]}}, expect: {rows: []}}\n  - *a\n');
    expect(found).toEqual({ errors: [expect.stringMatching(/^DUPLICATE_VALUE: .*: \/tests\/1\/name is the name of/)] });
  });

  test.each([
    'tests: [{name: a, inputs: {zipcodes: {rows: [{b: &x [*x]}]}}, expect: {rows: []}}]',
    'dataset: a\ntests: &x [*x]',
  ])('a value that contains itself is an error: %s', content => {
    expect(read(content)).toEqual({ errors: [expect.stringMatching(/^YAML_INVALID: .*An alias is inside the value/)] });
  });

  test('rows below a key that is not a string are an error', () => {
    const found = read('tests: [{name: a, inputs: {? [x] : {rows: [{b: 1}]}}, expect: {rows: []}}]');
    expect(found).toEqual({ errors: [expect.stringMatching(/^VALUE_INVALID: .* below a key that is not a string/)] });
  });

  test('values keep their text, and the types of unquoted numbers and booleans', () => {
    const found = read(`
tests:
  - name: a
    inputs:
      zipcodes:
        rows:
          - &row {a: 02101, b: '02101', c: 1.10, d: 12345678901234567890, e: no, f: true, g: null, h: , i: ''}
          - *row
          - {a: 2026-11-02, b: [1, x], c: {k: 1.5}, d: .inf, e: "1", f: 'null', g: ~, h: False}
    expect:
      rows: []
`);
    const { loads: [load] } = (found as { tests: { tests: { loads: any[] }[] } }).tests.tests[0];
    const { rows } = load.inputs.zipcodes;
    const first = {
      a: { number: '02101' },
      b: '02101',
      c: { number: '1.10' },
      d: { number: '12345678901234567890' },
      e: 'no',
      f: { boolean: 'true' },
      g: null,
      h: null,
      i: '',
    };
    expect(rows).toEqual([
      { line: 7, values: first },
      { line: 8, values: first },
      {
        line: 9,
        values: {
          a: '2026-11-02',
          b: [{ number: '1' }, 'x'],
          c: { map: { k: { number: '1.5' } } },
          d: { number: '.inf' },
          e: '1',
          f: 'null',
          g: null,
          h: { boolean: 'False' },
        },
      },
    ]);
  });

  test('the inputs of a test replace those of the file, and the inputs of a load those of the previous load', () => {
    const found = read(`
inputs: {a: {rows: [{x: file}]}, b: {rows: [{x: file}]}, c: {rows: [{x: file}]}}
tests:
  - name: n
    inputs: {b: {rows: [{x: test}]}, c: {rows: [{x: test}]}}
    loads:
      - at: 2026-11-01
      - at: 2026-11-02
        inputs: {c: {rows: [{x: load}]}}
      - at: 2026-11-03T00:00:00Z
    expect: {rows: []}
`);
    const { loads } = (found as { tests: { tests: { loads: any[] }[] } }).tests.tests[0];
    expect(loads.map(({ inputs }) => ['a', 'b', 'c'].map(name => inputs[name].rows[0].values.x))).toEqual([
      ['file', 'test', 'test'], ['file', 'test', 'load'], ['file', 'test', 'load'],
    ]);
    expect(loads.map(({ expect: each }) => each !== undefined)).toEqual([false, false, true]);
  });

  test.each([
    ['a list', '- a\n'],
    ['an empty file', ''],
    ['tests of dbt', 'tests:\n  - unique\n  - not_null\n'],
    ['a workflow', 'name: x\njobs: {tests: {}}\n'],
    ['a file that is not valid YAML', 'a: [\n'],
    ['a dataset without tests', 'dataset: x\nrows: 1\n'],
  ])('%s is skipped', (_, content) => {
    expect(read(content)).toHaveProperty('skipped');
  });

  const withTest = (text: string) => `dataset: cities\ntests:\n  - name: a\n${text.replace(/^/gm, '    ')}\n`;
  test.each([
    ['tests: [\n', /^YAML_INVALID: .*x\.yaml:2:1: .*Correct the syntax\.$/],
    ['dataset: x\ntest: []\n', /^UNKNOWN_KEY: .*:2:1: \/test has the unknown key "test"\. Did you mean "tests"\?|SETTING_REQUIRED/],
    [withTest('expected: {rows: []}'), /^UNKNOWN_KEY: .*:4:5: .*"expected".*Did you mean "expect"\?/],
    [withTest('expect: {row: []}'), /^UNKNOWN_KEY: .*:4:14: .*"row"/],
    [withTest('expect: {}'), /^VALUE_INVALID: .*:4:5: \/tests\/0\/expect is \{\}/],
    [withTest('inputs: {a: {rows: []}}'), /^SETTING_REQUIRED: .*:3:5: \/tests\/0 has no expect/],
    [withTest('expect: {ordered: true}'), /^SETTING_REQUIRED: .*:4:5: .* has no rows and no file/],
    [withTest('inputs: {a: {}}\nexpect: {rows: []}'), /^SETTING_REQUIRED: .*:4:14: \/tests\/0\/inputs\/a has no rows/],
    [withTest('expect: {rows: [], file: x.csv}'), /^SETTINGS_CONFLICT: .* has rows and file/],
    [withTest('expect: {rows: [], error: GATE_RULES}'), /^SETTINGS_CONFLICT: .* has error and rows/],
    [withTest('expect: {ordered: true, outputs: {a: {rows: []}}}'), /^SETTINGS_CONFLICT: .* has outputs and ordered/],
    [withTest('expect: {error: gate}'), /^VALUE_INVALID: .*:4:14: .* is "gate"\. Expected: The code of the error/],
    [withTest('expect: {rows: [x]}'), /^VALUE_INVALID: .*:4:21: \/tests\/0\/expect\/rows\/0 is "x"/],
    [withTest('expect: {rows: [], columns: listet}'), /Did you mean "listed"\?/],
    [withTest('expect: {file: y.csv}'), /^FILE_NOT_FOUND: .*:4:14: .* is "y\.csv", which does not exist/],
    [withTest('expect: {file: y.txt}'), /^VALUE_INVALID: .* is "y\.txt"\. Expected: A CSV file/],
    [withTest('loads: [{at: 2026-11-02}, {at: 2026-11-01}]\nexpect: {rows: []}'), /^VALUE_INVALID: .*:4:32: .* not after/],
    [withTest('loads: [{at: 2026-02-30T25:00:00Z}]\nexpect: {rows: []}'), /^VALUE_INVALID: .* does not exist/],
    [withTest('loads: [{at: today}]\nexpect: {rows: []}'), /^VALUE_INVALID: .* is "today"\. Expected: The time of the run/],
    [withTest('loads: [{at: 2026-11-01, expect: {rows: []}}]\nexpect: {rows: []}'), /^SETTINGS_CONFLICT/],
    ['tests:\n  - {name: a, expect: {rows: []}}\n  - {name: a, expect: {rows: []}}\n', /^DUPLICATE_VALUE: .*:3:6: /],
    ['tests:\n  - {name: a, name: b, expect: {rows: []}}\n', /^YAML_INVALID: .*:2:.*keys must be unique/],
    ['dataset: bronze/x\ntests: []\n', /^DATASET_NAME_INVALID: .*:1:1: /],
    [`a: &a [x]\n${Array.from({ length: 8 }, (_, index) =>
      `${'bcdefghi'[index]}: &${'bcdefghi'[index]} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(', ')}]`).join('\n')}
tests: []\n`, /^YAML_INVALID: .*alias/],
  ])('an invalid file is an error with its line: %j', (content, error) => {
    const { errors } = read(content) as { errors: string[] };
    expect(errors.join('\n')).toMatch(error);
  });

  test('the schema accepts what the command accepts, and describes each key', () => {
    const file = path.join(__dirname, '..', '..', 'glue-templates', 'tests.schema.json');
    const schema = JSON.parse(fs.readFileSync(file, 'utf8'));
    const validate = new Ajv2020({ strictTypes: false }).compile(schema);
    const tests = [{ name: 'a', expect: { rows: [{ a: null }] } }];
    expect(validate({ $schema: 'x', dataset: 'gold/a', tests })).toBe(true);
    for (const definition of [schema, ...Object.values<any>(schema.$defs)]) {
      for (const [key, value] of Object.entries<any>(definition.properties ?? {})) {
        expect([key, value.description ?? schema.$defs[value.$ref?.split('/').pop()]?.description]).toEqual(
          [key, expect.stringMatching(/\.$/)],
        );
      }
    }
  });
});

describe('the files of an app', () => {
  test('files without the format of tests are skipped with a note, and other folders are not searched', () => {
    const { code, stderr } = medallion({
      'tests/workflow.yml': 'name: x\n',
      'gold/tests/deep/states.yaml': VALID.replace('cities:', 'citys:'),
      'node_modules/x/tests/a.yaml': 'tests: [\n',
      '.git/tests/a.yaml': 'tests: [\n',
      'cdk.out/tests/a.yaml': 'tests: [\n',
      'other/a.yaml': 'tests: [\n',
    });
    expect(stderr).toBe([
      'skipped: tests/workflow.yml has no tests of a dataset. If it should have tests, add dataset: NAME',
      'error: UNKNOWN_TABLE: gold/tests/deep/states.yaml:4:  inputs.citys is not a table of an input. Did you mean '
        + '"pp_dw_gold.cities"? The tables of the inputs: pp_dw_gold.cities. Correct the name, or add the dataset '
        + 'to the inputs.',
      '',
    ].join('\n').replace(':4:  inputs', ':4: tests[0].inputs'));
    expect(code).toBe(2);
  });

  test.each([
    [{}, [], /^No tests of the app were found in the folders named tests below the current folder\. Write tests\//],
    [{}, ['states'], /^No tests of gold\/states were found .* medallion test --record states$/],
    [{}, ['zipcodes'], /^bronze\/zipcodes is a bronze dataset\. Only silver and gold datasets can have tests/],
    [{}, ['citys'], /^The dataset "citys" does not exist\. Did you mean "cities"\?/],
    [{}, ['--tests', 'missing'], /^--tests missing: the file or folder does not exist/],
    [{ 'tests/a.yaml': VALID }, ['--name', 'b'], /^No test has a name that matches "b"/],
    [{ 'tests/a.yaml': VALID }, ['--force'], /^--force requires --record/],
    [{ 'tests/a.yaml': VALID }, ['--output', 'x'], /^--output requires --record/],
    [{}, ['--record'], /^--record requires the name of a dataset/],
    [{}, ['--record', 'zipcodes'], /^bronze\/zipcodes is a bronze dataset/],
    [{}, ['--record', 'states'], /^\.medallion does not contain a local lake\. Run the dataset first/],
    [{ 'tests/a.yaml': VALID.replace('states', 'cities') }, [], /:1:1: \/dataset is "cities", which matches gold\/cities and silver\/cities/],
    [{ 'tests/a.yaml': VALID.replace('states', 'stats') }, [], /is "stats", which is not a silver or gold dataset of the app\. Did you mean "states"\?/],
    [{ 'x/tests/a.yaml': VALID.replace('dataset: states\n', '') }, [], /^UNKNOWN_DATASET: x\/tests\/a\.yaml:1:1: the key dataset is missing, and x is not/],
    [{ 'x/tests/a.yaml': VALID.replace('dataset: states\n', ''), 'x/config.json': '{"dataset": "stats"}' }, [], /is "stats"/],
    [{ 'tests/a.yaml': VALID.replace('cities:', '"${silver_database}.x":') }, [], /inputs\.\$\{silver_database\}\.x is not a table/],
    [{ 'tests/a.yaml': VALID.replace(/inputs.*/, 'loads: [{at: 2026-11-01}, {at: 2026-11-02}]') }, [], /^SETTING_NOT_APPLICABLE: .* gold\/states has no history/],
    [{ 'tests/a.yaml': 'tests: [\n', 'tests/b.yaml': 'tests: [\n' }, [], /^2 problems in test files:\n {2}YAML_INVALID: tests\/a\.yaml:2:1/],
  ] as [Record<string, string>, string[], RegExp][])('what is wrong is a usage error: %j %j', (files, args, error) => {
    const { code, stderr, stdout } = medallion(files, ...args);
    expect(stderr.trimEnd().replace(/^(skipped|error): /, '')).toMatch(error);
    expect([code, stdout]).toEqual([2, '']);
  });

  test('with --json, a usage error is a JSON document', () => {
    const { code, stdout } = medallion({}, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ code: 'USAGE', error: expect.stringMatching(/^No tests of the app/) });
  });
});

test.each([
  ['a city without an airport', 'without', true],
  ['a city without an airport', 'WITHOUT', true],
  ['a city without an airport', 'a*airport', true],
  ['a city without an airport', 'city*', false],
  ['a (b)', '(b)', true],
  ['a', undefined, true],
])('the name %j matches the pattern %j: %s', (name, pattern, isMatch) => {
  expect(matchesPattern(name, pattern)).toBe(isMatch);
});
