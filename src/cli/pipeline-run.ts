import { DEFAULT_APP } from './assembly';
import { defaultConcurrency } from './concurrency';
import { Dataset, fullName, readDatasets } from './dataset';
import { RunRules } from './dataset-runner';
import { describePipeline } from './describe';
import { Failure } from './failure';
import { DEFAULT_DATA, Lake } from './lake';
import { datasetsOf, Pipeline, readPipelines, selectPipeline } from './pipeline';
import { DatasetResult, datasetResultOf, PipelineResult, StoredResult } from './pipeline-result';
import { isUnsuccessful, resumedResults } from './pipeline-rules';
import { Progress } from './progress';
import { inSession, prepareAssembly, SessionOptions, withGlueVersion } from './run-session';
import { readValues } from './substitutes';
import { resultIfUpToDate } from './up-to-date';

/** The options of `medallion run --pipeline`. */
export interface PipelineRunOptions extends SessionOptions {
  readonly pipeline: string;
  /** Run only the datasets that failed or were skipped in the last run. */
  readonly resume?: true;
}

/**
 * Runs a pipeline on this machine, with the rules that its state machines apply in AWS, and prints its result.
 *
 * @returns true if no dataset failed and no dataset was skipped
 */
export async function runPipeline(options: PipelineRunOptions): Promise<boolean> {
  const progress = new Progress();
  prepareAssembly(options, progress);
  const values = readValues(options.value);
  const pipeline = selectPipeline(readPipelines(options.app, values), options.pipeline, options.stack);
  const datasets = datasetsOf(pipeline, readDatasets(options.app, values));
  const lake = Lake.open(options.data);
  const stored = new StoredResult(lake, `${pipeline.account}-${pipeline.region}-${pipeline.stateMachine}`);
  const done = resultsBefore(pipeline, datasets, options.resume ? previousResults(stored, pipeline) : []);
  const order = pipeline.nodes
    .filter(({ dataset }) => !done.has(dataset))
    .map(({ dataset }) => withGlueVersion(datasets.get(dataset)!, options));
  const result = await inSession(
    { order, lake, progress, rules: rulesOf(pipeline, done, lake) },
    options,
    async runner => {
      const results = await runner.run(Math.min(options.jobs ?? defaultConcurrency(), pipeline.max));
      return pipelineResultOf(pipeline, [...done.values(), ...results.map(datasetResultOf)]);
    },
  );
  const hasSucceeded = !result.datasets.some(isUnsuccessful);
  if (hasSucceeded) {
    stored.remove();
  } else {
    stored.write(result);
  }
  process.stdout.write(
    options.json ? `${JSON.stringify(result)}\n` : `${describePipeline(result).join('\n')}\n`,
  );
  if (!hasSucceeded) {
    progress.line(`\nTo run only the datasets that failed or were skipped: ${resumeCommand(options)}`);
  }
  return hasSucceeded;
}

function previousResults(stored: StoredResult, { pipeline }: Pipeline): DatasetResult[] {
  const previous = stored.read();
  if (previous === undefined) {
    throw new Failure(
      `--resume requires a failed run, but the last local run of the pipeline "${pipeline}" succeeded, or there was `
        + 'none. Run the pipeline without --resume.',
      2,
    );
  }
  return previous.datasets;
}

/**
 * The results of the datasets that do not run: datasets of other apps, and datasets that need not run again when a run
 * is resumed.
 */
function resultsBefore(
  { nodes }: Pipeline, datasets: Map<string, Dataset>, previous: DatasetResult[],
): Map<string, DatasetResult> {
  const others = nodes.filter(({ dataset }) => !datasets.has(dataset)).map(({ dataset }): DatasetResult => ({
    dataset,
    status: 'not_run',
    reason: 'another app deploys it: to run it, pass the cloud assembly of that app to --app',
  }));
  return new Map([...others.map(result => [result.dataset, result] as const), ...resumedResults(nodes, previous)]);
}

function rulesOf({ nodes, usesPublished }: Pipeline, done: Map<string, DatasetResult>, lake: Lake): RunRules {
  return {
    nameOf: fullName,
    nodes,
    done,
    usesPublished,
    resultWithoutJob: dataset => resultIfUpToDate(dataset, lake),
  };
}

/** The result of a pipeline, with its datasets in order. */
function pipelineResultOf({ pipeline, nodes }: Pipeline, results: DatasetResult[]): PipelineResult {
  const byName = new Map(results.map(result => [result.dataset, result]));
  return { pipeline, datasets: nodes.flatMap(({ dataset }) => byName.get(dataset) ?? []) };
}

function resumeCommand({ app, data, stack, pipeline }: PipelineRunOptions): string {
  return [
    'npx medallion',
    ...(app === DEFAULT_APP ? [] : [`--app ${app}`]),
    ...(data === DEFAULT_DATA ? [] : [`--data ${data}`]),
    `run --pipeline ${pipeline}`,
    ...(stack === undefined ? [] : [`--stack ${stack}`]),
    '--resume',
  ].join(' ');
}
