import { AppSynthesis } from './app-synthesis';
import { AppWatch } from './app-watch';
import { Dataset } from './dataset';
import { defaultRules, RunRules } from './dataset-runner';
import { describeWarnings } from './describe';
import { differences } from './diff';
import { formatTableDiff } from './diff-result';
import { setUpLake } from './environment';
import { Failure } from './failure';
import { inputEnd } from './input-end';
import { Lake } from './lake';
import { paint, Progress } from './progress';
import { readPublication } from './publication';
import { hasSucceeded, Result } from './result';
import { argumentsOf } from './run-job';
import { runOrder } from './run-order';
import { RunSession, SessionOptions, withGlueVersion } from './run-session';
import { outputWidth } from './table';
import { describeTableWithSample } from './table-sample';
import { resultIfUpToDate } from './up-to-date';
import { usesSpark } from './uses-spark';
import { WatchedDatasets } from './watched-datasets';

/** The options of `medallion dev`. */
export interface DevOptions extends Omit<SessionOptions, 'synth'> {
  /** The quality gates that are allowed to fail, for example because a changed query returns different columns. */
  readonly allow: string[];
}

/** The number of rows that are shown for each kind of change. */
const CHANGED_ROWS = 5;
/** The maximum number of JVMs that wait for the next change. Each JVM uses 0.5 GB of memory. */
const MAX_SESSIONS = 3;
/** The number of changed files that are listed. */
const LISTED_FILES = 3;

/**
 * Watches an app. When a file changes, synthesizes the app, runs the datasets that have changed and those that depend
 * on them, and prints their tables and the differences. Ends when the user presses Ctrl-C or, if standard input is a
 * pipe, when the pipe is closed.
 *
 * @param names the datasets to watch and to run at the start, each with its inputs. If empty, all datasets are watched,
 * and none runs at the start
 */
export async function dev(names: readonly string[], options: DevOptions): Promise<void> {
  if (options.json) {
    throw new Failure('`medallion dev` has no JSON output. Use `medallion run --synth --json`.', 2);
  }
  const progress = new Progress();
  const lake = Lake.open(options.data);
  const synthesis = new AppSynthesis(options.app, lake.scratch, await setUpLake(progress));
  const watch = new AppWatch(synthesis.folder, [options.app, options.data]);
  await progress.step('Synthesized the app', () => synthesis.run());
  const datasets = new WatchedDatasets(names, options);
  const session = await RunSession.open(
    { order: [], lake, progress }, options, Math.max(MAX_SESSIONS, options.jobs ?? 1), true,
  );
  const context = { datasets, synthesis, session, lake, progress, options };
  const end = Promise.race([session.failure(), inputEnd()]);
  // This promise is awaited below, but it can already be rejected during a run.
  end.catch(() => undefined);
  try {
    await reportingFailure(progress, () => runWithDependents(datasets.named(), context));
    for (;;) {
      const { watched } = datasets;
      await session.prepare([...watched.slice(0, MAX_SESSIONS), ...watched.filter(usesSpark).slice(0, 1)]);
      const { length } = watched;
      progress.line(paint('dim', `\nWatching ${length} dataset${length === 1 ? '' : 's'}. Press Ctrl-C to stop.`));
      const files = await Promise.race([watch.changed(), end]);
      if (files === undefined) {
        return;
      }
      await reportingFailure(progress, () => runChanges(files, context));
    }
  } finally {
    await session.close();
  }
}

/** The objects that all runs of `medallion dev` share. */
interface DevContext {
  readonly datasets: WatchedDatasets;
  readonly synthesis: AppSynthesis;
  readonly session: RunSession;
  readonly lake: Lake;
  readonly progress: Progress;
  readonly options: DevOptions;
}

/** Does the work. A failure is printed instead of thrown, because the next change can fix its cause. */
async function reportingFailure(progress: Progress, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    progress.line(`${paint('red', 'error')}: ${error.message}`);
  }
}

/** Synthesizes the app after files have changed, and runs the datasets that are new or have changed. */
async function runChanges(files: string[], context: DevContext): Promise<void> {
  const { datasets, synthesis, progress } = context;
  const more = files.length - LISTED_FILES;
  progress.line(
    `\n${paint('bold', files.slice(0, LISTED_FILES).join(', '))}${more > 0 ? ` and ${more} more` : ''} changed`,
  );
  const started = Date.now();
  await progress.step('Synthesized the app', () => synthesis.run());
  const changed = datasets.read();
  if (changed.length === 0) {
    progress.line('No dataset has changed.');
    return;
  }
  try {
    await runWithDependents(changed, context, started);
  } catch (error) {
    datasets.forget(changed);
    throw error;
  }
}

/**
 * Runs datasets, the datasets that depend on them, and inputs that have no published table. Then prints tables and
 * differences.
 */
async function runWithDependents(changed: Dataset[], context: DevContext, started = Date.now()): Promise<void> {
  if (changed.length === 0) {
    return;
  }
  const { datasets, session, lake, progress, options } = context;
  const hasTable = (runs: string) => lake.hasTable(runs);
  const requested = datasets.withDependents(changed, hasTable);
  const order = runOrder(requested, datasets.all, { ...options, hasTable })
    .map(dataset => ({ ...withGlueVersion(dataset, options), arguments: argumentsOf(dataset, options) }));
  const changedRuns = new Set(changed.map(({ runs }) => runs));
  const dependents = new Set(requested.map(({ runs }) => runs).filter(runs => !changedRuns.has(runs)));
  const before = new Map(order.map(({ runs }) => [runs, readPublication(lake, runs)?.run_id]));
  await session.add(order);
  const results = await session.runner(order, rulesOf(order, dependents, lake)).run(options.jobs ?? 1);
  const seconds = (Date.now() - started) / 1000;
  for (const [index, dataset] of order.entries()) {
    if (results[index].status === 'published') {
      await printResult(dataset, results[index], before.get(dataset.runs), changedRuns.has(dataset.runs), context);
    }
  }
  const failed = order.filter((_, index) => !hasSucceeded(results[index]));
  // Failed datasets run again after the next change, whatever it is: the cause can be outside the app.
  datasets.forget(failed);
  progress.line(
    `\n${failed.length > 0 ? `${failed.length} of ${results.length} failed` : 'Done'} in ${seconds.toFixed(1)} s`,
  );
}

/** Dependent datasets run only if an input has a newer publication. */
function rulesOf(order: Dataset[], dependents: ReadonlySet<string>, lake: Lake): RunRules {
  const rules = defaultRules(order, lake);
  return {
    ...rules,
    resultWithoutJob: (dataset, results) => rules.resultWithoutJob(dataset, results)
      ?? (dependents.has(dataset.runs) ? resultIfUpToDate(dataset, lake) : undefined),
  };
}

/**
 * Prints what a run has published.
 *
 * @param earlier the run of the previous publication, if there was one
 * @param isChanged whether the dataset itself has changed. For dependent datasets, only the differences are printed
 */
async function printResult(
  dataset: Dataset, result: Result, earlier: string | undefined, isChanged: boolean, context: DevContext,
): Promise<void> {
  const { session, lake, progress } = context;
  const lines: string[] = [];
  if (isChanged || earlier === undefined) {
    for (const table of result.tables) {
      lines.push(...await describeTableWithSample(table, session.python, lake));
    }
  }
  if (earlier !== undefined && result.run_id !== null) {
    const { tables } = await differences(dataset, earlier, result.run_id, lake, CHANGED_ROWS);
    const [{ database }] = result.tables;
    const changes = tables.flatMap(table => formatTableDiff(table, database, outputWidth() - 2));
    lines.push('', `Changes since run ${earlier}`, ...changes.map(line => `  ${line}`));
  }
  progress.output([...lines, ...describeWarnings(result.warnings ?? [])]);
}
