import { Problem } from '../errors/problem';

/** A problem in a file and its location. */
export interface FileProblem extends Problem {
  /** The file, line and column: `lake/zipcodes/config.json:4:26`. Only the file if the problem has no position. */
  readonly location: string;
  /** The JSON pointer of the value. Empty for the document. */
  readonly pointer: string;
  /** The subject of `found`, if it is not the value at the pointer. */
  readonly subject?: string;
}

/** All problems in one error, each with its location, and the warnings about the same files. */
export function problemsError(problems: FileProblem[], warnings: string[] = []): Error {
  const files = new Set(problems.map(fileOf));
  const related = warnings.filter(warning => files.has(fileOf({ location: warning.split(': ')[0] })));
  return new Error([
    `${count(problems.length, 'problem')} in ${count(files.size, 'file')}:`,
    ...problems.map(problem => `  ${lineOf(problem)}`),
    ...related.length === 0 ? [] : [`${count(related.length, 'warning')}:`, ...related.map(warning => `  ${warning}`)],
  ].join('\n'));
}

/** A problem as one line: its code, its location, what was found, and what to do. */
export function lineOf(problem: FileProblem): string {
  return `${problem.code}: ${problem.location}: ${textOf(problem)}`;
}

function textOf({ pointer, found, remedy, subject = pointer === '' ? 'the file' : pointer }: FileProblem): string {
  return `${subject} ${found}. ${remedy}`;
}

/** The file of a location. */
function fileOf({ location }: Pick<FileProblem, 'location'>): string {
  return location.replace(/(:\d+)*$/, '');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
