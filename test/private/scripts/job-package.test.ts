import { execFileSync } from 'child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { strFromU8, unzipSync } from 'fflate';
import { etlRuntimePackage, zipPackage } from '../../../src/private/scripts/job-package';
import { LOAD_TYPESCRIPT } from '../../load-typescript';

let root: string;
beforeEach(() => { root = mkdtempSync(path.join(tmpdir(), 'job-package-')); });
afterEach(() => rmSync(root, { recursive: true }));

/** Writes a package with the given files, in the given order. */
function writePackage(folder: string, files: { [file: string]: string }): string {
  const target = path.join(root, folder, 'etl_runtime');
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(target, file)), { recursive: true });
    writeFileSync(path.join(target, file), text);
  }
  return target;
}

test('the ZIP file contains the modules in a folder with the name of the package, and no other files', () => {
  const { bytes } = zipPackage(
    writePackage('a', {
      '__init__.py': '',
      'fetch.py': 'x = 1\n',
      'read/csv.py': 'y = 2\n',
      '__pycache__/fetch.cpython-311.pyc': 'no',
      'py.typed': 'no',
    }),
  );
  const files = Object.entries(unzipSync(bytes)).map(([name, content]) => [name, strFromU8(content)]);
  expect(files).toEqual([
    ['etl_runtime/__init__.py', ''],
    ['etl_runtime/fetch.py', 'x = 1\n'],
    ['etl_runtime/read/csv.py', 'y = 2\n'],
  ]);
});

test('the same modules result in the same bytes, regardless of their timestamps and the order of writing', () => {
  const one = writePackage('a', { 'a.py': '1', 'b.py': '2' });
  const other = writePackage('b', { 'b.py': '2', 'a.py': '1' });
  utimesSync(path.join(other, 'a.py'), 0, 0);
  expect(zipPackage(other)).toEqual(zipPackage(one));
});

test('the file name depends on the content', () => {
  const one = zipPackage(writePackage('a', { 'a.py': '1' }));
  const other = zipPackage(writePackage('b', { 'a.py': '2' }));
  expect(one.fileName).toMatch(/^etl_runtime-[0-9a-f]{12}\.zip$/);
  expect(other.fileName).not.toBe(one.fileName);
});

test('the bytes are the same in every time zone', () => {
  const names = ['UTC', 'Pacific/Auckland', 'America/Los_Angeles'].map(TZ =>
    execFileSync(
      process.execPath,
      [
        ...LOAD_TYPESCRIPT,
        '--print',
        `require('${path.resolve('src/private/scripts/job-package')}').etlRuntimePackage().fileName`,
      ],
      {
        env: { ...process.env, TZ },
        encoding: 'utf8',
      },
    ).trim(),
  );
  expect(new Set(names)).toEqual(new Set([etlRuntimePackage().fileName]));
});
