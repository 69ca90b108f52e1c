/**
 * Compiles the TypeScript examples of the README as rosetta does in strict mode, and checks that it turned each into Python and Java.
 *
 * The translations go to .jsii.tabl.json beside .jsii: without that file, the README in the wheel would hold TypeScript.
 * Run by `npx projen docs:rosetta`, after `npx projen compile`.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

const ROOT = path.join(__dirname, '..');
const TABLET = path.join(ROOT, '.jsii.tabl.json');
/** Examples import the library by its name, from the packages beside it. */
const LINK = path.join(ROOT, 'node_modules', 'cdk-glue-medallion');

interface Tablet {
  readonly snippets: { readonly [key: string]: { readonly translations: { readonly [language: string]: { readonly source: string } } } };
}

function main(): void {
  fs.rmSync(TABLET, { force: true });
  fs.rmSync(LINK, { force: true });
  fs.symlinkSync('..', LINK);
  try {
    const { status } = spawnSync(process.execPath, [path.join(ROOT, 'node_modules', 'jsii-rosetta', 'bin', 'jsii-rosetta'), 'extract', ROOT, '--strict'],
      { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) {
      throw new Error('An example of the README does not compile. One that needs others around it says ```ts fixture=lake: see rosetta/lake.ts-fixture.');
    }
  } finally {
    fs.rmSync(LINK);
  }
  const { snippets } = JSON.parse(fs.readFileSync(TABLET, 'utf8')) as Tablet;
  const translations = Object.values(snippets).map(snippet => snippet.translations);
  const written = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8').match(/^```ts\b/mg)?.length ?? 0;
  const translated = translations.filter(({ python, java }) => python?.source && java?.source).length;
  if (written === 0 || translated < written) {
    throw new Error(`README.md has ${written} examples in TypeScript, and rosetta turned ${translated} into Python and Java.`);
  }
  console.log(`${written} examples compile, and are there in Python and Java.`);
}

try {
  main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
