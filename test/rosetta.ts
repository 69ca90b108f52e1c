/**
 * Compiles the TypeScript examples of README.md, docs/ and the API in the strict mode of rosetta, and checks that it
 * translates each into Python and Java. Fails if an element of the API has no description, or a class has no example.
 *
 * The translations of README.md and the API are written to .jsii.tabl.json next to .jsii. Without that file, the README
 * and the docstrings in the wheel would contain TypeScript.
 * Run by `npx projen docs:rosetta`, after `npx projen compile`.
 */
import { spawnSync, StdioOptions } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { gunzipSync } from 'zlib';
import { SnippetParameters, TargetLanguage, Translator, typeScriptSnippetFromCompleteSource } from 'jsii-rosetta';
import { CodeBlock, codeBlocks, documentationPages, readText, ROOT } from './documentation-pages';

const ASSEMBLY = path.join(ROOT, '.jsii.gz');
const TABLET = path.join(ROOT, '.jsii.tabl.json');
/** Examples import the library by its package name. */
const LINK = path.join(ROOT, 'node_modules', 'cdk-glue-medallion');
const ROSETTA = path.join(ROOT, 'node_modules', 'jsii-rosetta', 'bin', 'jsii-rosetta');
const HINT = 'An example does not compile. If it needs a context, start it with ```ts fixture=lake, or in the API with '
  + '@exampleMetadata fixture=lake.';
const LANGUAGES = [TargetLanguage.PYTHON, TargetLanguage.JAVA];

interface Tablet {
  readonly snippets: { readonly [key: string]: Snippet };
}

interface Snippet {
  readonly translations: Translations;
  readonly location: { readonly api: { readonly api: string } };
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
    const translated = (isWanted: (snippet: Snippet) => boolean) => Object.values(snippets).filter(isWanted)
      .map(({ translations }) => LANGUAGES.map(language => translations[language]?.source));
    const isOfReadme = ({ location }: Snippet) => location.api.api === 'moduleReadme';
    requireTranslations('README.md', examplesIn('README.md').length, translated(isOfReadme));

    const api = apiElements(JSON.parse(gunzipSync(fs.readFileSync(ASSEMBLY)).toString()) as Assembly);
    requireDocumentation(api);
    const written = api.filter(({ docs }) => docs?.example !== undefined).length;
    requireTranslations('API', written, translated(snippet => !isOfReadme(snippet)));

    const examples = documentationPages().filter(page => page !== 'README.md').flatMap(examplesIn);
    requireTranslations('docs', examples.length, translate(examples));
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

/** The part of a jsii assembly that contains documentation. */
interface Assembly {
  readonly types: { readonly [name: string]: ApiType };
}

interface ApiElement {
  readonly name: string;
  readonly docs?: { readonly summary?: string; readonly example?: string };
}

interface ApiMethod extends ApiElement {
  readonly parameters?: ApiElement[];
}

interface ApiType extends ApiElement {
  readonly kind: 'class' | 'enum' | 'interface';
  readonly initializer?: Omit<ApiMethod, 'name'>;
  readonly members?: ApiElement[];
  readonly methods?: ApiMethod[];
  readonly properties?: ApiElement[];
}

/** The types of the API with their members, methods and parameters, each with its full name. */
function apiElements({ types }: Assembly): (ApiElement & Partial<ApiType>)[] {
  return Object.values(types).flatMap(type => {
    const initializers = type.initializer ? [{ name: 'constructor', ...type.initializer }] : [];
    const methods = [...initializers, ...type.methods ?? []];
    const members = [...type.members ?? [], ...type.properties ?? [], ...methods];
    const parameters = methods.flatMap(method => (method.parameters ?? []).map(({ name, docs }) =>
      ({ name: `${method.name}.${name}`, docs })));
    return [type, ...[...members, ...parameters].map(({ name, docs }) => ({ name: `${type.name}.${name}`, docs }))];
  });
}

function requireDocumentation(elements: (ApiElement & Partial<ApiType>)[]): void {
  const problems = elements.flatMap(({ name, kind, docs }) => [
    ...docs?.summary ? [] : [`${name}: has no description.`],
    ...kind === 'class' && !docs?.example ? [`${name}: has no @example.`] : [],
  ]);
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
}

function requireTranslations(name: string, written: number, translations: (string | undefined)[][]): void {
  const translated = translations.filter(each => each.every(Boolean)).length;
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
