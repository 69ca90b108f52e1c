/**
 * Benchmarks the inner loop: an empty Spark session, `medallion run` of one and of five small datasets, and
 * `medallion dev` from a changed word of SQL to the new table.
 *
 * Run by `npm run bench:loop -- [--rounds 3] [--cold]`. A warm-up run fills the cache and is not measured. Then each
 * round measures everything once, with an empty lake. With `--cold`, the first measured run uses an empty cache and
 * downloads 500 MB.
 */
import { spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import { tmpdir } from 'os';
import * as path from 'path';
import { parseArgs } from 'util';
import { cleanEnvironment, LOCAL_GLUE } from '../../src/cli/child';
import { setUpSpark } from '../../src/cli/environment';
import { Progress } from '../../src/cli/progress';
import { installInto } from '../cli/app-fixture';
import { CommandFixture, ROOT, sample, wait } from '../cli/command-fixture';

const FIVE = path.join(__dirname, 'five-datasets-app.ts');
const COMMAND = path.join(ROOT, 'lib', 'cli', 'main.js');
const EMPTY_SESSION = `
import sys
from pathlib import Path
from end_spark import end_spark
from spark_conf import configure_spark, spark_settings
configure_spark(spark_settings(None, None, Path(sys.argv[1])), Path(sys.argv[1]))
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate().sparkContext.parallelize([1], 1).map(lambda each: each).count()
end_spark()
`;

/** Returns the duration of a command in seconds. */
async function seconds(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

async function emptySession(): Promise<void> {
  const { jobPython, javaHome } = await setUpSpark('5.0', new Progress());
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'bench-loop-'));
  const { status, stderr } = spawnSync(jobPython, ['-c', EMPTY_SESSION, folder], {
    env: cleanEnvironment({ JAVA_HOME: javaHome, PYTHONPATH: LOCAL_GLUE, TMPDIR: folder }),
    encoding: 'utf8',
  });
  fs.rmSync(folder, { recursive: true });
  if (status !== 0) {
    throw new Error(stderr);
  }
}

async function run(medallion: CommandFixture, args: string[], env: Record<string, string> = {}): Promise<void> {
  const command = medallion.start(['run', ...args], env);
  if (await command.ended !== 0) {
    throw new Error(command.stderr());
  }
}

const APP = `
const { App } = require('aws-cdk-lib');
const { DatasetDirectory } = require('cdk-glue-medallion');
new DatasetDirectory(new App(), 'Lake', { path: 'lake' });
`;

function queryOf(round: number): string {
  return `SELECT state, count(*) + ${round} AS zips FROM \${bronze_database}.zipcodes GROUP BY state`;
}

/** An app that reads its two datasets from configuration files, as `medallion init` creates it. */
function writeApp(source: string): string {
  const app = fs.mkdtempSync(path.join(tmpdir(), 'bench-dev-'));
  const write = (file: string, content: string | object) => {
    fs.mkdirSync(path.dirname(path.join(app, file)), { recursive: true });
    fs.writeFileSync(path.join(app, file), typeof content === 'string' ? content : JSON.stringify(content));
  };
  installInto(app);
  fs.rmSync(path.join(app, 'node_modules', 'cdk-glue-medallion'), { recursive: true });
  fs.symlinkSync(ROOT, path.join(app, 'node_modules', 'cdk-glue-medallion'));
  fs.mkdirSync(path.join(app, 'node_modules', '.bin'));
  fs.symlinkSync(
    path.join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'), path.join(app, 'node_modules', '.bin', 'cdk'),
  );
  write('app.js', APP);
  write('cdk.json', { app: 'node app.js' });
  write('lake/config.json', { etl_resource_prefix: 'pp-dw' });
  write('lake/bronze/zipcodes/config.json', {
    dataset: 'zipcodes', data_size_category: 'small', source_url: `${source}/zipcodes.csv`,
  });
  write('lake/gold/states/config.json', {
    dataset: 'states', data_size_category: 'small', source_datasets: ['bronze/zipcodes'], sql: 'states.sql',
  });
  write('lake/gold/states/states.sql', queryOf(0));
  return app;
}

/** Changes a query several times. Returns the seconds from each change to the publication. */
async function changes(app: string, rounds: number): Promise<number[]> {
  const command = spawn(process.execPath, [COMMAND, 'dev', 'states'], { cwd: app });
  let output = '';
  [command.stdout, command.stderr].forEach(stream => stream.on('data', data => { output += data; }));
  const until = async (pattern: RegExp) => {
    while (!pattern.test(output)) {
      if (command.exitCode !== null) {
        throw new Error(output);
      }
      await wait(10);
    }
  };
  await until(/Press Ctrl-C/);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await wait(5000);
    output = '';
    times.push(await seconds(async () => {
      fs.writeFileSync(
        path.join(app, 'lake/gold/states/states.sql'),
        queryOf(round + 1),
      );
      await until(/states published in/);
    }));
    await until(/Press Ctrl-C/);
  }
  command.kill('SIGINT');
  await new Promise(resolve => command.once('close', resolve));
  return times;
}

function median(values: number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}

function print(what: string, times: number[]): void {
  const rounds = times.map(each => each.toFixed(1)).join(', ');
  console.log(`${what.padEnd(58)}${median(times).toFixed(1).padStart(6)}   (${rounds})`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '3' }, cold: { type: 'boolean', default: false } },
  });
  const rounds = Number(values.rounds);
  const server = http.createServer((request, response) => response.end(sample(path.basename(request.url ?? ''))));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const source = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const medallion = new CommandFixture(FIVE, [COMMAND]);
  const app = writeApp(source);
  try {
    medallion.synthesize(source);
    console.log('seconds: median (each round)');
    if (values.cold) {
      const cache = fs.mkdtempSync(path.join(tmpdir(), 'bench-loop-'));
      print('medallion run, empty cache', [
        await seconds(() => run(medallion, ['zipcodes'], { MEDALLION_CACHE: cache })),
      ]);
      fs.rmSync(cache, { recursive: true });
    }
    await run(medallion, ['zipcodes', '--force']);
    const [empty, one, five]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      empty.push(await seconds(emptySession));
      fs.rmSync(medallion.lake, { recursive: true });
      one.push(await seconds(() => run(medallion, ['zipcodes'])));
      fs.rmSync(medallion.lake, { recursive: true });
      five.push(await seconds(() => run(medallion, ['--all'])));
    }
    print('an empty Spark session', empty);
    print('medallion run, one dataset', one);
    print('medallion run --all, five datasets', five);
    print('medallion dev, from a changed word of SQL to the table', await changes(app, rounds));
  } finally {
    server.close();
    medallion.remove();
    fs.rmSync(app, { recursive: true });
  }
}

void main();
