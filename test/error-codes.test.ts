import { filesBelow, readText } from './documentation-pages';
import { LOCAL_ERROR_CODES } from '../src/cli/result';
import { ERROR_CODES } from '../src/private/errors/error-code';

const PAGE = readText('docs/reference/error-codes.md');
const [DEPLOYED_SECTIONS, LOCAL_SECTION] = PAGE.split('\n## Errors of local runs\n');
const [RUN_SECTION, SYNTH_SECTION] = DEPLOYED_SECTIONS.split('\n## Synth errors\n');
const RUNTIME = 'glue-templates/etl_runtime';
const ERRORS_PY = `${RUNTIME}/job/errors.py`;

function codesIn(section: string): string[] {
  return [...section.matchAll(/^\| \[?`([A-Z_]+)`(?:\]\([^)]*\))? \|/gm)].map(([, code]) => code);
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
  const rows = PAGE.split('\n').filter(line => /^\| \[?`/.test(line));
  expect(rows.filter(row => !/^\| (?:`[A-Z_]+`|\[`[A-Z_]+`\]\(\S+\)) \| [A-Z`].*\. \| [A-Z`].*\. \|$/.test(row))).toEqual([]);
});

describe('the runbook', () => {
  /** The sections after the common steps, with their headings. */
  const sections = readText('docs/operations/runbook.md').split('\n## Alerts without an error code\n')[1]
    .split(/^### /m).slice(1).map(text => ({ heading: text.split('\n')[0], text: text.split('\n## ')[0] }));
  const ofCodes = sections.filter(({ heading }) => /^[A-Z_]+$/.test(heading)).map(({ heading }) => heading);

  test('has exactly one section per code of run errors, in the order of the list', () => {
    expect(ofCodes).toEqual(runCodes());
  });

  test('has a section for each alert that has no code', () => {
    const links = filesBelow('src', '.ts').map(readText).flatMap(text => [
      ...text.matchAll(/runbook\('"([^"]+)"'\)|RUNBOOK\}([a-z-]+)|"([a-z]+(?:-[a-z]+)+)" : \$exists\(\$code\)/g),
    ].map(found => found.slice(1).find(anchor => anchor !== undefined)));
    const others = sections.filter(({ heading }) => !ofCodes.includes(heading))
      .map(({ heading }) => heading.toLowerCase().replace(/ /g, '-'));
    expect(links).toContain('pipeline-failed');
    expect(others).toEqual(expect.arrayContaining(links));
    expect(others).toEqual([
      'run-timed-out-or-stopped',
      'out-of-memory',
      'crawler-failed',
      'pipeline-failed',
      'dataset-is-stale',
      'freshness-check-failed',
      'schedule-dropped',
      'run-with-warnings',
      'monthly-budget-exceeded',
    ]);
  });

  test.each(sections)('has impact, check, fix and re-run of $heading', ({ text }) => {
    const parts = text.split('\n\n')[1].split(/^- \*\*/m).slice(1).map(part => part.trim().split(':** '));
    expect(parts.map(([name]) => name)).toEqual(['Impact', 'Check', 'Fix', 'Re-run']);
    expect(parts.filter(([, content]) => !/^[A-Z`[][^]*[.?]$/.test(content))).toEqual([]);
  });

  test('is linked from each code of a run error', () => {
    const links = [...RUN_SECTION.matchAll(/^\| \[`([A-Z_]+)`\]\(\.\.\/operations\/runbook\.md#([a-z_]+)\)/gm)];
    expect(links.map(([, code, anchor]) => [code, anchor])).toEqual(runCodes().map(code => [code, code.toLowerCase()]));
  });
});

test.each(runCodes())('the runtime raises %s', code => {
  const sources = filesBelow(RUNTIME, '.py').filter(file => !file.endsWith('job/errors.py')).map(readText);
  expect(sources.some(text => new RegExp(`\\bErrorCode\\.${code}\\b`).test(text))).toBe(true);
});
