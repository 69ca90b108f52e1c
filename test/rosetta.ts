/**
 * Compiles the TypeScript examples of README.md and docs/ as rosetta does in strict mode, and checks that it translates
 * each into Python and Java.
 *
 * The translations of the README are written to .jsii.tabl.json next to .jsii. Without that file, the README in the
 * wheel would contain TypeScript.
 * Run by `npx projen docs:rosetta`, after `npx projen compile`.
 */
import { spawnSync, StdioOptions } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { SnippetParameters, TargetLanguage, Translator, typeScriptSnippetFromCompleteSource } from 'jsii-rosetta';
import { CodeBlock, codeBlocks, documentationPages, readText, ROOT } from './documentation-pages';

const TABLET = path.join(ROOT, '.jsii.tabl.json');
/** Examples import the library by its name, from the packages beside it. */
const LINK = path.join(ROOT, 'node_modules', 'cdk-glue-medallion');
const ROSETTA = path.join(ROOT, 'node_modules', 'jsii-rosetta', 'bin', 'jsii-rosetta');
const HINT = 'An example does not compile. If it needs a context, start it with ```ts fixture=lake.';
const LANGUAGES = [TargetLanguage.PYTHON, TargetLanguage.JAVA];

interface Tablet {
  readonly snippets: { readonly [key: string]: { readonly translations: Translations } };
}

type Translations = { readonly [language: string]: { readonly source: string } };

function main(): void {
  fs.rmSync(TABLET, { force: true });
  fs.rmSync(LINK, { force: true });
  fs.symlinkSync('..', LINK);
  try {
    const stdio: StdioOptions = ['ignore', 'inherit', 'inherit'];
    const { status } = spawnSync(process.execPath, [ROSETTA, 'extract', ROOT, '--strict'], { stdio });
    if (status !== 0) {
      throw new Error(HINT);
    }
    const { snippets } = JSON.parse(fs.readFileSync(TABLET, 'utf8')) as Tablet;
    const all = Object.values(snippets).map(({ translations }) =>
      LANGUAGES.map(language => translations[language]?.source));
    requireTranslations(['README.md'], all);
    const pages = documentationPages().filter(page => page !== 'README.md');
    requireTranslations(pages, translate(pages.flatMap(examplesIn)));
  } finally {
    fs.rmSync(LINK);
  }
}

/** Each example in Python and Java. Fails if one does not compile. */
function translate(blocks: CodeBlock[]): (string | undefined)[][] {
  const translator = new Translator(true);
  const snippets = blocks.map(block => {
    const location = { api: { api: 'file' as const, fileName: block.page } };
    const parameters = { [SnippetParameters.$COMPILATION_DIRECTORY]: ROOT };
    return typeScriptSnippetFromCompleteSource(withFixture(block), location, true, parameters);
  });
  const translated = translator.translateSnippets(snippets, LANGUAGES);
  const errors = translator.diagnostics.filter(({ isError }) => isError);
  if (errors.length > 0 || translated.some(({ snippet }) => !snippet.didCompile)) {
    throw new Error(`${errors.map(({ formattedMessage }) => formattedMessage).join('')}${HINT}`);
  }
  return translated.map(snippet => LANGUAGES.map(language => snippet.get(language)?.source));
}

/** An example within the fixture that it names, as rosetta does for the README. Only the example is translated. */
function withFixture({ info, text }: CodeBlock): string {
  const [, fixture] = /\bfixture=(\S+)/.exec(info) ?? [];
  if (fixture === undefined) {
    return text;
  }
  const [before, after] = readText(path.join('rosetta', `${fixture}.ts-fixture`)).split('/// here');
  return `/// !hide\n${before}\n/// !show\n${text}\n/// !hide\n${after}`;
}

function examplesIn(page: string): CodeBlock[] {
  return codeBlocks(page).filter(({ language }) => language === 'ts');
}

function requireTranslations(pages: string[], translations: (string | undefined)[][]): void {
  const written = pages.flatMap(examplesIn).length;
  const translated = translations.filter(each => each.every(Boolean)).length;
  const name = pages.length === 1 ? pages[0] : 'docs';
  if (written === 0 || translated < written) {
    throw new Error(`${name}: rosetta translated ${translated} of ${written} examples into Python and Java.`);
  }
  console.log(`${name}: ${written} TypeScript examples compile and have translations into Python and Java.`);
}

try {
  main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
