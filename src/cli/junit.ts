import { describeProblem, TestResult } from './test-result';

/** The results as a JUnit XML document, which GitHub, GitLab and Jenkins read. Each test file is a suite. */
export function junitOf(results: readonly TestResult[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const suites = files.flatMap(file => {
    const ofFile = results.filter(each => each.file === file);
    return [
      `  <testsuite name="${escaped(file)}" ${countsOf(ofFile)}>`,
      ...ofFile.flatMap(testCase),
      '  </testsuite>',
    ];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="medallion test" ${countsOf(results)}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function countsOf(results: readonly TestResult[]): string {
  const failed = results.filter(({ status }) => status === 'failed').length;
  const seconds = results.reduce((sum, each) => sum + each.seconds, 0);
  return `tests="${results.length}" failures="${failed}" errors="0" time="${seconds.toFixed(3)}"`;
}

function testCase({ dataset, name, file, line, seconds, problems }: TestResult): string[] {
  const attributes = `classname="${escaped(dataset)}" name="${escaped(name)}" file="${escaped(file)}" line="${line}" `
    + `time="${seconds.toFixed(3)}"`;
  if (problems.length === 0) {
    return [`    <testcase ${attributes}/>`];
  }
  const [first] = problems;
  return [
    `    <testcase ${attributes}>`,
    `      <failure message="${escaped(first.message)}">`
      + `${escaped(problems.flatMap(each => describeProblem(each, Infinity)).join('\n'))}</failure>`,
    '    </testcase>',
  ];
}

/** Escapes text for an XML attribute or element, and replaces the characters that XML 1.0 does not allow. */
function escaped(text: string): string {
  return text
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    .replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}
