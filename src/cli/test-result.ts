import { oneLine } from './display-width';
import { paint } from './progress';
import { formatTable } from './table';

/** A value that differs from the expected value. NULL is represented by null. */
export interface CellDifference {
  /** The number of the expected row. The first is 1. */
  readonly row: number;
  readonly column: string;
  readonly type: string;
  readonly expected: string | null;
  readonly actual: string | null;
}

/** The differences between the expected and the actual rows. The lists are limited; `total` counts all differences. */
export interface TableDifference {
  readonly columns: string[];
  readonly types: string[];
  readonly cells: CellDifference[];
  readonly missing: (string | null)[][];
  readonly unexpected: (string | null)[][];
  readonly total: number;
}

/** Why a test failed. */
export interface TestProblem {
  /**
   * The load and the output in which the problem was found. The load is omitted if the test has only one load, and the
   * output if it has only one output.
   */
  readonly where?: string;
  readonly message: string;
  readonly difference?: TableDifference;
}

/** The result of a test. */
export interface TestResult {
  /** The name of the dataset, in the format `layer/dataset`. */
  readonly dataset: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly glue_version: string;
  readonly status: 'passed' | 'failed';
  readonly seconds: number;
  readonly problems: TestProblem[];
}

/** The lines that describe a result: one line for the test, and if it failed, the lines of its problems. */
export function describeTestResult(result: TestResult, label: string, width: number): string[] {
  const hasPassed = result.status === 'passed';
  const mark = paint(hasPassed ? 'green' : 'red', hasPassed ? '✓' : '✗', process.stdout);
  const time = paint('dim', `${result.seconds.toFixed(1)} s`, process.stdout);
  return [
    `${mark} ${label}: ${oneLine(result.name)}  ${time}`,
    ...(hasPassed ? [] : [`    ${result.file}:${result.line}`]),
    ...result.problems.flatMap(problem => describeProblem(problem, width - 4).map(line => `    ${line}`.trimEnd())),
  ];
}

/** The lines of a problem, with a table of the differences. */
export function describeProblem({ where, message, difference }: TestProblem, width: number): string[] {
  const heading = `${where ? `${where}: ` : ''}${message}`;
  return [oneLine(heading), ...difference === undefined ? [] : describeDifference(difference, width)];
}

/** The lines of a difference. Strings are quoted, to distinguish NULL from the string NULL and from an empty string. */
export function describeDifference(difference: TableDifference, width: number): string[] {
  const { columns, types, cells, missing, unexpected, total } = difference;
  const rowsOf = (title: string, rows: (string | null)[][]) => rows.length === 0 ? [] : [
    title,
    ...formatTable(
      columns.map((name, index) => ({ name, right: isNumber(types[index]), canShrink: true })),
      rows.map(row => row.map((value, index) => literal(value, types[index]))),
      width - 2,
    ).map(line => `  ${line}`),
  ];
  const shown = cells.length + missing.length + unexpected.length;
  return [
    ...(cells.length === 0 ? [] : [
      'Different values:',
      ...formatTable(
        [
          { name: 'row', right: true },
          { name: 'column' },
          { name: 'expected', canShrink: true, minWidth: 12 },
          { name: 'actual', canShrink: true, minWidth: 12 },
        ],
        cells.map(({ row, column, type, expected, actual }) =>
          [String(row), column, literal(expected, type), literal(actual, type)]),
        width - 2,
      ).map(line => `  ${line}`),
    ]),
    ...rowsOf('Missing rows:', missing),
    ...rowsOf('Unexpected rows:', unexpected),
    ...(total > shown ? [`… ${total - shown} more differences`] : []),
  ];
}

function isNumber(type: string): boolean {
  return /^(tinyint|smallint|int|bigint|float|double|decimal)/.test(type);
}

/** A value as it is displayed: strings in quotes, and NULL without quotes. */
function literal(value: string | null, type: string): string {
  return value === null ? 'NULL' : type === 'string' ? `'${value.replaceAll('\'', '\'\'')}'` : value;
}

/** The number of passed and failed tests, and the time: `20 tests: 19 passed, 1 failed in 24.1 s`. */
export function summaryOf(results: readonly TestResult[], seconds: number): string {
  const failed = results.filter(({ status }) => status === 'failed').length;
  return `${results.length} test${results.length === 1 ? '' : 's'}: ${results.length - failed} passed, `
    + `${failed} failed in ${seconds.toFixed(1)} s`;
}
