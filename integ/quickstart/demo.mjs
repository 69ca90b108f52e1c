// `npm run demo`: from a fresh clone to tables that you can query. Imports only Node modules, because it installs the
// dependencies.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';

const quickstart = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const root = path.join(quickstart, '..', '..');
const inRoot = (...names) => path.join(root, ...names);

/** Cities in New England that have an airport, by number of ZIP codes. */
const CITIES = `
SELECT zip_codes, first_zip, last_zip, city, state, iata, airport
FROM pp_dw_gold.airport_cities
WHERE state IN ('CT', 'MA', 'ME', 'NH', 'RI', 'VT')
ORDER BY zip_codes DESC
LIMIT 10`.trim();

/** The countries with the highest life expectancy in the latest year of the API. */
const LIFE_EXPECTANCY = `
SELECT country, year, life_expectancy, population
FROM pp_dw_bronze.gapminder_years
WHERE year = (SELECT max(year) FROM pp_dw_bronze.gapminder_years)
ORDER BY life_expectancy DESC
LIMIT 5`.trim();

/** The environment variable that contains the value of the secret gapminder/api. */
const KEY = 'MEDALLION_SECRET_GAPMINDER_API';

/** The history of two airports that change between the two runs. */
const HISTORY = `
SELECT iata, name, change_type, is_current, valid_from, valid_to
FROM pp_dw_gold.airports_history
WHERE iata IN ('BOS', 'HVN')
ORDER BY iata, valid_from`.trim();

const bold = text => process.stderr.isTTY && !process.env.NO_COLOR ? `\x1b[1m${text}\x1b[0m` : text;
const announce = text => process.stderr.write(`\n${bold(text)}\n`);

let running;

/** Runs a program. Rejects if it fails. With `quiet`, its output is shown only on failure. */
function run(command, args, { cwd = quickstart, env = {}, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit';
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio });
    running = child;
    let printed = '';
    child.stdout?.on('data', data => { printed += data; });
    child.stderr?.on('data', data => { printed += data; });
    child.on('error', reject);
    child.on('close', code => {
      if (code === 0) {
        resolve();
      } else {
        process.stderr.write(printed);
        reject(new Error(`${command} ${args[0]} exited with code ${code}`));
      }
    });
  });
}

/** The working directory of the user. Printed paths and commands are relative to it. */
const userFolder = process.env.INIT_CWD ?? process.cwd();
const fromUserFolder = name => path.relative(userFolder, path.join(quickstart, name));
const folders = ['--app', fromUserFolder('cdk.out'), '--data', fromUserFolder('.medallion')];
const medallion = (...args) =>
  run(process.execPath, [inRoot('lib', 'cli', 'main.js'), ...folders, ...args], { cwd: userFolder });
const modified = file => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const newest = folder =>
  Math.max(...fs.readdirSync(folder, { recursive: true }).map(file => modified(path.join(folder, file))));

async function prepare() {
  if (modified(inRoot('node_modules', '.package-lock.json')) < modified(inRoot('package-lock.json'))) {
    announce('Installing dependencies (npm ci, about a minute)');
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, quiet: true });
  }
  if (modified(inRoot('lib', 'cli', 'main.js')) < newest(inRoot('src'))) {
    announce('Compiling the library');
    const env = { JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20' };
    const projen = inRoot('node_modules', 'projen', 'bin', 'projen');
    await run(process.execPath, [projen, 'compile'], { cwd: root, env, quiet: true });
    fs.utimesSync(inRoot('lib', 'cli', 'main.js'), new Date(), new Date());
  }
  // Links the library, so that the app can import it by name and `npx medallion` finds the command.
  linkTo(root, path.join(quickstart, 'node_modules', 'cdk-glue-medallion'));
  linkTo(inRoot('lib', 'cli', 'main.js'), path.join(quickstart, 'node_modules', '.bin', 'medallion'));
}

function linkTo(target, link) {
  if (!fs.existsSync(link)) {
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.rmSync(link, { force: true });
    fs.symlinkSync(path.relative(path.dirname(link), target), link);
  }
}

async function query(title, sql) {
  announce(`medallion query: ${title}`);
  process.stderr.write(`${sql}\n\n`);
  await medallion('query', sql);
}

async function main() {
  await prepare();
  // Imported here, because it uses a dependency that prepare() installs.
  const { serve } = await import('./source.mjs');
  const key = randomBytes(18).toString('base64url');
  const { url: source, publishUpdate, close } = await serve(key);
  try {
    announce(`Synthesizing the app (source files at ${source})`);
    await run(process.execPath, [
      inRoot('node_modules', 'aws-cdk', 'bin', 'cdk'), 'synth', '--quiet', '--no-notices', '--no-version-reporting',
      '-c', `source=${source}`,
    ], { env: { CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: 'true' }, quiet: true });
    announce('medallion test: the query and the history, on a few rows in gold/tests');
    await medallion('test', '--tests', fromUserFolder('gold'));
    announce('medallion run --all: three bronze datasets (two files and an API), then two gold datasets');
    process.stderr.write(
      'The API requires a key. On AWS, the job reads it from Secrets Manager. On your machine, the job reads the\n'
        + `environment variable ${KEY}.\n`,
    );
    process.env[KEY] = key;
    await medallion('run', '--all');
    await query('cities in New England that have an airport, by number of ZIP codes', CITIES);
    await query('countries with the highest life expectancy, from the API', LIFE_EXPECTANCY);
    publishUpdate();
    announce('The next day, one airport is renamed and one is removed: medallion run airports-history --with-inputs');
    await medallion('run', 'airports-history', '--with-inputs');
    announce('medallion diff airports: what has changed since the day before');
    await medallion('diff', 'airports');
    await query('the history of both airports', HISTORY);
    announce('medallion docs: the graph of the lake, its tables, columns and runs in one HTML file');
    const page = path.join(quickstart, 'medallion.html');
    await medallion('docs', '--out', page);
    const cd = userFolder === quickstart ? '' : `cd ${path.relative(userFolder, quickstart)} && `;
    announce('The demo ran the Glue jobs of the app on Spark. To query the tables, run:');
    process.stderr.write([
      `  ${cd}npx medallion query "SELECT * FROM pp_dw_bronze.airports LIMIT 10"`,
      'The server of the source files has stopped. To run the jobs again, run the demo again.',
      `Open the page about the lake in a browser: ${page}`, '',
    ].join('\n'));
  } finally {
    close();
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    process.exitCode = 130;
    running?.kill(signal);
  });
}
main().catch(error => {
  if (!process.exitCode) {
    process.stderr.write(`\nThe demo stopped: ${error.message}\n`);
    process.exitCode = 1;
  }
});
