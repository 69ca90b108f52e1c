import * as path from 'path';
import { medallionIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { ROOT } from './command-fixture';
import { historyApp, historyLake, RUN, writeLog, writeObject } from './history-fixture';
import { onTerminal } from './terminal';
import { acquireLock, HeldLock, isLocked } from '../../src/cli/lock';
import { LOAD_TYPESCRIPT } from '../load-typescript';

const app = historyApp();
const data = historyLake();
const medallion = (...args: string[]) => medallionIn(ROOT, ['--app', app, '--data', data, ...args]);
const json = <T>(...args: string[]) => JSON.parse(medallion('--json', ...args).stdout) as T;
const MAIN = path.join(ROOT, 'src', 'cli', 'main.ts');
/** Runs the command on a terminal. */
const terminal = (columns: number, env: object, ...args: string[]) => onTerminal(
  [process.execPath, ...LOAD_TYPESCRIPT, MAIN, '--app', app, '--data', data, ...args],
  columns,
  { ...process.env, ...env },
);

type Printed = Record<string, unknown>;

describe('status', () => {
  const statuses = json<Printed[]>('status');
  const of = (dataset: string) => statuses.find(each => each.dataset === dataset);

  test('the datasets are those of the app, in its order', () => {
    expect(statuses.map(each => each.dataset)).toEqual(['zipcodes', 'events', 'old', 'places', 'hostile']);
  });

  test.each([
    [
      'zipcodes',
      {
        state: 'failed',
        run_id: RUN.failed,
        dpu_seconds: 122.4,
        error_code: 'GATE_MAX_SHRINK',
        published_run_id: RUN.zipcodes,
      },
    ],
    ['events', { state: 'never_run', run_id: null, age_hours: null, rows: null, stale: null, newer_inputs: [] }],
    ['old', { state: 'published', run_id: RUN.old, rows: null, seconds: null, dpu_seconds: null }],
    ['hostile', { state: 'failed', error_code: 'UNEXPECTED_ERROR', published_run_id: null }],
    ['places', {
      state: 'rolled_back',
      rolled_back_to: RUN.places,
      newer_inputs: [{ dataset: 'bronze/zipcodes', read: RUN.old, current: RUN.zipcodes }],
    }],
  ])('the state of %s', (dataset, expected) => {
    expect(of(dataset)).toMatchObject(expected);
  });

  test('a failed dataset is red on a terminal, unless NO_COLOR is set', async () => {
    expect((await terminal(80, {}, 'status')).bytes).toMatch(/\x1b\[31mbronze\/zipcodes +failed/);
    expect((await terminal(80, { NO_COLOR: '1' }, 'status')).bytes).not.toContain('\x1b[');
  });

  test('an app without a local lake has datasets that were never run', () => {
    const { code, stdout } = medallionIn(ROOT, ['--app', app, '--data', path.join(temporaryFolder(), 'x'), 'status']);
    expect(code).toBe(0);
    expect(stdout).toContain('5 datasets: 5 never run');
  });
});

describe('runs', () => {
  test('the runs of all datasets are listed newest first, without records that cannot be read', () => {
    expect(json<Printed[]>('runs').map(each => [each.run_id, each.state, each.rows, each.rows_change])).toEqual([
      [RUN.hostile, 'failed', null, null],
      [RUN.rollback, 'rolled_back', 100, 0],
      [RUN.failed, 'failed', null, null],
      [RUN.killed, 'failed', null, null],
      [RUN.unchanged, 'unchanged', null, null],
      [RUN.places, 'published', 100, null],
      [RUN.zipcodes, 'published', 42049, null],
      [RUN.old, 'published', null, null],
    ]);
  });

  test.each([
    [['zipcodes'], [RUN.failed, RUN.unchanged, RUN.zipcodes]],
    [['gold/places', '--limit', '1'], [RUN.rollback]],
    [['--failed'], [RUN.hostile, RUN.failed, RUN.killed]],
    [['--failed', '--limit', '2'], [RUN.hostile, RUN.failed]],
    [['--since', '2026-11-25'], [RUN.hostile, RUN.rollback, RUN.failed]],
    [['--since', '2026-11-25T02:30'], [RUN.hostile]],
    [['events'], []],
  ])('runs %s lists %s', (args, expected) => {
    expect(json<Printed[]>('runs', ...args).map(each => each.run_id)).toEqual(expected);
  });

  test('the checks that did not pass are listed, and the reason', () => {
    const [failed, unchanged] = json<Printed[]>('runs', 'zipcodes');
    expect(failed.failed_checks).toEqual([
      { name: 'shrink', table: 'zipcodes', found: '12 rows', status: 'failed' },
      { name: 'has_zip', table: 'zipcodes', found: '2 violations of zip IS NOT NULL', status: 'warned' },
    ]);
    expect(failed.reason).toMatch(/^GATE_MAX_SHRINK: /);
    expect(unchanged.reason).toBe(`The tables have not changed since run ${RUN.zipcodes}.`);
  });

  test.each([80, 200])('no line is wider than a terminal of %i columns, and escapes are not printed', async columns => {
    for (const args of [['status'], ['runs'], ['runs', RUN.failed], ['runs', RUN.hostile]]) {
      const { lines, bytes } = await terminal(columns, { NO_COLOR: '1' }, ...args);
      const long = lines.filter(line => line.length > columns && !/^ {2}(runbook|log|job run) /.test(line));
      expect(long).toEqual([]);
      expect(bytes).not.toContain('\x1b');
    }
  });

  test('a narrow terminal shows the run ID below the line of the run', async () => {
    const { lines } = await terminal(80, {}, 'runs', 'zipcodes');
    expect(lines).toContain(`    run ${RUN.failed}  shrink, has_zip (warned)`);
  });

  test('a lake without runs says how to get one', () => {
    expect(medallion('runs', 'events')).toEqual({
      code: 0,
      stdout: '',
      stderr: `No runs of events in ${data} yet. Run a dataset: npx medallion run events. Or set the folder of the `
        + 'lake with --data DIR.\n',
    });
  });

  test.each([
    [['runs', '--since', 'yesterday'], 'Specify hours or days, such as 24h or 7d'],
    [['runs', '--since', '2026-02-30'], 'Specify hours or days, such as 24h or 7d'],
    [['runs', '--limit', '0'], 'Specify an integer of at least 1.'],
    [['runs', 'zipcode'], 'Did you mean "zipcodes"?'],
    [['runs', '20261123T010000000Z-ffffff'], `does not exist in the local lake. The latest runs: ${RUN.hostile}`],
    [['runs', RUN.failed, '--failed'], '--failed does not apply to one run'],
    [['runs', 'zipcodes', '--log'], '--log requires a run'],
    [['logs', 'zipcodes', '--run', RUN.places], 'is not a run of bronze/zipcodes'],
  ])('%s is a usage error', (args, message) => {
    const { code, stderr } = medallion(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('one run', () => {
  test('a failed run has its error with the command of its fix, its checks and its examples', () => {
    const { stdout } = medallion('runs', RUN.failed);
    expect(stdout).toContain('run `npx medallion run zipcodes --allow shrink`');
    expect(stdout).toContain('docs/operations/runbook.md#gate_max_shrink');
    expect(stdout).toMatch(/shrink +zipcodes {2}no {7}12 rows/);
    expect(stdout).toContain('{"zip":null,"city":"Springfield"}');
  });

  test('a run is found by the ID of its Glue job run', () => {
    expect(json<Printed>('runs', 'jr_000001')).toMatchObject({ run_id: RUN.zipcodes, state: 'published' });
  });

  test('the JSON has all keys of the record, and the state', () => {
    expect(json<Printed>('runs', RUN.places)).toMatchObject({
      state: 'published',
      inputs: [{ dataset: 'bronze/zipcodes' }],
      versions: { insert: 100 },
      tables: [{ rows: 100 }],
      log: null,
    });
  });
});

describe('logs', () => {
  const firstLine = (runId: string) => `run      bronze zipcodes  run_id ${runId}`;
  const older = writeLog(data, 'bronze-zipcodes', '20261123-010000', [firstLine(RUN.zipcodes), 'one']);
  writeLog(data, 'bronze-zipcodes', '20261125-010000', [firstLine(RUN.failed), 'two', 'three']);
  // The log of a dataset whose name starts with the name of the other one.
  writeLog(data, 'bronze-zipcodes-2026', '20261126-010000', ['other dataset']);

  test('the log of the last run is printed', () => {
    expect(medallion('logs', 'zipcodes').stdout).toBe(`run      bronze zipcodes  run_id ${RUN.failed}\ntwo\nthree\n`);
    expect(medallion('logs', 'zipcodes', '--tail', '1').stdout).toBe('three\n');
  });

  test('the log of another run is found by its run ID', () => {
    expect(medallion('logs', 'zipcodes', '--run', RUN.zipcodes).stdout).toContain('\none\n');
    expect(json<Printed>('runs', RUN.zipcodes).log).toBe(older);
    expect(medallion('runs', RUN.failed, '--log', '2').stdout).toMatch(/Log, last 2 lines\ntwo\nthree\n$/);
  });

  test('a log that was deleted is an error', () => {
    expect(medallion('logs', 'zipcodes', '--run', RUN.unchanged)).toMatchObject({
      code: 1, stderr: expect.stringContaining('no longer exists'),
    });
    expect(medallion('logs', 'events')).toMatchObject({ code: 1, stderr: expect.stringContaining('has no log') });
  });
});

test('a run without a result is active only while a command holds the lock of the lake', () => {
  const folder = historyLake();
  const runId = '20261127T010000000Z-00000a';
  writeObject(folder, `etl/events/runs/bronze/run_id=${runId}.json`, { status: 'running', run_id: runId });
  const stateOf = () => {
    const args = ['--app', app, '--data', folder, '--json', 'runs', 'events'];
    return (JSON.parse(medallionIn(ROOT, args).stdout) as Printed[])[0];
  };
  expect(stateOf()).toMatchObject({ state: 'failed', error_code: 'RUN_KILLED' });
  const lock = acquireLock(path.join(folder, 'lock'));
  expect(stateOf()).toMatchObject({ state: 'running', error_code: null });
  expect(isLocked(path.join(folder, 'lock'))).toBe(true);
  if (!(lock instanceof HeldLock)) {
    lock();
  }
  expect(isLocked(path.join(folder, 'lock'))).toBe(false);
});
