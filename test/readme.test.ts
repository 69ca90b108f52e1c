import * as fs from 'fs';
import * as path from 'path';
import { AUTHS, PAGINATIONS } from './api-kinds';

const ROOT = path.join(__dirname, '..');
const README = read('README.md');

function read(file: string): string {
  return fs.readFileSync(path.join(ROOT, file), 'utf8');
}

function unindented(text: string): string {
  return text.replace(/^ +/gm, '');
}

test.each([
  ['python', '# …', 'integ/consumers/python/app.py'],
  ['java', '// …', 'integ/consumers/java/src/main/java/org/example/LakeApp.java'],
])('the README\'s %s is out of the sample app, which is tested', (language, gap, file) => {
  const [, example] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(README)!;
  const app = unindented(read(file));
  let end = 0;
  for (const piece of unindented(example).split(`\n${gap}\n`).map(one => one.trim())) {
    const found = app.indexOf(piece, end);
    expect({ piece, found: found >= end }).toEqual({ piece, found: true });
    end = found + piece.length;
  }
});

test.each(['python', 'java'])('the sample app in %s has the query of the quickstart', language => {
  expect(read(`integ/consumers/${language}/gold/airport_cities.sql`)).toBe(read('integ/quickstart/gold/airport_cities.sql'));
});

test.each(['python', 'java'])('the sample app in %s has the context of the quickstart', language => {
  const context = (file: string) => (JSON.parse(read(file)) as { context: object }).context;
  expect(context(`integ/consumers/${language}/cdk.json`)).toEqual(context('integ/quickstart/cdk.json'));
});

test.each([
  ['pages', PAGINATIONS.map(({ type, code, text }) => `| \`${type}\` | \`${code}\` | ${text} |`)],
  ['auth', AUTHS.map(({ type, code, secret, text }) => `| \`${type}\` | \`${code}\` | ${secret} | ${text} |`)],
])('the README\'s table of %s is the one that runs through medallion run', (heading, rows) => {
  const [, , ...found] = new RegExp(`^\\| ${heading} \\|[^]*?\n\n`, 'm').exec(README)![0].trim().split('\n');
  expect(found).toEqual(rows);
});
