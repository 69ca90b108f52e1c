/**
 * Builds the packages for npm, PyPI and Maven, installs each in its sample app with the oldest and newest supported
 * aws-cdk-lib, and compares the templates with those of the TypeScript app. Also runs a dataset of the Python app with
 * `medallion`, and uses the `medallion` command that pip installs.
 *
 * Run by `npm run test:consumers`, or for one language by `npx projen test:consumers python`.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as os from 'os';
import * as path from 'path';
import { zipSync } from 'fflate';
import { ConsumerApp, installApp, Language, ROOT, synthesize } from './app';
import { runToEnd, step } from './step';
import { compareTemplates } from './templates';
import { MINIMUM, NEWEST, Versions } from './versions';
import { Table } from '../../src/cli/table';

type PackagedLanguage = Exclude<Language, 'typescript'>;

/** Programs that each language requires, and how to install them. */
const REQUIREMENTS: { readonly [language in PackagedLanguage]: [program: string, args: string[], how: string][] } = {
  python: [
    [
      'python3',
      ['-c', 'import ensurepip, venv'],
      'Python 3.10 or later with venv: on Debian apt-get install python3-venv, on macOS brew install python',
    ],
  ],
  java: [
    [
      'javac',
      ['-version'],
      'JDK 17 or later: on Debian apt-get install openjdk-17-jdk, on macOS brew install openjdk',
    ],
    ['mvn', ['--version'], 'Maven 3.6 or later: on Debian apt-get install maven, on macOS brew install maven'],
  ],
};

/** A row of the result table. */
interface Outcome {
  readonly what: string;
  readonly versions: Versions;
  readonly seconds: number;
  readonly result: string;
  readonly failed: boolean;
}

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'consumers-'));
const references = new Map<string, { app: ConsumerApp; assembly: string }>();
const outcomes: Outcome[] = [];

async function main(given: string[]): Promise<void> {
  const supported = Object.keys(REQUIREMENTS) as PackagedLanguage[];
  const unknown = given.find(one => !supported.includes(one as PackagedLanguage));
  if (unknown !== undefined) {
    throw new Error(`Unknown language "${unknown}". Use ${supported.join(' or ')}, or no argument for both.`);
  }
  const languages = given.length > 0 ? given as PackagedLanguage[] : supported;
  checkPrograms(languages);
  await build(languages);
  for (const language of languages) {
    for (const versions of [MINIMUM, NEWEST[language]]) {
      await check(language, versions, async app => {
        if (language === 'python' && versions === MINIMUM) {
          await attempt('python, medallion run', versions, () => runDataset(app, versions));
          await attempt('python, medallion of pip', versions, () => useCommandOfPip(app));
        }
      });
    }
  }
  print();
}

function checkPrograms(languages: PackagedLanguage[]): void {
  const missing = languages
    .flatMap(language => REQUIREMENTS[language])
    .filter(([program, args]) => spawnSync(program, args).status !== 0);
  if (missing.length > 0) {
    throw new Error(
      missing
        .map(([program, args, how]) => `${[program, ...args].join(' ')} failed. Install ${how}.`)
        .join('\n'),
    );
  }
}

/** Builds the packages in dist/, as the release workflow does. */
async function build(languages: PackagedLanguage[]): Promise<void> {
  console.error('Packages');
  const projen = (task: string) => step(`projen ${task}`, 'npx', ['projen', task], { cwd: ROOT });
  const sources = fs
    .readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .map(file => path.join('src', file));
  const compiled = modifiedAt('.jsii');
  if (['README.md', 'package.json', ...sources].some(file => modifiedAt(file) > compiled)) {
    await projen('compile');
  }
  if (modifiedAt('.jsii.tabl.json') < modifiedAt('.jsii')) {
    await projen('docs:rosetta');
  }
  for (const language of ['js', ...languages]) {
    fs.rmSync(path.join(ROOT, 'dist', language), { recursive: true, force: true });
    await projen(`package:${language}`);
  }
}

function modifiedAt(file: string): number {
  return fs.statSync(path.join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Compares the templates of an app with those of the TypeScript app, then calls `then`. */
async function check(
  language: PackagedLanguage,
  versions: Versions,
  then: (app: ConsumerApp) => Promise<void>,
): Promise<void> {
  const reference = await referenceOf(versions);
  console.error(`${language}, aws-cdk-lib ${versions.cdk}, constructs ${versions.constructs}`);
  const folder = path.join(work, `${language}-${versions.cdk}`);
  let app: ConsumerApp | undefined;
  await attempt(language, versions, async () => {
    app = await installApp[language](folder, versions);
    const difference = compareTemplates(reference.assembly, await synthesize(app, 'cdk.out'), work);
    if (difference) {
      throw new Error(`The templates differ from those of the TypeScript app:\n${difference}`);
    }
    return 'templates identical to TypeScript';
  });
  if (app) {
    await then(app);
  }
  fs.rmSync(folder, { recursive: true, force: true });
}

/** Returns the TypeScript app with these versions. Installs it on the first call. */
async function referenceOf(versions: Versions): Promise<{ app: ConsumerApp; assembly: string }> {
  const name = `typescript-${versions.cdk}-${versions.constructs}`;
  let reference = references.get(name);
  if (!reference) {
    console.error(`typescript, aws-cdk-lib ${versions.cdk}, constructs ${versions.constructs}`);
    const app = await installApp.typescript(path.join(work, name), versions);
    reference = { app, assembly: await synthesize(app, 'cdk.out') };
    references.set(name, reference);
  }
  return reference;
}

/**
 * Runs a dataset of an app in another language with the `medallion` command of the installed npm package, and checks
 * the row count of its table.
 */
async function runDataset(app: ConsumerApp, versions: Versions): Promise<string> {
  const csv = fs.readFileSync(path.join(ROOT, 'node_modules', 'vega-datasets', 'data', 'zipcodes.csv'));
  const zip = zipSync({ 'zipcodes.csv': csv });
  const server = http.createServer((request, response) => {
    const found = request.url === '/zipcodes.zip';
    response.writeHead(found ? 200 : 404).end(found ? zip : '');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const assembly = await synthesize(app, 'cdk.out.local', `http://127.0.0.1:${port}`);
    const command = path.join(
      (await referenceOf(versions)).app.folder,
      'node_modules',
      'cdk-glue-medallion',
      'lib',
      'cli',
      'main.js',
    );
    const medallion = async (what: string, ...args: string[]) =>
      JSON.parse(
        await step(
          what,
          process.execPath,
          [command, '--app', assembly, '--data', path.join(app.folder, '.medallion'), ...args, '--json'],
          { cwd: app.folder },
        ),
      ) as unknown;

    await medallion('medallion run', 'run', 'zipcodes');
    const rows = csv.toString().trim().split('\n').length - 1;
    const result = await medallion('medallion query', 'query', 'SELECT count(*) AS n FROM pp_dw_bronze.zipcodes');
    if (JSON.stringify(result) !== JSON.stringify([{ n: rows }])) {
      throw new Error(`Row count mismatch: the file has ${rows} rows, the query returns ${JSON.stringify(result)}.`);
    }
    return `${rows} rows`;
  } finally {
    server.close();
  }
}

/**
 * Creates an app with the `medallion` command that pip has installed, adds a dataset from a local file and runs it, and
 * checks the messages without Node, and with an old version.
 */
async function useCommandOfPip({ folder, env }: ConsumerApp): Promise<string> {
  const virtual = path.join(folder, '.venv');
  const command = path.join(virtual, 'bin', 'medallion');
  const tools = path.join(folder, 'tools');
  const requireError = (message: RegExp) => {
    const PATH = [tools, path.join(virtual, 'bin')].join(path.delimiter);
    const { status, stderr } = spawnSync(command, ['list'], { encoding: 'utf8', env: { PATH } });
    if (status !== 2 || !message.test(stderr)) {
      throw new Error(`Expected ${message}, but the command ended with ${status}: ${stderr}`);
    }
  };
  requireError(/^error: .*`node` is not on the PATH\. Install Node\.js 20 or later/);
  fs.mkdirSync(tools);
  fs.writeFileSync(path.join(tools, 'node'), '#!/bin/sh\nprintf "v18.20.8\\n"\n', { mode: 0o755 });
  requireError(/^error: .* is Node\.js v18\.20\.8, which is too old .* Install Node\.js 20 or later/);
  const file = path.join(folder, 'zipcodes.csv');
  fs.copyFileSync(path.join(ROOT, 'node_modules', 'vega-datasets', 'data', 'zipcodes.csv'), file);
  const app: ConsumerApp = { folder: path.join(folder, 'lake'), env };
  const medallion = (cwd: string, ...args: string[]) => step(`medallion ${args[0]}`, command, args, { cwd, env });
  await medallion(folder, 'init', app.folder, '--language', 'python', '--prefix', 'pp-dw');
  fs.symlinkSync(virtual, path.join(app.folder, '.venv'));
  await medallion(app.folder, 'add', file);
  await synthesize(app, 'cdk.out');
  const result = JSON.parse(await medallion(app.folder, 'run', 'zipcodes', '--json')) as { tables: { rows: number }[] };
  return `${result.tables[0].rows} rows`;
}

/** Records the outcome instead of stopping at the first failure. */
async function attempt(what: string, versions: Versions, task: () => Promise<string>): Promise<void> {
  const began = Date.now();
  let [result, failed] = ['', false];
  try {
    result = await task();
  } catch (error) {
    const { message } = error as Error;
    console.error(message);
    [result, failed] = [`FAILED: ${message.split('\n')[0]}`, true];
  }
  outcomes.push({ what, versions, seconds: (Date.now() - began) / 1000, result, failed });
}

function print(): void {
  const table = new Table(
    [{ name: 'what' }, { name: 'aws-cdk-lib' }, { name: 'constructs' }, { name: 's', right: true }, { name: 'result' }],
    Infinity,
  );
  const rows = outcomes.map(({ what, versions, seconds, result }) => [
    what,
    versions.cdk,
    versions.constructs,
    seconds.toFixed(0),
    result,
  ]);
  rows.forEach(row => table.fit(row));
  console.log([table.heading(), ...rows.map(row => table.line(row))].join('\n'));
  const failures = outcomes.filter(({ failed }) => failed).length;
  console.log(`\n${outcomes.length - failures} passed, ${failures} failed`);
  process.exitCode = failures > 0 ? 1 : 0;
}

runToEnd(main, work);
