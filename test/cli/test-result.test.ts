import { junitOf } from '../../src/cli/junit';
import {
  describeDifference, describeTestResult, summaryOf, TableDifference, TestResult,
} from '../../src/cli/test-result';

const DIFFERENCE: TableDifference = {
  columns: ['city', 'zip_codes'],
  types: ['string', 'bigint'],
  cells: [
    { row: 1, column: 'zip_codes', type: 'bigint', expected: '2', actual: '1' },
    { row: 2, column: 'city', type: 'string', expected: '', actual: null },
    { row: 3, column: 'city', type: 'string', expected: 'NULL', actual: 'It\'s' },
  ],
  missing: [['Boston', null]],
  unexpected: [['New\nHaven', '12']],
  total: 27,
};

const RESULT: TestResult = {
  dataset: 'gold/cities',
  name: 'a <city> & "more"',
  file: 'gold/tests/cities.yaml',
  line: 3,
  glue_version: '5.0',
  status: 'failed',
  seconds: 1.25,
  problems: [
    { where: 'load 2', message: '2 rows expected, 3 found.', difference: DIFFERENCE },
    { message: 'More\u001b.' },
  ],
};

test('a difference shows cells, missing and unexpected rows, and the number of the others', () => {
  expect(describeDifference(DIFFERENCE, Infinity)).toEqual([
    'Different values:',
    '  row  column     expected  actual',
    '    1  zip_codes  2         1',
    '    2  city       \'\'        NULL',
    '    3  city       \'NULL\'    \'It\'\'s\'',
    'Missing rows:',
    '  city      zip_codes',
    '  \'Boston\'       NULL',
    'Unexpected rows:',
    '  city         zip_codes',
    '  \'New Haven\'         12',
    '… 22 more differences',
  ]);
});

test('a difference fits the width of the terminal', () => {
  const long = { ...DIFFERENCE, missing: [['x'.repeat(200), '1']] };
  for (const line of describeDifference(long, 40)) {
    expect(line.length).toBeLessThanOrEqual(40);
  }
});

test('a test is one line, and a failed one has its place and its problems', () => {
  expect(describeTestResult({ ...RESULT, status: 'passed', problems: [] }, 'cities', 80)).toEqual([
    '✓ cities: a <city> & "more"  1.3 s',
  ]);
  expect(describeTestResult(RESULT, 'cities', 80).slice(0, 3)).toEqual([
    '✗ cities: a <city> & "more"  1.3 s',
    '    gold/tests/cities.yaml:3',
    '    load 2: 2 rows expected, 3 found.',
  ]);
  expect(describeTestResult(RESULT, 'cities', 80).pop()).toBe('    More␛.');
});

test('the summary counts the tests', () => {
  expect(summaryOf([RESULT, { ...RESULT, status: 'passed' }], 2.04)).toBe('2 tests: 1 passed, 1 failed in 2.0 s');
  expect(summaryOf([RESULT], 1)).toBe('1 test: 0 passed, 1 failed in 1.0 s');
});

test('the JUnit report escapes texts and has one suite per file', () => {
  const passed: TestResult = { ...RESULT, name: 'b\u0000\ud800', file: 'other.yaml', status: 'passed', problems: [] };
  const report = junitOf([RESULT, passed]);
  expect(report).toContain('<testsuites name="medallion test" tests="2" failures="1" errors="0" time="2.500">');
  expect(report).toContain('<testsuite name="gold/tests/cities.yaml" tests="1" failures="1" errors="0" time="1.250">');
  expect(report).toContain('<testcase classname="gold/cities" name="a &#60;city&#62; &#38; &#34;more&#34;" file=');
  expect(report).toContain('name="b\ufffd\ufffd" file="other.yaml" line="3" time="1.250"/>');
  expect(report).toContain('<failure message="2 rows expected, 3 found.">load 2: 2 rows expected, 3 found.\n');
  expect(report).not.toContain('\u001b');
});
