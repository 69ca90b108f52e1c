import { spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';

const MAIN = path.join(__dirname, '..', '..', 'src', 'cli', 'main.ts');
const TS_NODE = ['--require', 'ts-node/register/transpile-only'];
const TS_NODE_PROJECT = path.join(__dirname, '..', '..', 'tsconfig.dev.json');
const app = writeAssembly({
  Datasets: { resources: { A: glueJob({ dataset: 'zipcodes' }), B: glueJob({ dataset: 'airports' }) } },
});
const withGold = writeAssembly({
  Datasets: {
    resources: {
      A: glueJob({ dataset: 'places', layer: 'gold', inputs: ['bronze/zipcodes', 'bronze/airports'] }),
      B: glueJob({ dataset: 'zipcodes' }),
    },
  },
});

/** Runs the command as a process of its own, in a pipe. */
function medallion(
  args: string[],
  env: Record<string, string> = {},
): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...TS_NODE, MAIN, ...args], {
    encoding: 'utf8',
    env: { ...process.env, TS_NODE_PROJECT, ...env },
  });
  return { code: status, stdout, stderr };
}

describe('list', () => {
  test('shows the datasets, without colour in a pipe', () => {
    expect(medallion(['--app', app, 'list'])).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        'dataset   layer   tables                 job                    stack',
        'zipcodes  bronze  pp_dw_bronze.zipcodes  pp-dw-bronze-zipcodes  Datasets',
        'airports  bronze  pp_dw_bronze.airports  pp-dw-bronze-airports  Datasets',
        '',
      ].join('\n'),
    });
  });

  test('shows what gold is made from, in the order of the app', () => {
    expect(medallion(['--app', withGold, 'list']).stdout).toBe([
      'dataset   layer   tables                 inputs                           job                    stack',
      'places    gold    pp_dw_gold.places      bronze/zipcodes bronze/airports  pp-dw-gold-places      Datasets',
      'zipcodes  bronze  pp_dw_bronze.zipcodes                                   pp-dw-bronze-zipcodes  Datasets',
      '',
    ].join('\n'));
    expect(JSON.parse(medallion(['--app', withGold, 'list', '--json']).stdout)).toMatchObject([
      { dataset: 'places', inputs: ['bronze/zipcodes', 'bronze/airports'] }, { dataset: 'zipcodes', inputs: [] },
    ]);
  });

  test('as JSON is an array, with --json before or after the command', () => {
    const [before, after] = [['--json', 'list'], ['list', '--json']].map(args => medallion(['--app', app, ...args]));
    expect(before).toEqual(after);
    expect(JSON.parse(after.stdout)).toMatchObject([
      { dataset: 'zipcodes', glue_version: '5.0' },
      { dataset: 'airports' },
    ]);
  });
});

describe('usage errors', () => {
  const CASES: [string, string[], RegExp][] = [
    ['no command', [], /Usage: medallion/],
    ['an unknown command', ['bogus'], /unknown command 'bogus'/],
    ['an unknown option', ['list', '--bogus'], /unknown option '--bogus'/],
    [
      'no dataset',
      ['--app', app, 'run'],
      /No dataset is named\. Name one, medallion run DATASET .*, or run all of them: medallion run --all/,
    ],
    [
      'a dataset and all',
      ['--app', app, 'run', 'zipcodes', '--all'],
      /--all runs every dataset, and "zipcodes" names one\. Leave out either/,
    ],
    [
      'all, and what is asked of one run',
      ['--app', app, 'run', '--all', '--from-run', 'x'],
      /option '--all' cannot be used with option '--from-run <run_id>'/,
    ],
    [
      'all, and a gate of one',
      ['--app', app, 'run', '--all', '--allow', 'shrink'],
      /option '--all' cannot be used with option '--allow <gate>'/,
    ],
    [
      'all of a stack that is not there',
      ['--app', app, 'run', '--all', '--stack', 'Other'],
      /no dataset in stack "Other"\. Stacks with datasets: Datasets/,
    ],
    [
      'no job at once',
      ['--app', app, 'run', '--all', '--jobs', '0'],
      /argument '0' is invalid\. It is a number, 1 at least/,
    ],
    [
      'an input of another app that has no table',
      ['--app', withGold, '--data', temporaryFolder(), 'run', 'places'],
      /The input bronze\/airports of gold\/places is not in the app at .* and has no table in the lake at .*: npx medallion --app DIR --data .* run bronze\/airports/,
    ],
    [
      'the contract of gold',
      ['--app', withGold, 'reset', '--contract', 'places'],
      /gold\/places has no contract of guessed types: its columns are those/,
    ],
    [
      'a run of gold from kept originals',
      ['--app', withGold, 'run', 'places', '--from-run', 'x'],
      /--from-run is for bronze, and places is gold: .* Run an input with --from-run \(bronze\/zipcodes, bronze\/airports\), then places without/,
    ],
    [
      'an unknown dataset',
      ['--app', app, 'run', 'zipcode'],
      /no dataset "zipcode". Did you mean "zipcodes"\? The app has: zipcodes, airports/,
    ],
    ['no assembly', ['--app', 'nowhere', 'run', 'zipcodes'], /no nowhere\/manifest.json. Run `npx cdk synth` first/],
    [
      'a Glue version that cannot be run',
      ['--app', app, 'run', 'zipcodes', '--glue-version', '4.0'],
      /Allowed choices are 5.0/,
    ],
    ['no SQL', ['query'], /missing required argument 'sql'/],
    [
      'an assembly that is a file',
      ['--app', 'package.json', 'list'],
      /There is no package\.json\/manifest\.json\. Run `npx cdk synth` first/,
    ],
    [
      'no lake',
      ['--data', 'nowhere', 'query', 'select 1'],
      /no lake at nowhere. Run a dataset first: npx medallion run DATASET\. Or name its folder with --data DIR/,
    ],
    ['empty SQL', ['query', ' '], /The SQL is empty\. For example: npx medallion query "SELECT/],
    [
      'a file as the lake',
      ['--app', app, '--data', 'package.json', 'run', 'zipcodes'],
      /package\.json is a file, and the lake is a folder\. Name one with --data DIR/,
    ],
    [
      'a lake in a file',
      ['--app', app, '--data', 'package.json/lake', 'run', 'zipcodes'],
      /package\.json\/lake cannot be made: a file is where.* Name another folder with --data DIR/,
    ],
    [
      'a run of no name',
      ['--app', app, 'run', 'zipcodes', '--from-run'],
      /option '--from-run <run_id>' argument missing/,
    ],
    [
      'the contract of an unknown dataset',
      ['--app', app, 'reset', '--contract', 'zipcode'],
      /no dataset "zipcode". Did you mean "zipcodes"\?/,
    ],
    [
      'a contract without a lake',
      ['--app', app, '--data', 'nowhere', 'reset', '--contract', 'zipcodes'],
      /no lake at nowhere\. Run the dataset first: npx medallion run zipcodes\. Or name its folder with --data DIR/,
    ],
    [
      'reset of something else',
      ['--data', __dirname, 'reset', '--yes'],
      /not a lake that medallion made; nothing was removed/,
    ],
  ];

  test.each(CASES)('%s: exit code 2, a line on standard error, nothing on standard output', (_what, args, expected) => {
    const { code, stdout, stderr } = medallion(args);
    expect(stderr).toMatch(expected);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('with --json: an unknown option has the code of a usage error', () => {
    const { code, stdout } = medallion(['list', '--bogus', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ code: 'USAGE', error: "unknown option '--bogus'" });
  });

  test('with --json: the error is an object on standard output', () => {
    const { code, stdout } = medallion(['--app', app, 'run', 'zipcode', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ code: 'USAGE', error: expect.stringContaining('Did you mean "zipcodes"') });
  });
});

test('a cache that is a file: exit code 2, and what to name instead', () => {
  const cache = path.join(temporaryFolder(), 'cache');
  fs.writeFileSync(cache, '');
  const { code, stderr } = medallion(['--app', app, '--data', temporaryFolder(), 'run', 'zipcodes'], {
    MEDALLION_CACHE: cache,
  });
  expect(stderr).toBe(`error: ${cache} is a file, and the cache is a folder. Name one with MEDALLION_CACHE.\n`);
  expect(code).toBe(2);
});

test('a reader that has enough is no error', () => {
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', '("$@"; echo "ended with $?" >&2) | true', 'sh', process.execPath, ...TS_NODE, MAIN, '--app', app, 'list'],
    {
      encoding: 'utf8',
      env: { ...process.env, TS_NODE_PROJECT },
    },
  );
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'ended with 0\n' });
});

describe('without what it needs', () => {
  const bin = temporaryFolder();
  const old = path.join(bin, 'python3');
  fs.writeFileSync(old, '#!/bin/sh\necho "3.8 /usr/bin/python3"\n', { mode: 0o755 });

  test.each([
    [
      'no Python',
      temporaryFolder(),
      {},
      /Python 3.11, 3.12 or 3.13 is needed: none was found on the PATH. Install Python 3.11/,
    ],
    [
      'a Python that is too old',
      bin,
      {},
      /\/usr\/bin\/python3 is 3.8. Install Python 3.11, or name one with MEDALLION_PYTHON/,
    ],
    [
      'MEDALLION_PYTHON that is not there',
      bin,
      { MEDALLION_PYTHON: '/nowhere/python' },
      /MEDALLION_PYTHON=\/nowhere\/python does not start/,
    ],
  ])('%s: exit code 1 and what to install', (_what, PATH, env, expected) => {
    const { code, stderr } = medallion(['--app', app, '--data', temporaryFolder(), 'run', 'zipcodes'], {
      PATH,
      MEDALLION_CACHE: temporaryFolder(),
      JAVA_HOME: '',
      ...env,
    });
    expect(stderr).toMatch(expected);
    expect(code).toBe(1);
  });

  test('no network: exit code 1, and the cause in a line', () => {
    const unreachable = { PIP_INDEX_URL: 'http://127.0.0.1:1/simple', PIP_FIND_LINKS: '', PIP_NO_CACHE_DIR: '1', PIP_DEFAULT_TIMEOUT: '1' };
    const { code, stderr } = medallion(['--app', app, '--data', temporaryFolder(), 'run', 'zipcodes'], {
      MEDALLION_CACHE: temporaryFolder(),
      ...unreachable,
    });
    expect(stderr).toMatch(
      /The package index cannot be reached. The first set-up needs the network.* All of it: .*set-up.log/,
    );
    expect(code).toBe(1);
  });
});

describe('reset', () => {
  function lake(): string {
    const data = path.join(temporaryFolder(), '.medallion');
    fs.mkdirSync(path.join(data, 's3'), { recursive: true });
    return data;
  }

  test('asks first, so without a terminal it needs --yes', () => {
    const data = lake();
    expect(medallion(['--data', data, 'reset'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/add --yes/) as string,
    });
    expect(fs.existsSync(data)).toBe(true);
    expect(medallion(['--data', data, 'reset', '--yes'])).toMatchObject({
      code: 0,
      stdout: `Removed the lake at ${data}\n`,
    });
    expect(fs.existsSync(data)).toBe(false);
  });

  test('of no lake is done already', () => {
    expect(medallion(['--data', 'nowhere', 'reset', '--yes']).code).toBe(0);
  });

  test('of a lake in use says by which process', async () => {
    const data = lake();
    const holder = spawn(
      process.execPath,
      [
        ...TS_NODE,
        '-e',
        `
      const { Lake } = require(${JSON.stringify(path.join(__dirname, '..', '..', 'src', 'cli', 'lake.ts'))});
      Lake.open(${JSON.stringify(data)});
      console.log('open'); setTimeout(() => {}, 60000);`,
      ],
      { env: { ...process.env, TS_NODE_PROJECT } },
    );
    await Promise.race(['data', 'end'].map(event => new Promise(resolve => holder.stdout.once(event, resolve))));
    const { code, stderr } = medallion(['--data', data, 'reset', '--yes']);
    const closed = new Promise(resolve => holder.once('close', resolve));
    holder.kill('SIGKILL');
    await closed;
    expect(stderr).toContain(`${data} is in use by another medallion, process ${holder.pid}`);
    expect(code).toBe(1);
    expect(medallion(['--data', data, 'reset', '--yes']).code).toBe(0);
  });
});
