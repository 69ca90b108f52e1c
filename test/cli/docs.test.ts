import * as fs from 'fs';
import * as path from 'path';
import { medallionIn } from './app-fixture';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';
import { fixOf } from '../../src/cli/error-fixes';
import { PageDocument } from '../../src/cli/page-document';
import { readText } from '../documentation-pages';

const folder = temporaryFolder();
fs.mkdirSync(path.join(folder, 'cdk.out'));
const app = { Lake: { resources: { Zipcodes: glueJob({ dataset: 'zipcodes' }) } } };
writeAssembly(app, {}, path.join(folder, 'cdk.out'));
fs.writeFileSync(path.join(folder, 'a-file'), '');

/** The document in a page. */
function documentIn(file: string): PageDocument {
  const html = fs.readFileSync(path.join(folder, file), 'utf8');
  return JSON.parse(/<script type="application\/json" id="lake">(.*)<\/script>/.exec(html)![1]) as PageDocument;
}

test('docs writes medallion.html into the current folder and prints its path', () => {
  expect(medallionIn(folder, ['docs'])).toEqual({ code: 0, stdout: 'medallion.html\n', stderr: '' });
  expect(documentIn('medallion.html')).toMatchObject({
    origin: 'local lake in .medallion', datasets: [{ id: 'bronze/zipcodes', state: 'never' }],
  });
});

test('--out selects the file and creates its folder, and --json describes the page', () => {
  const { code, stdout } = medallionIn(folder, ['docs', '--out', 'public/lake/index.html', '--json']);
  const file = path.join(folder, 'public', 'lake', 'index.html');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    page: fs.realpathSync(file), bytes: fs.statSync(file).size, datasets: 1, failed: 0, stale: 0,
  });
});

test('docs creates no lake', () => {
  expect(fs.existsSync(path.join(folder, '.medallion'))).toBe(false);
});

test.each([
  [['docs', '--out', '.'], '--out . is a folder. Specify a file, for example --out medallion.html.'],
  [['docs', '--out', 'a-file/page.html'], '--out a-file/page.html is not a valid path: a parent folder in it is a '
    + 'file. Specify another path.'],
  [['docs', '--data', 'no-lake'], 'The folder no-lake of --data does not exist. Specify an existing folder.'],
  [['--app', 'no-app', 'docs'], 'no-app/manifest.json does not exist. Run `npx cdk synth` in the folder of the app, or '
    + 'set the cloud assembly with --app DIR.'],
])('%j is a usage error', (args, message) => {
  const { code, stderr } = medallionIn(folder, args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: `error: ${message}\n` });
});

test('the page has the fix of every code in the list of error codes, without links', () => {
  const page = readText('docs/reference/error-codes.md');
  const codes = [...page.matchAll(/^\| \[?`([A-Z_]+)`/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(100);
  expect(codes.filter(code => !/^[A-Z`].*\.$/.test(fixOf(code) ?? '') || fixOf(code)!.includes(']('))).toEqual([]);
  expect(fixOf('constructor')).toBeUndefined();
});
