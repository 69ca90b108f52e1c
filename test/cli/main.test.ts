import { spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { glueJob, schedule, stateMachine, temporaryFolder, writeAssembly } from './assembly-fixture';
import { onTerminal, TerminalOutput } from './terminal';
import { displayWidth } from '../../src/cli/display-width';
import { GATES } from '../../src/cli/gates';
import { LOAD_TYPESCRIPT } from '../load-typescript';

const MAIN = path.join(__dirname, '..', '..', 'src', 'cli', 'main.ts');
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

const withPipelines = writeAssembly({
  Lake: {
    resources: { Dataset: { Type: 'AWS::StepFunctions::StateMachine', Properties: { DefinitionString: '{}' } } },
  },
  Datasets: {
    resources: {
      A: glueJob({ dataset: 'places', layer: 'gold', inputs: ['bronze/zipcodes'] }),
      B: glueJob({ dataset: 'zipcodes' }),
      Daily: stateMachine({
        pipeline: 'daily', inputs: { 'bronze/zipcodes': [], 'gold/places': ['bronze/zipcodes'] }, max: 3,
      }),
      Schedule: schedule('Daily', 'cron(0 6 * * ? *)', 'America/New_York'),
    },
  },
  Weekly: {
    environment: 'aws://111122223333/eu-west-1',
    resources: {
      Weekly: stateMachine({ pipeline: 'weekly', inputs: { 'bronze/zipcodes': [] }, usesPublished: true }),
    },
  },
});

/** Runs the command as a child process without a terminal. */
function medallion(
  args: string[],
  env: Record<string, string> = {},
): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...LOAD_TYPESCRIPT, MAIN, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { code: status, stdout, stderr };
}

describe('list', () => {
  test('prints the datasets, without colors if standard output is not a terminal', () => {
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

  test('prints the inputs of gold datasets, in the order of the app', () => {
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

  test('prints an array with --json before or after the command', () => {
    const [before, after] = [['--json', 'list'], ['list', '--json']].map(args => medallion(['--app', app, ...args]));
    expect(before).toEqual(after);
    expect(JSON.parse(after.stdout)).toMatchObject([
      { dataset: 'zipcodes', glue_version: '5.0' },
      { dataset: 'airports' },
    ]);
  });
});

describe('list with pipelines', () => {
  const PIPELINES = [
    'pipeline  datasets  schedule                            state machine  stack',
    'daily     2         cron(0 6 * * ? *) America/New_York  pp-dw-daily    Datasets',
    'weekly    1                                             pp-dw-weekly   Weekly',
  ];

  test('prints the pipelines below the datasets', () => {
    expect(medallion(['--app', withPipelines, 'list']).stdout.split('\n').slice(-5)).toEqual(['', ...PIPELINES, '']);
  });

  test('--json prints only the datasets, as an array', () => {
    const datasets = JSON.parse(medallion(['--app', withPipelines, 'list', '--json']).stdout);
    expect(datasets).toMatchObject([{ dataset: 'places' }, { dataset: 'zipcodes' }]);
  });

  test('prints only the pipelines if the app has no datasets', () => {
    const Weekly = stateMachine({ pipeline: 'weekly', inputs: {} });
    const alone = writeAssembly({ Weekly: { resources: { Weekly } } });
    expect(medallion(['--app', alone, 'list'])).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        'pipeline  datasets  schedule  state machine  stack',
        'weekly    0                   pp-dw-weekly   Weekly',
        '',
      ].join('\n'),
    });
  });

  test('--pipelines prints the commands that resume executions, with the ARN if the environment is known', () => {
    const resume = (pipeline: string, environment: string) => [
      '',
      `Resume a failed execution of ${pipeline} in AWS:`,
      '  aws stepfunctions start-execution --state-machine-arn '
        + `arn:aws:states:${environment}:stateMachine:pp-dw-${pipeline} \\`,
      '    --input "$(aws stepfunctions describe-execution --execution-arn '
        + `arn:aws:states:${environment}:execution:pp-dw-${pipeline}:EXECUTION \\`,
      '      --query cause --output text)"',
    ];
    expect(medallion(['--app', withPipelines, 'list', '--pipelines']).stdout.split('\n')).toEqual([
      ...PIPELINES, ...resume('daily', 'REGION:ACCOUNT'), ...resume('weekly', 'eu-west-1:111122223333'), '',
    ]);
  });

  test('--pipelines --json prints an array of pipelines', () => {
    expect(JSON.parse(medallion(['--app', withPipelines, 'list', '--pipelines', '--json']).stdout)).toEqual([
      {
        pipeline: 'daily',
        state_machine: 'pp-dw-daily',
        state_machine_arn: null,
        schedule: 'cron(0 6 * * ? *)',
        timezone: 'America/New_York',
        datasets: [
          { dataset: 'bronze/zipcodes', inputs: [] }, { dataset: 'gold/places', inputs: ['bronze/zipcodes'] },
        ],
        max_concurrent_jobs: 3,
        on_failed_input: 'skip',
        stack: 'Datasets',
      },
      {
        pipeline: 'weekly',
        state_machine: 'pp-dw-weekly',
        state_machine_arn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:pp-dw-weekly',
        schedule: null,
        timezone: null,
        datasets: [{ dataset: 'bronze/zipcodes', inputs: [] }],
        max_concurrent_jobs: 10,
        on_failed_input: 'use_published',
        stack: 'Weekly',
      },
    ]);
  });

  test('--pipelines says what to do if the app has none', () => {
    const { code, stdout, stderr } = medallion(['--app', app, 'list', '--pipelines']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/The app does not contain a pipeline yet\. Add an EtlPipeline/);
  });
});

describe('list on a terminal', () => {
  const long = (prefix: string) => `${prefix}-of-the-northern-regions`;
  const layouts = {
    'long names': writeAssembly({
      TheDatasetsOfTheNorthernRegionsStack: {
        resources: {
          A: glueJob({ dataset: long('measurements') }),
          B: glueJob({
            dataset: long('stations'),
            layer: 'gold',
            inputs: [`bronze/${long('measurements')}`, 'bronze/b'],
          }),
        },
      },
    }),
    'long names without inputs': writeAssembly({
      TheDatasetsOfTheNorthernRegionsStack: { resources: { A: glueJob({ dataset: long('measurements') }) } },
    }),
    'wide characters': writeAssembly({
      北部地域のデータセットのスタック: {
        resources: {
          A: glueJob({ dataset: '北部地域の測定値' }),
          B: glueJob({ dataset: '観測所', layer: 'gold', inputs: ['bronze/北部地域の測定値'] }),
        },
      },
    }),
  };

  function listOn(columns: number, assembly: string): Promise<TerminalOutput> {
    return onTerminal(
      [process.execPath, ...LOAD_TYPESCRIPT, MAIN, '--app', assembly, 'list'],
      columns,
      process.env,
    );
  }

  test.each(Object.entries(layouts).flatMap(([what, assembly]) => [40, 80, 100].map(
    columns => [what, columns, assembly] as const,
  )))('%s: no line is longer than %d columns', async (_what, columns, assembly) => {
    const output = await listOn(columns, assembly);
    expect(output.code).toBe(0);
    expect(Math.max(...output.lines.map(displayWidth))).toBeLessThanOrEqual(columns);
  });

  test('a dataset has several lines if the table does not fit, and all names are complete', async () => {
    expect((await listOn(80, layouts['long names'])).lines).toEqual([
      'measurements-of-the-northern-regions  bronze',
      '  tables  pp_dw_bronze.measurements-of-the-northern-regions',
      '  job     pp-dw-bronze-measurements-of-the-northern-regions',
      '  stack   TheDatasetsOfTheNorthernRegionsStack',
      'stations-of-the-northern-regions  gold',
      '  tables  pp_dw_gold.stations-of-the-northern-regions',
      '  inputs  bronze/measurements-of-the-northern-regions bronze/b',
      '  job     pp-dw-gold-stations-of-the-northern-regions',
      '  stack   TheDatasetsOfTheNorthernRegionsStack',
      '',
    ]);
    expect((await listOn(40, layouts['wide characters'])).lines.slice(0, 5)).toEqual([
      '北部地域の測定値  bronze',
      '  tables  pp_dw_bronze.北部地域の測定値',
      '  job     pp-dw-bronze-北部地域の測定値',
      '  stack   北部地域のデータセットのスタッ',
      '          ク',
    ]);
  });

  test('a wide terminal shows the same table as a pipe', async () => {
    const { stdout } = medallion(['--app', layouts['long names'], 'list']);
    expect((await listOn(280, layouts['long names'])).lines).toEqual(stdout.split('\n'));
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
      /No dataset is specified\. Run one dataset with `medallion run DATASET` .*, or all datasets with `medallion run --all`/,
    ],
    [
      'a dataset and --all',
      ['--app', app, 'run', 'zipcodes', '--all'],
      /--all cannot be combined with a dataset \("zipcodes"\)\. Omit one of them/,
    ],
    [
      '--all and --from-run',
      ['--app', app, 'run', '--all', '--from-run', 'x'],
      /option '--all' cannot be used with option '--from-run <run_id>'/,
    ],
    [
      '--all and --allow',
      ['--app', app, 'run', '--all', '--allow', 'shrink'],
      /option '--all' cannot be used with option '--allow <gate>'/,
    ],
    [
      'a dataset and --pipeline',
      ['--app', withPipelines, 'run', 'zipcodes', '--pipeline', 'daily'],
      /--pipeline cannot be combined with a dataset \("zipcodes"\)\. Omit one of them/,
    ],
    ...['--all', '--with-inputs', '--force', '--allow=shrink', '--reset-contract', '--from-run=x', '--date=2026-11-02']
      .map((option): [string, string[], RegExp] => [
        `--pipeline and ${option}`,
        ['--app', withPipelines, 'run', '--pipeline', 'daily', option],
        new RegExp(`option '--pipeline <pipeline>' cannot be used with option '${option.split('=')[0]}`),
      ]),
    [
      'an unknown pipeline',
      ['--app', withPipelines, 'run', '--pipeline', 'dayly'],
      /The pipeline "dayly" does not exist\. Did you mean "daily"\? The pipelines of the app are: daily, weekly\./,
    ],
    [
      'a pipeline of another stack',
      ['--app', withPipelines, 'run', '--pipeline', 'daily', '--stack', 'Weekly'],
      /The pipeline "daily" does not exist\. The pipelines of the app are: weekly\./,
    ],
    [
      'a stack without a pipeline',
      ['--app', withPipelines, 'run', '--pipeline', 'daily', '--stack', 'Dataset'],
      /Stack "Dataset" does not contain a pipeline\. Did you mean "Datasets"\? Stacks with pipelines: Datasets, Weekly\./,
    ],
    [
      'a pipeline in an app without pipelines',
      ['--app', app, 'run', '--pipeline', 'daily'],
      /The app does not contain a pipeline yet\. Add an EtlPipeline to a stack, and run `npx cdk synth`\. .* `medallion run --all`/,
    ],
    [
      '--resume without --pipeline',
      ['--app', withPipelines, 'run', 'zipcodes', '--resume'],
      /--resume requires --pipeline NAME/,
    ],
    [
      '--resume without a failed run',
      ['--app', withPipelines, '--data', temporaryFolder(), 'run', '--pipeline', 'daily', '--resume'],
      /--resume requires a failed run, but the last local run of the pipeline "daily" succeeded, or there was none\. Run the pipeline without --resume\./,
    ],
    [
      '--date with a date that does not exist',
      ['--app', app, 'run', 'zipcodes', '--date', '2026-02-30'],
      /argument '2026-02-30' is invalid\. Specify a date that exists, for example 2026-11-02/,
    ],
    [
      '--date and --from-run',
      ['--app', app, 'run', 'zipcodes', '--date', '2026-11-02', '--from-run', 'x'],
      /option '--date <date>' cannot be used with option '--from-run <run_id>'/,
    ],
    [
      '--date for a gold dataset',
      ['--app', withGold, 'run', 'places', '--date', '2026-11-02'],
      /--date applies to bronze datasets, but places is a gold dataset/,
    ],
    [
      'an unknown stack',
      ['--app', app, 'run', '--all', '--stack', 'Other'],
      /Stack "Other" does not contain a dataset\. Stacks with datasets: Datasets/,
    ],
    [
      '--jobs 0',
      ['--app', app, 'run', '--all', '--jobs', '0'],
      /argument '0' is invalid\. Specify an integer of at least 1/,
    ],
    [
      'an input of another app without a table',
      ['--app', withGold, '--data', temporaryFolder(), 'run', 'places'],
      /The input bronze\/airports of gold\/places is not in the app at .* and has no published table in the lake at .*: npx medallion --app DIR --data .* run bronze\/airports/,
    ],
    [
      '--contract for a gold dataset',
      ['--app', withGold, 'reset', '--contract', 'places'],
      /gold\/places has no schema contract: its query or script determines its columns/,
    ],
    [
      '--from-run for a gold dataset',
      ['--app', withGold, 'run', 'places', '--from-run', 'x'],
      /--from-run applies to bronze datasets, but places is a gold dataset\. Run an input with --from-run \(bronze\/zipcodes, bronze\/airports\), then run places without it/,
    ],
    [
      'an unknown dataset',
      ['--app', app, 'run', 'zipcode'],
      /The dataset "zipcode" does not exist\. Did you mean "zipcodes"\? The datasets of the app are: zipcodes, airports/,
    ],
    [
      'no cloud assembly',
      ['--app', 'nowhere', 'run', 'zipcodes'],
      /nowhere\/manifest\.json does not exist\. Run `npx cdk synth` in the folder of the app/,
    ],
    [
      'an unsupported Glue version',
      ['--app', app, 'run', 'zipcodes', '--glue-version', '4.0'],
      /Allowed choices are 5.0/,
    ],
    [
      'a misspelled gate',
      ['--app', app, 'run', 'zipcodes', '--allow', 'shrnk'],
      /option '--allow <gate>' argument 'shrnk' is invalid\. Did you mean "shrink"\? The quality gates are required_columns, /,
    ],
    [
      'SQL as an argument and in a file',
      ['query', 'select 1', '-f', 'x.sql'],
      /The SQL is specified twice, as an argument and with --file\. Omit one of them/,
    ],
    ['a missing SQL file', ['query', '-f', 'nowhere.sql'], /The file nowhere\.sql of --file does not exist/],
    ['--csv and --line', ['query', 'select 1', '--csv', '--line'], /option '--line' cannot be used with option '--csv'/],
    ['an unknown shell', ['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
    ['no SQL', ['query'], /missing required argument 'sql'/],
    [
      'a file as the cloud assembly',
      ['--app', 'package.json', 'list'],
      /package\.json\/manifest\.json does not exist\. Run `npx cdk synth` in the folder of the app/,
    ],
    [
      'a query without a lake',
      ['--data', 'nowhere', 'query', 'select 1'],
      /nowhere does not contain a local lake\. Run a dataset first: npx medallion run DATASET\. Or set the folder of the lake with --data DIR/,
    ],
    ['empty SQL', ['query', ' '], /The SQL is empty\. Example: npx medallion query "SELECT/],
    [
      'a file as the lake',
      ['--app', app, '--data', 'package.json', 'run', 'zipcodes'],
      /package\.json is a file, but the lake requires a folder\. Set another folder with --data DIR/,
    ],
    [
      'a lake below a file',
      ['--app', app, '--data', 'package.json/lake', 'run', 'zipcodes'],
      /Cannot create the folder .*package\.json\/lake: a part of the path is a file\. Set another folder with --data DIR/,
    ],
    [
      '--from-run without a run ID',
      ['--app', app, 'run', 'zipcodes', '--from-run'],
      /option '--from-run <run_id>' argument missing/,
    ],
    [
      '--contract for an unknown dataset',
      ['--app', app, 'reset', '--contract', 'zipcode'],
      /The dataset "zipcode" does not exist\. Did you mean "zipcodes"\?/,
    ],
    [
      '--contract without a lake',
      ['--app', app, '--data', 'nowhere', 'reset', '--contract', 'zipcodes'],
      /nowhere does not contain a local lake\. Run the dataset first: npx medallion run zipcodes\. Or set the folder of the lake with --data DIR/,
    ],
    [
      'reset of a folder that is not a lake',
      ['--data', __dirname, 'reset', '--yes'],
      /is not a local lake\. Nothing was deleted/,
    ],
  ];

  test.each(CASES)('%s: exit code 2, one line on standard error, and no output', (_what, args, expected) => {
    const { code, stdout, stderr } = medallion(args);
    expect(stderr).toMatch(expected);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('with --json, an unknown option has the code USAGE', () => {
    const { code, stdout } = medallion(['list', '--bogus', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ code: 'USAGE', error: "unknown option '--bogus'" });
  });

  test('--json cannot be combined with --csv', () => {
    expect(JSON.parse(medallion(['query', 'select 1', '--csv', '--json']).stdout)).toEqual({
      code: 'USAGE',
      error: '--json cannot be combined with --csv. Omit one of them.',
    });
  });

  test('with --json, the error is a JSON object on standard output', () => {
    const { code, stdout } = medallion(['--app', app, 'run', 'zipcode', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ code: 'USAGE', error: expect.stringContaining('Did you mean "zipcodes"') });
  });
});

test('a file as the cache is a usage error', () => {
  const cache = path.join(temporaryFolder(), 'cache');
  fs.writeFileSync(cache, '');
  const { code, stderr } = medallion(['--app', app, '--data', temporaryFolder(), 'run', 'zipcodes'], {
    MEDALLION_CACHE: cache,
  });
  expect(stderr).toBe(
    `error: ${cache} is a file, but the cache requires a folder. Set another folder with MEDALLION_CACHE.\n`,
  );
  expect(code).toBe(2);
});

test('a closed output pipe is not an error', () => {
  const command = [process.execPath, ...LOAD_TYPESCRIPT, MAIN, '--app', app, 'list'];
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', '("$@"; echo "ended with $?" >&2) | true', 'sh', ...command],
    { encoding: 'utf8' },
  );
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'ended with 0\n' });
});

describe('missing requirements', () => {
  const bin = temporaryFolder();
  const old = path.join(bin, 'python3');
  fs.writeFileSync(old, '#!/bin/sh\necho "3.8 /usr/bin/python3"\n', { mode: 0o755 });

  test.each([
    [
      'no Python',
      temporaryFolder(),
      {},
      /Python 3.11, 3.12 or 3.13 is required: no Python was found on the PATH. Install Python 3.11/,
    ],
    [
      'an unsupported Python version',
      bin,
      {},
      /\/usr\/bin\/python3 is version 3.8. Install Python 3.11, or set MEDALLION_PYTHON to an interpreter/,
    ],
    [
      'a MEDALLION_PYTHON that does not exist',
      bin,
      { MEDALLION_PYTHON: '/nowhere/python' },
      /MEDALLION_PYTHON=\/nowhere\/python does not start/,
    ],
  ])('%s: exit code 1 and installation instructions', (_what, PATH, env, expected) => {
    const { code, stderr } = medallion(['--app', app, '--data', temporaryFolder(), 'run', 'zipcodes'], {
      PATH,
      MEDALLION_CACHE: temporaryFolder(),
      JAVA_HOME: '',
      ...env,
    });
    expect(stderr).toMatch(expected);
    expect(code).toBe(1);
  });

  test('no network: exit code 1 and the cause in one line', () => {
    const unreachable = { PIP_INDEX_URL: 'http://127.0.0.1:1/simple', PIP_FIND_LINKS: '', PIP_NO_CACHE_DIR: '1', PIP_DEFAULT_TIMEOUT: '1' };
    const { code, stderr } = medallion(['--app', app, '--data', temporaryFolder(), 'run', 'zipcodes'], {
      MEDALLION_CACHE: temporaryFolder(),
      ...unreachable,
    });
    expect(stderr).toMatch(
      /Cannot connect to the package index. The first setup requires network access.* Log: .*set-up-installer.log/,
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

  test('requires --yes without a terminal', () => {
    const data = lake();
    expect(medallion(['--data', data, 'reset'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/add --yes/) as string,
    });
    expect(fs.existsSync(data)).toBe(true);
    expect(medallion(['--data', data, 'reset', '--yes'])).toMatchObject({
      code: 0,
      stdout: `Deleted the local lake at ${data}\n`,
    });
    expect(fs.existsSync(data)).toBe(false);
  });

  test('succeeds without a lake', () => {
    expect(medallion(['--data', 'nowhere', 'reset', '--yes']).code).toBe(0);
  });

  test('fails if another process uses the lake', async () => {
    const data = lake();
    const holder = spawn(
      process.execPath,
      [
        ...LOAD_TYPESCRIPT,
        '-e',
        `
      const { Lake } = require(${JSON.stringify(path.join(__dirname, '..', '..', 'src', 'cli', 'lake.ts'))});
      Lake.open(${JSON.stringify(data)});
      console.log('open'); setTimeout(() => {}, 60000);`,
      ],
      { env: process.env },
    );
    await Promise.race(['data', 'end'].map(event => new Promise(resolve => holder.stdout.once(event, resolve))));
    const { code, stderr } = medallion(['--data', data, 'reset', '--yes']);
    const closed = new Promise(resolve => holder.once('close', resolve));
    holder.kill('SIGKILL');
    await closed;
    expect(stderr).toContain(`The local lake ${data} is in use by another medallion command (process ${holder.pid})`);
    expect(code).toBe(1);
    expect(medallion(['--data', data, 'reset', '--yes']).code).toBe(0);
  });
});

test('--version prints the version of the package', () => {
  const { version } = JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(medallion(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('the help of a command has the global options, and the help of run has the gates', () => {
  const { code, stdout } = medallion(['run', '--help']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/--app <dir>[^]*--data <dir>[^]*--json/);
  for (const gate of GATES) {
    expect(stdout).toContain(`"${gate}"`);
  }
});

test('--allow accepts the gates of the job', () => {
  const file = path.join(__dirname, '..', '..', 'glue-templates', 'etl_runtime', 'job', 'arguments.py');
  const [, gates] = /^GATES[^{]*\{([^}]*)\}/m.exec(fs.readFileSync(file, 'utf8'))!;
  expect(GATES).toEqual([...gates.matchAll(/"(\w+)":/g)].map(([, gate]) => gate));
});

describe('completion', () => {
  test.each([
    ['commands', ['qu'], ['query']],
    [
      'the datasets of an app',
      ['--app', app, 'run', ''],
      ['zipcodes', 'bronze/zipcodes', 'airports', 'bronze/airports'],
    ],
    ['a started dataset', ['run', '--app', app, 'a'], ['airports']],
    ['the pipelines of an app', ['--app', withPipelines, 'run', '--pipeline', ''], ['daily', 'weekly']],
    ['a started pipeline', ['run', '--app', withPipelines, '--pipeline', 'w'], ['weekly']],
    ['the dataset of an option', ['--app', app, 'reset', '--contract', 'z'], ['zipcodes']],
    ['gates', ['run', 'zipcodes', '--allow', 'sh'], ['shrink']],
    [
      'options of the command and of every command',
      ['list', '--'],
      ['--pipelines', '--price', '--app', '--data', '--json', '--value', '--version', '--help'],
    ],
    ['languages', ['init', '--language', ''], ['typescript', 'python']],
    ['the option for existing files', ['init', '--f'], ['--from']],
    ['the option that changes them', ['init', '--from', 'lake', '--w'], ['--write']],
    ['a folder', ['init', '--from', ''], []],
    ['no dataset without an app', ['--app', 'nowhere', 'run', ''], []],
    ['a file name', ['query', '--file', ''], []],
  ])('completes %s', (_what, words, candidates) => {
    const { code, stdout, stderr } = medallion(['__complete', '--', ...words]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').slice(0, -1).sort()).toEqual([...candidates].sort());
  });

  test('bash completes with the script', () => {
    const { stdout: script } = medallion(['completion', 'bash']);
    const call = [process.execPath, ...LOAD_TYPESCRIPT, MAIN].map(each => `'${each}'`).join(' ');
    const { stdout, stderr } = spawnSync('bash', ['-c', `
      medallion() { ${call} "$@"; }
      ${script}
      COMP_WORDS=(medallion --app ${app} run zip); COMP_CWORD=4
      _medallion; printf '%s\n' "\${COMPREPLY[@]}"`], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'zipcodes\n', stderr: '' });
  });

  test.each(['zsh', 'fish'])('there is a script for %s', shell => {
    expect(medallion(['completion', shell])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('medallion __complete -- ') as string,
    });
  });
});
