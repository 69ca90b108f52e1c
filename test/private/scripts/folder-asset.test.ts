import { existsSync, readdirSync, readFileSync, writeFileSync } from 'fs';
import * as path from 'path';
import { App, Stack, Stage } from 'aws-cdk-lib';
import { AssetFile, createFolderAsset } from '../../../src/private/scripts/folder-asset';

function file(name: string, content: string): AssetFile {
  return { name, hash: content, write: target => writeFileSync(target, content) };
}

const FILES = [file('a/glue/one.json', '1'), file('a/two.sql', '2')];

/** The object key of an asset in a new app. */
function keyOf(files: AssetFile[]): string {
  return createFolderAsset(new Stack(new App(), 'Stack'), 'Files', files).objectKey;
}

test('the same names and contents result in the same object key, in any order', () => {
  expect(keyOf([...FILES].reverse())).toBe(keyOf(FILES));
  expect(keyOf(FILES)).toMatch(/^[0-9a-f]{64}\.zip$/);
});

test.each([
  ['another content', [file('a/glue/one.json', '1'), file('a/two.sql', '3')]],
  ['another name', [file('a/glue/one.json', '1'), file('a/three.sql', '2')]],
  ['exchanged contents', [file('a/glue/one.json', '2'), file('a/two.sql', '1')]],
  ['one file less', [file('a/glue/one.json', '1')]],
  ['one file more', [...FILES, file('b', '')]],
])('%s results in another object key', (_, files) => {
  expect(keyOf(files)).not.toBe(keyOf(FILES));
});

test.each([
  ['an app', (app: App) => app],
  ['a stage of an app', (app: App) => new Stage(app, 'Prod')],
])('the asset of a stack in %s is a folder in the cloud assembly of the app', (_, scopeOf) => {
  const app = new App();
  const scope = scopeOf(app);
  const stack = new Stack(scope, 'Stack');
  const { objectKey } = createFolderAsset(stack, 'Files', FILES);
  const { directory } = app.synth();
  const { assets } = scope.synth().getStackArtifact(stack.artifactId);
  expect(assets).toEqual([]);
  const manifest = path.join(scope.outdir, `${stack.artifactId}.assets.json`);
  const { files } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    files: { [hash: string]: { displayName: string; source: { path: string; packaging: string } } };
  };
  const { displayName, source } = files[path.basename(objectKey, '.zip')];
  expect(displayName).toBe('Files');
  expect(source.packaging).toBe('zip');
  const folder = path.resolve(scope.outdir, source.path);
  expect(path.dirname(folder)).toBe(directory);
  expect(readFileSync(path.join(folder, 'a', 'glue', 'one.json'), 'utf8')).toBe('1');
  expect(readFileSync(path.join(folder, 'a', 'two.sql'), 'utf8')).toBe('2');
});

test('an asset in the cloud assembly of an earlier synthesis is not written again', () => {
  const first = new App();
  createFolderAsset(new Stack(first, 'Stack'), 'Files', FILES);
  const unwritable = FILES.map(each => ({ ...each, write: () => { throw new Error('written again'); } }));
  createFolderAsset(new Stack(new App({ outdir: first.outdir }), 'Stack'), 'Files', unwritable);
});

test('a synthesis that fails while it writes leaves no incomplete asset for the next one', () => {
  const { outdir } = new App();
  const failing = [FILES[0], { ...FILES[1], write: () => { throw new Error('no space left'); } }];
  expect(() => createFolderAsset(new Stack(new App({ outdir }), 'Stack'), 'Files', failing)).toThrow('no space left');
  createFolderAsset(new Stack(new App({ outdir }), 'Stack'), 'Files', FILES);
  const [folder, ...others] = readdirSync(outdir).filter(name => name.startsWith('asset.'));
  expect(others).toEqual([]);
  expect(existsSync(path.join(outdir, folder, 'a', 'two.sql'))).toBe(true);
});
