import { Aws, Stack } from 'aws-cdk-lib';
import { CfnRole, IRole, PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { accountService } from './account-service';
import { objectKeyStatement } from './lake-key';
import { acknowledgeWildcards } from './nag-suppressions';
import { createStateMachine } from './state-machine';
import { substituted } from './substituted-text';
import { Layer } from '../../layer';
import { LakeNames } from '../../naming';
import { LAYERS } from '../layers';
import { datasetMachine } from '../state-machines/dataset-machine';

export interface DatasetStateMachineProps {
  readonly names: LakeNames;
  /** An existing role to use instead of a new one. */
  readonly role?: IRole;
  /** The key that encrypts the run records. */
  readonly key?: IKey;
}

/** Creates the lake's state machine for datasets. Each of its executions handles one dataset of a pipeline. */
export function createDatasetStateMachine(
  scope: Construct, { names, role, key }: DatasetStateMachineProps,
): CfnStateMachine {
  return createStateMachine(scope, 'DatasetStateMachine', {
    name: names.datasetStateMachine,
    definitionString: Stack.of(scope).toJsonString(datasetMachine(Aws.PARTITION)),
    role: role ?? createRole(scope, names, key),
  });
}

/** Creates a role that can run the jobs and crawlers of the lake and read its run records, but no other objects. */
function createRole(scope: Construct, names: LakeNames, key?: IKey): Role {
  const stack = Stack.of(scope);
  const glue = (resource: string, name: (layer: Layer) => string) =>
    LAYERS.map(layer => stack.formatArn({ service: 'glue', resource, resourceName: name(layer) }));
  const bucket = `arn:${stack.partition}:s3:::${names.bucket}`;
  const jobs = new PolicyStatement({
    actions: ['glue:GetJob', 'glue:StartJobRun', 'glue:GetJobRun'],
    resources: glue('job', layer => names.job(layer, '*')),
  });
  const crawlers = new PolicyStatement({
    actions: ['glue:GetCrawler', 'glue:StartCrawler'],
    resources: glue('crawler', layer => `${names.job(layer, '*')}-crawler`),
  });
  const records = new PolicyStatement({
    actions: ['s3:GetObject'],
    resources: [substituted(`${bucket}/etl/*/runs/*`)],
  });
  const list = new PolicyStatement({
    actions: ['s3:ListBucket'],
    resources: [substituted(bucket)],
    conditions: { StringLike: { 's3:prefix': 'etl/*/runs/*' } },
  });
  const keys = key ? [objectKeyStatement(stack, names, key.keyArn, ['kms:Decrypt'])] : [];
  const role = new Role(scope, 'DatasetStateMachineRole', {
    roleName: names.datasetStateMachineRole,
    description: `Runs the jobs and crawlers of pipelines of the lake ${names.resourcePrefix}`,
    assumedBy: accountService(scope, 'states'),
    inlinePolicies: { dataset: new PolicyDocument({ statements: [jobs, crawlers, records, list, ...keys] }) },
  });
  acknowledgeWildcards(
    role.node.defaultChild as CfnRole | undefined,
    "Other apps can add datasets. The names of jobs and crawlers start with the lake's prefix and a layer, and each "
      + 'dataset has its own folder of run records.',
    jobs,
    crawlers,
    records,
  );
  return role;
}
