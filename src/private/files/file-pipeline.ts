import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { datasetReference } from './file-dataset';
import { PipelineFile } from './pipeline-file';
import { EtlPipeline } from '../../etl-pipeline';
import { IEtlCore } from '../../i-etl-core';
import { LakeDataset } from '../../lake-dataset';
import { OnFailedInput } from '../../on-failed-input';
import { Schedule } from '../../schedule';
import { Schedule as ScheduleDocument } from '../document/pipeline-document.generated';

/**
 * Creates the construct of a pipeline that is defined in a file instead of props.
 *
 * @param datasets the datasets of the directory, keyed by name. All other datasets are deployed by another app
 */
export function createFilePipeline(
  scope: Construct,
  core: IEtlCore,
  { document, datasets: names }: PipelineFile,
  datasets: { readonly [name: string]: LakeDataset | undefined },
): EtlPipeline {
  return new EtlPipeline(scope, 'Pipeline', {
    core,
    datasets: names.map(name => datasets[name] ?? datasetReference(core, name)),
    withInputs: document.with_inputs,
    pipeline: document.pipeline,
    description: document.description,
    schedule: document.schedule && scheduleOf(document.schedule),
    maxConcurrentJobs: document.max_concurrent_jobs,
    onFailedInput: document.on_failed_input as OnFailedInput | undefined,
  });
}

function scheduleOf({ expression, timezone, enabled, flexible_minutes: minutes }: ScheduleDocument): Schedule {
  const flexibleWindow = minutes === undefined ? undefined : Duration.minutes(minutes);
  return Schedule.expression(expression, { timezone, enabled, flexibleWindow });
}
