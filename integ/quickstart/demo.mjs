// `npm run demo`: from a fresh clone to a table one can query. Plain Node, so that it can install what the rest needs.
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import { createRequire } from 'node:module';
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

/** The airports as their publisher might give them a day later: one has another name, one is gone. */
function aDayLater(airports) {
  return airports.toString().replace('Gen Edw L Logan Intl', 'Boston Logan International').replace(/^HVN,.*\r?\n/m, '');
}

/** Serves the two files as their publishers would: one in a ZIP, one plain. */
async function serve() {
  const { zipSync } = createRequire(inRoot('package.json'))('fflate');
  const data = inRoot('node_modules', 'vega-datasets', 'data');
  const files = {
    '/zipcodes.zip': zipSync({ 'zipcodes.csv': [fs.readFileSync(path.join(data, 'zipcodes.csv')), { mtime: new Date(2026, 0, 1) }] }),
    '/airports.csv': fs.readFileSync(path.join(data, 'airports.csv')),
  };
  const server = http.createServer((request, response) => {
    const file = files[request.url];
    response.writeHead(file ? 200 : 404, file && { 'content-length': file.length }).end(file);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return { server, publishAgain: () => { files['/airports.csv'] = Buffer.from(aDayLater(files['/airports.csv'])); } };
}

async function ask(title, question) {
  announce(`medallion query: ${title}`);
  process.stderr.write(`${question}\n\n`);
  await medallion('query', question);
}

async function main() {
  await prepare();
  const { server, publishAgain } = await serve();
  const source = `http://127.0.0.1:${server.address().port}`;
  try {
    announce(`Synthesizing the app; its files are served at ${source}`);
    await run(process.execPath, [
      inRoot('node_modules', 'aws-cdk', 'bin', 'cdk'), 'synth', '--quiet', '--no-notices', '--no-version-reporting', '-c', `source=${source}`,
    ], { env: { CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: 'true' }, quiet: true });
    announce('medallion run --all: two bronze datasets, then the two of gold that are made of them');
    await medallion('run', '--all');
    await ask('New England\'s cities with an airport, by how many ZIP codes they have', CITIES);
    publishAgain();
    announce('A day later one airport has another name, and one is gone: medallion run airports-history --with-inputs');
    await medallion('run', 'airports-history', '--with-inputs');
    await ask('what became of the two', VERSIONS);
    const enter = here === quickstart ? '' : `cd ${path.relative(here, quickstart)} && `;
    announce('These were real Glue jobs on real Spark. Ask more:');
    process.stderr.write([
      `  ${enter}npx medallion query "SELECT * FROM pp_dw_bronze.airports LIMIT 10"`,
      '  The two files were served by this demo alone: to run a job again, run the demo again.', '',
    ].join('\n'));
  } finally {
    server.close();
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
