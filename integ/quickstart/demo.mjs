// `npm run demo`: from a fresh clone to a table one can query. Plain Node, so that it can install what the rest needs.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';

const quickstart = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const root = path.join(quickstart, '..', '..');
const inRoot = (...names) => path.join(root, ...names);

/** The New England cities with an airport of their own, by how many ZIP codes they have. */
const CITIES = `
SELECT zip_codes, first_zip, last_zip, city, state, iata, airport
FROM pp_dw_gold.airport_cities
WHERE state IN ('CT', 'MA', 'ME', 'NH', 'RI', 'VT')
ORDER BY zip_codes DESC
LIMIT 10`.trim();

/** The countries with the longest lives in the last year that the API has. */
const LONGEST = `
SELECT country, year, life_expectancy, population
FROM pp_dw_bronze.gapminder_years
WHERE year = (SELECT max(year) FROM pp_dw_bronze.gapminder_years)
ORDER BY life_expectancy DESC
LIMIT 5`.trim();

/** The environment variable with the value of the secret gapminder/api. */
const KEY = 'MEDALLION_SECRET_GAPMINDER_API';

/** What became of two airports between the two loads. */
const VERSIONS = `
SELECT iata, name, change_type, is_current, valid_from, valid_to
FROM pp_dw_gold.airports_history
WHERE iata IN ('BOS', 'HVN')
ORDER BY iata, valid_from`.trim();

const bold = text => process.stderr.isTTY && !process.env.NO_COLOR ? `\x1b[1m${text}\x1b[0m` : text;
const announce = text => process.stderr.write(`\n${bold(text)}\n`);

let running;

/** Runs a program to its end; the demo ends with it if it fails. What a quiet one prints is shown only then. */
function run(command, args, { cwd = quickstart, env = {}, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
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
        reject(new Error(`${command} ${args[0]} ended with ${code}`));
      }
    });
  });
}

/** Where the user stands: the paths and the next steps that the command prints hold there. */
const here = process.env.INIT_CWD ?? process.cwd();
const fromHere = name => path.relative(here, path.join(quickstart, name));
const folders = ['--app', fromHere('cdk.out'), '--data', fromHere('.medallion')];
const medallion = (...args) => run(process.execPath, [inRoot('lib', 'cli', 'main.js'), ...folders, ...args], { cwd: here });
const modified = file => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const newest = folder => Math.max(...fs.readdirSync(folder, { recursive: true }).map(file => modified(path.join(folder, file))));

async function prepare() {
  if (modified(inRoot('node_modules', '.package-lock.json')) < modified(inRoot('package-lock.json'))) {
    announce('Installing the packages (npm ci, a minute)');
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, quiet: true });
  }
  if (modified(inRoot('lib', 'cli', 'main.js')) < newest(inRoot('src'))) {
    announce('Compiling the library');
    const env = { JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20' };
    await run(process.execPath, [inRoot('node_modules', 'jsii', 'bin', 'jsii'), '--silence-warnings=reserved-word'], { cwd: root, env, quiet: true });
    fs.utimesSync(inRoot('lib', 'cli', 'main.js'), new Date(), new Date());
  }
  // The app imports the library by name, and `npx medallion` finds the command, as where the library is installed.
  fs.chmodSync(inRoot('lib', 'cli', 'main.js'), 0o755);
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

async function ask(title, question) {
  announce(`medallion query: ${title}`);
  process.stderr.write(`${question}\n\n`);
  await medallion('query', question);
}

async function main() {
  await prepare();
  // It brings a package of the library, which may just have been installed.
  const { serve } = await import('./source.mjs');
  const key = randomBytes(18).toString('base64url');
  const { address: source, publishAgain, close } = await serve(key);
  try {
    announce(`Synthesizing the app; its files are served at ${source}`);
    await run(process.execPath, [
      inRoot('node_modules', 'aws-cdk', 'bin', 'cdk'), 'synth', '--quiet', '--no-notices', '--no-version-reporting', '-c', `source=${source}`,
    ], { env: { CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: 'true' }, quiet: true });
    announce('medallion run --all: two files and an API, then two tables of gold that are made of the files');
    process.stderr.write(`The API asks for a key. The job reads it from Secrets Manager; here it comes from the variable ${KEY}.\n`);
    process.env[KEY] = key;
    await medallion('run', '--all');
    await ask('New England\'s cities with an airport, by how many ZIP codes they have', CITIES);
    await ask('where people live longest, out of the API', LONGEST);
    publishAgain();
    announce('A day later one airport has another name, and one is gone: medallion run airports-history --with-inputs');
    await medallion('run', 'airports-history', '--with-inputs');
    await ask('what became of the two', VERSIONS);
    const enter = here === quickstart ? '' : `cd ${path.relative(here, quickstart)} && `;
    announce('These were real Glue jobs on real Spark. Ask more:');
    process.stderr.write([
      `  ${enter}npx medallion query "SELECT * FROM pp_dw_bronze.airports LIMIT 10"`,
      '  The files and the API were served by this demo alone: to run a job again, run the demo again.', '',
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
