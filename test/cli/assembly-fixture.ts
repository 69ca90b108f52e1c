import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { Value } from '../../src/cli/intrinsics';
import { pipelineMachine } from '../../src/private/state-machines/pipeline-machine';

/** A dataset of a test assembly. */
export interface FixtureDataset {
  readonly dataset: string;
  readonly layer?: string;
  /** Gold only, as `layer/dataset`. */
  readonly inputs?: string[];
  readonly isIceberg?: true;
  /** Properties of the job, such as its workers. */
  readonly properties?: Record<string, Value>;
}

/** The resource of a Glue job, as BronzeDataset and GoldDataset synthesize it. */
export function glueJob({ dataset, layer = 'bronze', inputs, isIceberg, properties }: FixtureDataset): {
  Type: string;
  Properties: Record<string, Value>;
} {
  const etl = `s3://pp-dw-\${AWS::AccountId}/etl/${dataset}`;
  const names = JSON.stringify({
    layer,
    dataset,
    bucket: 'pp-dw-${AWS::AccountId}',
    database: `pp_dw_${layer}`,
    ...(layer === 'bronze' && { raw: `s3://pp-dw-\${AWS::AccountId}/raw/${dataset}/` }),
    ...(isIceberg && { snapshot_retention_hours: 168 }),
    runs: `${etl}/runs/${layer}/`,
    ...(inputs && { inputs: inputs.map(input => inputNames(input)) }),
    tables: { [dataset]: { name: dataset } },
  });
  return {
    Type: 'AWS::Glue::Job',
    Properties: {
      Name: `pp-dw-${layer}-${dataset}`,
      GlueVersion: '5.0',
      Command: { Name: 'glueetl', ScriptLocation: { 'Fn::Sub': `${etl}/glue/${layer}_job.py` } },
      DefaultArguments: {
        '--dataset_config': { 'Fn::Sub': `${etl}/glue/${layer}.json` },
        '--names': { 'Fn::Sub': names },
      },
      ...properties,
    },
  };
}

/** A pipeline of a test assembly. */
export interface FixturePipeline {
  readonly pipeline: string;
  /** The inputs of each dataset, keyed by `layer/dataset`. Datasets come after their inputs. */
  readonly inputs: Record<string, string[]>;
  readonly prefix?: string;
  readonly max?: number;
  readonly usesPublished?: boolean;
}

/** The resource of the state machine of a pipeline, as EtlPipeline synthesizes it. */
export function stateMachine(
  { pipeline, inputs, prefix = 'pp-dw', max = 10, usesPublished = false }: FixturePipeline,
): { Type: string; Properties: Record<string, Value> } {
  const definition = pipelineMachine({
    partition: 'aws',
    pipeline,
    resourcePrefix: prefix,
    nodes: Object.entries(inputs).map(([dataset, own]) => ({ dataset, inputs: own })),
    datasetMachineArn: 'DATASET_MACHINE',
    maxConcurrentJobs: max,
    usesPublished,
    suffix: '0123',
  });
  // A part of the definition is only known at deployment.
  const arn = { 'Fn::GetAtt': ['Dataset', 'Arn'] };
  const parts = JSON.stringify(definition).split('DATASET_MACHINE');
  return {
    Type: 'AWS::StepFunctions::StateMachine',
    Properties: {
      StateMachineName: `${prefix}-${pipeline}`,
      DefinitionString: { 'Fn::Join': ['', parts.flatMap((part, index) => index === 0 ? [part] : [arn, part])] },
    },
  };
}

/** The resource of the schedule of a state machine. */
export function schedule(logicalId: string, expression: string, timezone?: string): Record<string, unknown> {
  return {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      ScheduleExpression: expression,
      ...(timezone && { ScheduleExpressionTimezone: timezone }),
      Target: { Arn: { 'Fn::GetAtt': [logicalId, 'Arn'] } },
    },
  };
}

function inputNames(input: string): Record<string, string> {
  const [layer, dataset] = input.split('/');
  return { dataset: input, database: `pp_dw_${layer}`, runs: `s3://pp-dw-\${AWS::AccountId}/etl/${dataset}/runs/${layer}/` };
}

/** The environment and resources of stacks, keyed by name. */
export type FixtureStacks = Record<string, { environment?: string; resources: Record<string, unknown> }>;

/** Writes a cloud assembly as `cdk synth` does. Returns its folder. */
export function writeAssembly(
  stacks: FixtureStacks,
  nested: Record<string, FixtureStacks> = {},
  folder = temporaryFolder(),
): string {
  const artifacts: Record<string, unknown> = {};
  for (const [name, { environment = 'aws://unknown-account/unknown-region', resources }] of Object.entries(stacks)) {
    artifacts[name] = {
      type: 'aws:cloudformation:stack',
      environment,
      properties: { templateFile: `${name}.template.json` },
    };
    artifacts[`${name}.assets`] = { type: 'cdk:asset-manifest', properties: { file: `${name}.assets.json` } };
    fs.writeFileSync(path.join(folder, `${name}.template.json`), JSON.stringify({ Resources: resources }));
    fs.mkdirSync(path.join(folder, 'asset.abc'), { recursive: true });
    fs.writeFileSync(
      path.join(folder, `${name}.assets.json`),
      JSON.stringify({
        files: {
          abc: { source: { path: 'asset.abc', packaging: 'zip' }, destinations: { here: { objectKey: 'abc.zip' } } },
        },
      }),
    );
  }
  for (const [stage, stageStacks] of Object.entries(nested)) {
    artifacts[stage] = { type: 'cdk:cloud-assembly', properties: { directoryName: stage } };
    fs.mkdirSync(path.join(folder, stage));
    writeAssembly(stageStacks, {}, path.join(folder, stage));
  }
  fs.writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify({ artifacts }));
  return folder;
}

export function temporaryFolder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'medallion-test-'));
}
