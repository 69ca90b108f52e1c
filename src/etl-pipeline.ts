import { createHash } from 'crypto';
import { Annotations, Aws, Lazy, Stack } from 'aws-cdk-lib';
import { IRole } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { IDataset } from './i-dataset';
import { IEtlCore } from './i-etl-core';
import { Layer } from './layer';
import { checkLength, LakeNames } from './naming';
import { OnFailedInput } from './on-failed-input';
import { datasetGraph, hasFlex, hasSchedule } from './private/definition/dataset-graph';
import { pipelineNodes } from './private/definition/pipeline-nodes';
import { PipelineDocument } from './private/document/pipeline-document.generated';
import { pipelineRuleProblems, pipelineSchema } from './private/document/pipeline-rules';
import { unresolvedValues } from './private/document/unresolved-values';
import { checkProps, PropTypes } from './private/errors/prop-types';
import { synthError } from './private/errors/synth-error';
import { checkEnvironment } from './private/resources/check-environment';
import { coreInSameStage } from './private/resources/deployed-core';
import { limitDescription, MAX_SCHEDULE_DESCRIPTION_BYTES } from './private/resources/description';
import { RETRY_POLICY, timesOf } from './private/resources/job-schedule';
import { pipelineTags, tagExisting } from './private/resources/lake-tags';
import { createPipelineAlert } from './private/resources/pipeline-alert';
import { createPipelineRole, createPipelineSchedulerRole } from './private/resources/pipeline-roles';
import { rolesOf } from './private/resources/role-arns';
import { createStateMachine } from './private/resources/state-machine';
import { claimName } from './private/resources/unique-names';
import { pipelineMachine, PipelineNode } from './private/state-machines/pipeline-machine';
import { Schedule } from './schedule';

/** Properties of a pipeline: its datasets, and when it runs. */
export interface EtlPipelineProps {
  /** The lake of the datasets. */
  readonly core: IEtlCore;

  /**
   * The datasets to build: 1 to 400, including their inputs.
   *
   * Use `BronzeDataset.fromName`, `SilverDataset.fromName` and `GoldDataset.fromName` for datasets that another app
   * deploys. Synthesis fails with `DATASETS_REQUIRED` if the list is empty, with `DUPLICATE_VALUE` if it contains a
   * dataset twice, with `LAKE_MISMATCH` if a dataset belongs to another lake, with `PIPELINE_TOO_LARGE` if there are
   * too many datasets, and with `SETTINGS_CONFLICT` if a dataset runs with `flex`.
   */
  readonly datasets: IDataset[];

  /**
   * Whether the direct and indirect inputs of the datasets are part of the pipeline.
   *
   * An input that another app deploys is only part of the pipeline if you list it, because that app usually has its own
   * pipeline.
   *
   * @default true - so that every table is built from fresh inputs
   */
  readonly withInputs?: boolean;

  /**
   * The name of the pipeline in kebab-case. Its state machine and its schedule are named
   * `<resourcePrefix>-<pipeline>`.
   *
   * Synthesis fails with `NAME_TAKEN` if another pipeline of the lake has this name.
   *
   * @default - the ID of the construct in kebab-case: `daily` for `Daily`
   */
  readonly pipeline?: string;

  /**
   * What the pipeline is for. This text becomes the description of its schedule.
   *
   * @default - none
   */
  readonly description?: string;

  /**
   * When the pipeline starts.
   *
   * Remove the schedules of the pipeline's datasets. A dataset that has its own schedule also runs at the times of that
   * schedule, so synthesis prints a warning.
   *
   * @default - none: start an execution of the state machine yourself
   */
  readonly schedule?: Schedule;

  /**
   * The maximum number of datasets that run at the same time: 1 to 100.
   *
   * @default 10 - below the default quotas of AWS Glue for concurrent runs and DPUs
   * @see https://docs.aws.amazon.com/general/latest/gr/glue.html
   */
  readonly maxConcurrentJobs?: number;

  /**
   * What happens to a dataset if one of its inputs fails.
   *
   * @default OnFailedInput.SKIP - otherwise, a table could be built from both fresh and outdated inputs
   */
  readonly onFailedInput?: OnFailedInput;
}

/**
 * A pipeline runs datasets in the order of their dependencies: each dataset starts as soon as all its inputs have
 * finished.
 *
 * For each dataset, it runs the job, waits for the last attempt of the run, and runs the crawler if the table is new or
 * its schema has changed. Iceberg tables need no crawler. A derived dataset runs only if an input has published since
 * its last run, or if its own definition has changed. If a dataset fails, its dependents are skipped, and the other
 * datasets continue. When they have finished, the execution fails. Executions of a pipeline do not overlap. The alerts
 * of the core send one message per failed execution.
 *
 * The pipeline is a state machine of AWS Step Functions. It starts an execution of the state machine
 * `<resourcePrefix>-dataset` for each dataset. See `docs/operations/pipelines.md` for what it costs.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new EtlPipeline(new Stack(app, 'Pipeline'), 'Daily', {
 *   core,
 *   datasets: [zipcodes],
 *   schedule: Schedule.cron('0 6 * * ? *', { timezone: 'America/New_York' }),
 * });
 */
export class EtlPipeline extends Construct {
  /** The name of the pipeline. */
  public readonly pipeline: string;
  /** The state machine that starts the datasets. */
  public readonly stateMachine: CfnStateMachine;
  /** The role of the state machine. */
  public readonly role: IRole;
  /** The schedule that starts executions. Undefined if the pipeline has none. */
  public readonly schedule?: CfnSchedule;
  private readonly hasAlerts: boolean;

  /**
   * Creates a pipeline.
   *
   * @param scope the scope of the construct, usually a stack
   * @param id the ID of the construct within its scope
   * @param props the properties of the pipeline
   */
  constructor(scope: Construct, id: string, props: EtlPipelineProps) {
    super(scope, id);
    checkProps(this, props, PIPELINE_PROPS);
    const { core } = props;
    const names = new LakeNames(this, core);
    checkEnvironment(this, core, 'pipeline');
    checkDatasets(this, props);
    const document = pipelineDocument(id, props);
    checkPipeline(this, document);
    const name = names.pipeline(document.pipeline);
    const roles = rolesOf(core);

    this.pipeline = document.pipeline;
    this.role = roles.stateMachines ?? createPipelineRole(this, names, this.pipeline);
    this.stateMachine = createStateMachine(this, 'StateMachine', {
      name,
      definitionString: Lazy.string({ produce: () => this.definition(names, document) }),
      role: this.role,
    });
    if (document.schedule) {
      checkLength(this, 'schedule', name, 'Use a shorter prefix or pipeline name.');
      claimName(this, 'schedule', name);
      this.schedule = new CfnSchedule(this, 'Schedule', {
        name,
        groupName: names.scheduleGroup,
        description: limitDescription(document.description, MAX_SCHEDULE_DESCRIPTION_BYTES),
        ...timesOf(document.schedule),
        target: {
          arn: this.stateMachine.attrArn,
          roleArn: (roles.scheduler ?? createPipelineSchedulerRole(this, names, this.pipeline)).roleArn,
          input: '{}',
          retryPolicy: RETRY_POLICY,
        },
      });
    }
    this.hasAlerts = createPipelineAlert(this, core, names, {
      pipeline: this.pipeline,
      stateMachineArn: names.stateMachineArn(this, name),
    });
    tagExisting(this, pipelineTags(names, this.pipeline));
    const deployed = coreInSameStage(core, this);
    if (deployed) {
      this.node.addDependency(deployed.datasetStateMachine, deployed.scheduleGroup);
    }
    this.node.addValidation({
      validate: () => {
        this.checkNodes(names, document);
        return [];
      },
    });
  }

  /** Returns the datasets of the pipeline. Called during synthesis, when all datasets of the app are known. */
  private nodes({ resourcePrefix }: LakeNames, document: PipelineDocument): PipelineNode[] {
    return pipelineNodes(document.datasets, document.with_inputs ?? true, datasetGraph(this, resourcePrefix));
  }

  private definition(names: LakeNames, document: PipelineDocument): string {
    return Stack.of(this).toJsonString(pipelineMachine({
      partition: Aws.PARTITION,
      pipeline: this.pipeline,
      resourcePrefix: names.resourcePrefix,
      nodes: this.nodes(names, document),
      datasetMachineArn: names.stateMachineArn(this, names.datasetStateMachine),
      maxConcurrentJobs: document.max_concurrent_jobs ?? MAX_CONCURRENT_JOBS,
      usesPublished: document.on_failed_input === OnFailedInput.USE_PUBLISHED,
      suffix: createHash('sha256').update(this.pipeline).digest('hex').slice(0, 4) + (this.hasAlerts ? 'a' : ''),
    }));
  }

  /** Runs the checks that need all datasets of the app. */
  private checkNodes(names: LakeNames, document: PipelineDocument): void {
    const nodes = this.nodes(names, document);
    if (nodes.length > MAX_DATASETS) {
      throw synthError(
        this,
        'PIPELINE_TOO_LARGE',
        `the pipeline "${this.pipeline}" has ${nodes.length} datasets, including their inputs; the maximum `
          + `is ${MAX_DATASETS}.`,
        'Split them across several pipelines.',
      );
    }
    const bytes = Buffer.byteLength(JSON.stringify(nodes));
    if (bytes > MAX_GRAPH_BYTES) {
      throw synthError(
        this,
        'PIPELINE_TOO_LARGE',
        `the names of the datasets and inputs of the pipeline "${this.pipeline}" take up ${bytes} bytes; the maximum `
          + `is ${MAX_GRAPH_BYTES}.`,
        'Split the datasets across several pipelines.',
      );
    }
    const flexible = nodes.find(({ dataset }) => hasFlex(this, names.resourcePrefix, dataset));
    if (flexible) {
      throw synthError(
        this,
        'SETTINGS_CONFLICT',
        `the dataset "${flexible.dataset}" of the pipeline "${this.pipeline}" runs with flex, so the pipeline would `
          + 'wait until AWS Glue has spare capacity for its run, and fail if there is none.',
        'Set flex of the dataset to false, or remove the dataset from the pipeline and give it its own schedule.',
      );
    }
    const graph = datasetGraph(this, names.resourcePrefix);
    for (const { dataset } of nodes.length === 1 ? [] : nodes) {
      if (!dataset.startsWith(`${Layer.BRONZE}/`) && !graph.has(dataset)) {
        Annotations.of(this).addWarningV2(
          `cdk-glue-medallion:unknown-inputs-${dataset}`,
          `the inputs of the dataset "${dataset}" of the pipeline "${this.pipeline}" are not known, because `
            + 'another app or stage deploys the dataset. The dataset starts without waiting for its inputs. Run it in '
            + 'a pipeline of the app that deploys it.',
        );
      }
    }
    const scheduled = nodes
      .map(({ dataset }) => dataset)
      .filter(dataset => hasSchedule(this, names.resourcePrefix, dataset));
    for (const dataset of document.schedule === undefined ? [] : scheduled) {
      Annotations.of(this).addWarningV2(
        `cdk-glue-medallion:schedule-and-pipeline-${dataset}`,
        `the dataset "${dataset}" of the pipeline "${this.pipeline}" also has its own schedule, so it runs `
          + 'twice. Remove its schedule.',
      );
    }
  }
}

const PIPELINE_PROPS: PropTypes<EtlPipelineProps> = {
  core: { member: 'resourcePrefix', example: 'an EtlCore: new EtlCore(…) or EtlCore.fromPrefixes(…)' },
  datasets: 'unchecked',
  withInputs: 'boolean',
  pipeline: 'unchecked',
  description: 'unchecked',
  schedule: { member: '_document', example: 'a Schedule from cdk-glue-medallion: Schedule.cron("0 6 * * ? *")' },
  maxConcurrentJobs: 'unchecked',
  onFailedInput: 'unchecked',
};

const MAX_CONCURRENT_JOBS = 10;

/** Converts the ID of a construct to the name of a pipeline. The schema reports an invalid result. */
function kebabCase(id: string): string {
  return id.replace(/([a-z0-9])([A-Z])/g, '$1-$2').replace(/[^A-Za-z0-9]+/g, '-').toLowerCase();
}

/** With more datasets, an execution of 24 hours could exceed the limit of 25,000 events per execution history. */
const MAX_DATASETS = 400;

/** A variable of a state machine has at most 256 KiB. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const MAX_GRAPH_BYTES = 200_000;

function pipelineDocument(id: string, props: EtlPipelineProps): PipelineDocument {
  return pipelineSchema().inOrder({
    pipeline: props.pipeline ?? kebabCase(id),
    description: props.description,
    datasets: props.datasets.map(({ layer, dataset }) => `${layer}/${dataset}`),
    with_inputs: props.withInputs,
    schedule: props.schedule?._document,
    max_concurrent_jobs: props.maxConcurrentJobs,
    on_failed_input: props.onFailedInput,
  });
}

function checkPipeline(scope: Construct, document: PipelineDocument): void {
  const problems = [
    ...unresolvedValues(document),
    ...pipelineSchema().problems(document),
    ...pipelineRuleProblems(document),
  ];
  for (const { code, key, found, remedy } of problems) {
    throw synthError(scope, code, `${key} of the pipeline "${document.pipeline}" ${found}.`, remedy);
  }
}

function checkDatasets(scope: Construct, { core, datasets }: EtlPipelineProps): void {
  if (!Array.isArray(datasets) || datasets.length === 0) {
    throw synthError(
      scope, 'DATASETS_REQUIRED', 'the list "datasets" is empty.', 'List the datasets that the pipeline builds.',
    );
  }
  const listed = new Set<string>();
  for (const each of datasets) {
    if (typeof each !== 'object' || each === null || !('layer' in each)) {
      throw synthError(
        scope, 'PROP_TYPE_INVALID', 'the list "datasets" contains a value of the wrong type.',
        'Each value must be a BronzeDataset, a SilverDataset or a GoldDataset.',
      );
    }
    const name = `${each.layer}/${each.dataset}`;
    if (
      each.core.resourcePrefix !== core.resourcePrefix || each.core.existingBucketName !== core.existingBucketName
    ) {
      throw synthError(
        scope,
        'LAKE_MISMATCH',
        `the list "datasets" contains "${name}", which belongs to the lake "${each.core.resourcePrefix}".`,
        `Use datasets of the pipeline's lake, "${core.resourcePrefix}".`,
      );
    }
    if (listed.has(name)) {
      throw synthError(
        scope, 'DUPLICATE_VALUE', `the list "datasets" contains "${name}" twice.`, 'Remove one of them.',
      );
    }
    listed.add(name);
  }
}
