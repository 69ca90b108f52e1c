import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { AppWatch } from '../../src/cli/app-watch';

let app: string;
beforeEach(() => {
  app = temporaryFolder();
  write('cdk.json');
  write('lake/gold/states/states.sql');
  write('cdk.out/manifest.json');
});

function write(file: string, content = '{}'): void {
  fs.mkdirSync(path.dirname(path.join(app, file)), { recursive: true });
  fs.writeFileSync(path.join(app, file), content);
}

const watch = () => new AppWatch(app, [path.join(app, 'cdk.out'), path.join(app, 'data')]);
const changed = async (watched: AppWatch) => (await watched.changed()).map(file => path.relative(app, file)).sort();

test.each<[string, () => void, string[]]>([
  ['changed', () => write('lake/gold/states/states.sql', 'SELECT 1'), ['lake/gold/states/states.sql']],
  ['created', () => write('lake/bronze/cities/config.json'), ['lake/bronze/cities/config.json']],
  ['deleted', () => fs.rmSync(path.join(app, 'lake'), { recursive: true }), ['lake/gold/states/states.sql']],
  [
    'renamed',
    () => fs.renameSync(path.join(app, 'lake/gold/states'), path.join(app, 'lake/gold/regions')),
    ['lake/gold/regions/states.sql', 'lake/gold/states/states.sql'],
  ],
])('a file is noticed that was %s', async (_what, change, expected) => {
  const watched = watch();
  change();
  expect(await changed(watched)).toEqual(expected);
});

test('a change during a run is noticed afterwards, together with later ones', async () => {
  const watched = watch();
  write('cdk.json', '{ }');
  await changed(watched);
  write('one.sql');
  write('two.sql');
  expect(await changed(watched)).toEqual(['one.sql', 'two.sql']);
});

test('files that commands write are not noticed', async () => {
  const watched = watch();
  for (const file of ['cdk.out/manifest.json', 'data/s3/x.parquet', 'node_modules/x.js', '.git/index', 'README.md']) {
    write(file, 'changed');
  }
  write('last.sql');
  expect(await changed(watched)).toEqual(['last.sql']);
});

test('a file that is written again with the same content has not changed', async () => {
  const watched = watch();
  write('cdk.json');
  fs.utimesSync(path.join(app, 'cdk.json'), 1, 1);
  write('last.sql');
  expect(await changed(watched)).toEqual(['last.sql']);
});

test('a dataset can have the name of a folder that tools write', async () => {
  const watched = watch();
  write('build/app.js');
  write('lake/bronze/logs/config.json');
  expect(await changed(watched)).toEqual(['lake/bronze/logs/config.json']);
});

test('a file is noticed when it is complete', async () => {
  const watched = watch();
  let length = 0;
  const writing = setInterval(() => write('large.csv', 'x'.repeat(++length)), 50);
  setTimeout(() => clearInterval(writing), 800);
  await changed(watched);
  expect(length).toBeGreaterThan(10);
});
