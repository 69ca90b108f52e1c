/**
 * Builds the packages for npm, PyPI and Maven, installs each into its sample app with the lowest and the newest
 * aws-cdk-lib, and compares the templates with those of the TypeScript app. Then `medallion` runs a dataset of the
 * Python app.
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

type Guest = Exclude<Language, 'typescript'>;

/** What the languages need on this machine, and how it is had. */
const NEEDED: { readonly [language in Guest]: [program: string, args: string[], how: string][] } = {
  python: [
    [
      'python3',
      ['-c', 'import ensurepip, venv'],
      'Python 3.10 or newer with venv: on Debian apt-get install python3-venv, on macOS brew install python',
    ],
  ],
  java: [
    [
      'javac',
      ['-version'],
      'a JDK of Java 17 or newer: on Debian apt-get install openjdk-17-jdk, on macOS brew install openjdk',
    ],
    ['mvn', ['--version'], 'Maven 3.6 or newer: on Debian apt-get install maven, on macOS brew install maven'],
  ],
};

/** A row of the table at the end. */
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
  const guests = Object.keys(NEEDED) as Guest[];
  const unknown = given.find(one => !guests.includes(one as Guest));
  if (unknown !== undefined) {
    throw new Error(`"${unknown}" is no language. Give ${guests.join(' or ')}, or nothing for both.`);
  }
  const languages = given.length > 0 ? given as Guest[] : guests;
  checkPrograms(languages);
  await build(languages);
  for (const language of languages) {
    for (const versions of [MINIMUM, NEWEST[language]]) {
      await check(language, versions, async app => {
        if (language === 'python' && versions === MINIMUM) {
          await attempt('python, medallion run', versions, () => runDataset(app, versions));
        }
      });
    }
  }
  print();
}

function checkPrograms(languages: Guest[]): void {
  const missing = languages
    .flatMap(language => NEEDED[language])
    .filter(([program, args]) => spawnSync(program, args).status !== 0);
  if (missing.length > 0) {
    throw new Error(
      missing
        .map(([program, args, how]) => `${[program, ...args].join(' ')} does not work here. Install ${how}.`)
        .join('\n'),
    );
  }
}

/** Makes the packages in dist/ as a release does. */
async function build(languages: Guest[]): Promise<void> {
  console.error('Packages');
  const projen = (task: string) => step(`projen ${task}`, 'npx', ['projen', task], { cwd: ROOT });
  const sources = fs
    .readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .map(file => path.join('src', file));
  const compiled = madeAt('.jsii');
  if (['README.md', 'package.json', ...sources].some(file => madeAt(file) > compiled)) {
    await projen('compile');
  }
  if (madeAt('.jsii.tabl.json') < madeAt('.jsii')) {
    await projen('docs:rosetta');
  }
  for (const language of ['js', ...languages]) {
    fs.rmSync(path.join(ROOT, 'dist', language), { recursive: true, force: true });
    await projen(`package:${language}`);
  }
}

function madeAt(file: string): number {
  return fs.statSync(path.join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Compares an app's templates with those of the TypeScript app, then does more with the app. */
async function check(language: Guest, versions: Versions, then: (app: ConsumerApp) => Promise<void>): Promise<void> {
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
    return 'templates as from TypeScript';
  });
  if (app) {
    await then(app);
  }
  fs.rmSync(folder, { recursive: true, force: true });
}

/** The TypeScript app with these versions, made once. */
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
 * The command of the installed npm package runs a dataset of an app in another language, and the table has the file's
 * rows.
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
    const assembly = await synthesize(app, 'cdk.out.local', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
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
    const answer = await medallion('medallion query', 'query', 'SELECT count(*) AS n FROM pp_dw_bronze.zipcodes');
    if (JSON.stringify(answer) !== JSON.stringify([{ n: rows }])) {
      throw new Error(`The file has ${rows} rows, and the table answers ${JSON.stringify(answer)}.`);
    }
    return `${rows} rows`;
  } finally {
    server.close();
  }
}

/** Notes how it went, so that one failure does not hide others. */
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
