import { filesBelow, readText } from './documentation-pages';
import { LOCAL_ERROR_CODES } from '../src/cli/result';
import { ERROR_CODES } from '../src/private/errors/error-code';

const PAGE = readText('docs/reference/error-codes.md');
const [DEPLOYED_SECTIONS, LOCAL_SECTION] = PAGE.split('\n## Errors of local runs\n');
const [RUN_SECTION, SYNTH_SECTION] = DEPLOYED_SECTIONS.split('\n## Synth errors\n');
const RUNTIME = 'glue-templates/etl_runtime';
const ERRORS_PY = `${RUNTIME}/job/errors.py`;

function codesIn(section: string): string[] {
  return [...section.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
}

/** The members of `class ErrorCode(StrEnum)`. */
function runCodes(): string[] {
  const [, body] = /class ErrorCode\(StrEnum\):\n([^]*?)\n\n\n/.exec(readText(ERRORS_PY))!;
  return [...body.matchAll(/^ {4}([A-Z_]+) = "([A-Z_]+)"/gm)].map(([, name, value]) => {
    expect(value).toBe(name);
    return name;
  });
}

test('the documentation lists exactly the codes of run errors', () => {
  expect(codesIn(RUN_SECTION)).toEqual(runCodes());
});

test('the documentation lists exactly the codes of synth errors', () => {
  expect(codesIn(SYNTH_SECTION)).toEqual([...ERROR_CODES]);
});

test('the documentation lists exactly the codes of local runs', () => {
  expect(codesIn(LOCAL_SECTION)).toEqual([...LOCAL_ERROR_CODES]);
});

test('every row has a meaning and a fix', () => {
  const rows = PAGE.split('\n').filter(line => line.startsWith('| `'));
  expect(rows.filter(row => !/^\| `[A-Z_]+` \| [A-Z`].*\. \| [A-Z`].*\. \|$/.test(row))).toEqual([]);
});

test.each(runCodes())('the runtime raises %s', code => {
  const sources = filesBelow(RUNTIME, '.py').filter(file => !file.endsWith('job/errors.py')).map(readText);
  expect(sources.some(text => new RegExp(`\\bErrorCode\\.${code}\\b`).test(text))).toBe(true);
});
