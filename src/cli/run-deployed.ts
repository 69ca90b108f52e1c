import { fullName, selectDataset } from './dataset';
import { DeployedLake, EndedRun, JobEvent } from './deployed-lake';
import { describeRun, runJson } from './describe-run';
import { oneLine } from './display-width';
import { Failure } from './failure';
import { HistoryOptions } from './history-options';
import { LakeHistory } from './lake-history';
import { withLocalCommands } from './local-command';
import { paint, Progress, statusMark } from './progress';
import { argumentsOf, SingleRunOptions } from './run-job';
import { durationText } from './time-text';

/** The options of `medallion run --deployed`. */
export interface RunDeployedOptions extends HistoryOptions, SingleRunOptions {
  readonly stack?: string;
}

/** The options of local runs that do not apply to a job in AWS. */
const LOCAL_OPTIONS: Record<string, string> = {
  all: '--all',
  pipeline: '--pipeline',
  resume: '--resume',
  withInputs: '--with-inputs',
  jobs: '--jobs',
  glueVersion: '--glue-version',
  synth: '--synth',
  secret: '--secret',
  bucket: '--bucket',
};

/**
 * Starts the job of a dataset in AWS, and prints its state changes and its log until it ends.
 *
 * @returns whether the job succeeded
 */
export async function runDeployed(name: string | undefined, options: RunDeployedOptions): Promise<boolean> {
  requireDatasetOnly(name, options);
  const progress = new Progress();
  const lake = await DeployedLake.open(options, progress);
  const dataset = selectDataset(lake.datasets, name, options.stack);
  let jobRunId = '';
  const onEvent = (event: JobEvent) => {
    jobRunId = event.job_run_id ?? jobRunId;
    if (event.job_run_id !== undefined) {
      progress.line(`${paint('bold', `Started ${dataset.job}`)}  ${event.job_run_id}`);
    } else if (event.state !== undefined) {
      progress.line(paint('dim', `  ${event.state}`));
    } else if (event.line !== undefined) {
      progress.line(`  ${oneLine(withLocalCommands(event.line, name))}`);
    } else if (event.warning !== undefined) {
      progress.line(`${paint('red', 'warning')}: The log is not shown. ${event.warning}`);
    }
  };
  const region = options.region ?? dataset.region;
  const onInterrupt = () => {
    if (jobRunId) {
      progress.line(`\nThe job run ${jobRunId} continues in AWS. To stop it:`);
      progress.line(
        `  aws glue batch-stop-job-run --region ${region} --job-name ${dataset.job} --job-run-ids ${jobRunId}`,
      );
    }
  };
  const ended = await lake.run(dataset, argumentsOf({ arguments: {} }, options), onEvent, onInterrupt);
  const hasSucceeded = ended.state === 'SUCCEEDED';
  progress.line(
    `${statusMark(hasSucceeded)}${fullName(dataset)} ${ended.state} after ${durationText(ended.seconds ?? 0)}`
      + (hasSucceeded || !ended.error ? '' : `: ${oneLine(withLocalCommands(ended.error, name))}`),
  );
  printRecord(await lake.history({ datasets: [dataset] }), ended, options);
  return hasSucceeded;
}

/** Prints the run record, as `medallion runs RUN_ID` does. With `--json`, prints the job run if it wrote no record. */
function printRecord(history: LakeHistory, ended: EndedRun, options: RunDeployedOptions): void {
  const run = history.find(ended.job_run_id);
  if (!run) {
    if (options.json) {
      process.stdout.write(`${JSON.stringify(ended)}\n`);
    }
  } else if (options.json) {
    process.stdout.write(`${JSON.stringify(runJson(run, history, options.data))}\n`);
  } else {
    process.stdout.write(`${['', ...describeRun(run, history, options.data)].join('\n')}\n`);
  }
}

function requireDatasetOnly(name: string | undefined, options: object): asserts name is string {
  const given = Object.entries(options).find(([key, value]) =>
    key in LOCAL_OPTIONS && value !== undefined && (!Array.isArray(value) || value.length > 0));
  if (given) {
    throw new Failure(`${LOCAL_OPTIONS[given[0]]} cannot be combined with --deployed. Omit one of them.`, 2);
  }
  if (name === undefined) {
    throw new Failure('--deployed requires a dataset. `medallion list` lists the datasets of the app.', 2);
  }
}
