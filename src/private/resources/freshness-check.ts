import { Annotations, Lazy, Stack } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { CfnRole, PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { accountService } from './account-service';
import { alertTarget } from './alert-target';
import { deployedCore } from './deployed-core';
import { RETRY_POLICY, timesOf } from './job-schedule';
import { KEY_ACTIONS } from './lake-alerts';
import { objectKeyStatement } from './lake-key';
import { acknowledgeTopicKey, acknowledgeWildcards } from './nag-suppressions';
import { createStartExecutionRole } from './start-execution-role';
import { createStateMachine } from './state-machine';
import { substituted } from './substituted-text';
import { claimName } from './unique-names';
import { EtlCore } from '../../etl-core';
import { IEtlCore } from '../../i-etl-core';
import { checkLength, LakeNames } from '../../naming';
import { synthError } from '../errors/synth-error';
import { freshnessMachine } from '../state-machines/freshness-machine';
import { FreshnessDeclaration, freshnessNodes } from '../state-machines/freshness-nodes';

/** The ID of the check within the core. */
const ID = 'FreshnessCheck';

const NAME_REMEDY = 'Use a prefix of at most 39 characters.';

/** With more datasets, an execution could exceed the limit of 25,000 events per execution history. */
const MAX_DATASETS = 500;

/**
 * Adds a dataset to the freshness check of its lake. The first call creates this check within the core. If another app
 * deploys the core, or if the core has no alerts, synthesis warns that no alert is sent.
 */
export function registerFreshness(
  scope: Construct, core: IEtlCore, declaration: FreshnessDeclaration,
): void {
  const { dataset } = declaration;
  const deployed = deployedCore(core);
  if (deployed === undefined) {
    Annotations.of(scope).addWarningV2(
      'cdk-glue-medallion:freshness-without-check',
      `no alert is sent if the dataset ${dataset} becomes stale, because the freshness check of its lake is deployed `
        + 'by another app. Declare the dataset in the app that creates the core.',
    );
    return;
  }
  if (deployed.alertTopic === undefined) {
    Annotations.of(scope).addWarningV2(
      'cdk-glue-medallion:freshness-without-alerts',
      `no alert is sent if the dataset ${dataset} becomes stale, because its lake has no alerts. Set alerts of the `
        + 'EtlCore.',
    );
    return;
  }
  // Another copy of the package can have created the check.
  const existing = deployed.node.tryFindChild(ID) as FreshnessCheck | undefined;
  const check = existing ?? new FreshnessCheck(deployed, ID, { core: deployed, topic: deployed.alertTopic });
  check.declarations.push(declaration);
}

interface FreshnessCheckProps {
  readonly core: EtlCore;
  readonly topic: ITopic;
}

/** The hourly check of a lake: a state machine, its schedule, and a rule for failed checks. */
class FreshnessCheck extends Construct {
  readonly declarations: FreshnessDeclaration[] = [];

  constructor(scope: Construct, id: string, { core, topic }: FreshnessCheckProps) {
    super(scope, id);
    const names = new LakeNames(this, core);
    const name = names.freshnessStateMachine;
    const stateMachine = createStateMachine(this, 'StateMachine', {
      name,
      definitionString: Lazy.string({ produce: () => this.definition(names, topic) }),
      role: core.roles?.stateMachines ?? this.createRole(names, topic, core.encryptionKey),
    });
    checkLength(this, 'schedule', name, NAME_REMEDY);
    claimName(this, 'schedule', name);
    const schedule = new CfnSchedule(this, 'Schedule', {
      name,
      groupName: names.scheduleGroup,
      ...timesOf({ expression: 'rate(1 hour)' }),
      target: {
        arn: stateMachine.attrArn,
        roleArn: (core.roles?.scheduler ?? this.createSchedulerRole(names)).roleArn,
        input: '{}',
        retryPolicy: RETRY_POLICY,
      },
    });
    schedule.node.addDependency(core.scheduleGroup);
    new Rule(this, 'AlertRule', {
      description: `Failed freshness checks of the lake ${names.resourcePrefix}`,
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          stateMachineArn: [names.stateMachineArn(this, name)],
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        },
      },
      targets: [alertTarget(this, core, names)],
    });
  }

  /** The definition of the state machine. Called during synthesis, when all datasets of the app are known. */
  private definition(names: LakeNames, topic: ITopic): string {
    const stack = Stack.of(this);
    const nodes = freshnessNodes(this.declarations, names);
    if (nodes.length > MAX_DATASETS) {
      throw synthError(
        this,
        'FRESHNESS_CHECK_TOO_LARGE',
        `${nodes.length} datasets of the lake "${names.resourcePrefix}" declare freshness or are inputs of such `
          + `datasets; the maximum is ${MAX_DATASETS}.`,
        'Remove freshness from some of these datasets.',
      );
    }
    return stack.toJsonString(freshnessMachine({
      names,
      partition: stack.partition,
      account: stack.account,
      region: stack.region,
      nodes,
      topicArn: topic.topicArn,
    }));
  }

  /** A role that reads the run records of the lake, writes the results of the check, and publishes alerts. */
  private createRole(names: LakeNames, topic: ITopic, key?: IKey): Role {
    checkLength(this, 'role', names.freshnessRole, NAME_REMEDY);
    const stack = Stack.of(this);
    const bucket = `arn:${stack.partition}:s3:::${names.bucket}`;
    const check = substituted(`${bucket}/${names.freshnessState}`);
    const records = new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [substituted(`${bucket}/etl/*/runs/*`), check],
    });
    const topicKey = topic.masterKey;
    const role = new Role(this, 'Role', {
      roleName: names.freshnessRole,
      description: `Checks the freshness of the datasets of the lake ${names.resourcePrefix}`,
      assumedBy: accountService(this, 'states'),
      inlinePolicies: {
        freshness: new PolicyDocument({
          statements: [
            records,
            new PolicyStatement({ actions: ['s3:PutObject'], resources: [check] }),
            new PolicyStatement({
              actions: ['s3:ListBucket'],
              resources: [substituted(bucket)],
              conditions: { StringLike: { 's3:prefix': ['etl/*/runs/*', names.freshnessState] } },
            }),
            new PolicyStatement({ actions: ['sns:Publish'], resources: [topic.topicArn] }),
            ...key ? [objectKeyStatement(stack, names, key.keyArn)] : [],
            ...topicKey ? [new PolicyStatement({ actions: KEY_ACTIONS, resources: [topicKey.keyArn] })] : [],
          ],
        }),
      },
    });
    const resource = role.node.defaultChild as CfnRole | undefined;
    acknowledgeWildcards(
      resource,
      'Each dataset has its own folder of run records, and other apps can add datasets that are inputs.',
      records,
    );
    if (resource && topicKey) {
      acknowledgeTopicKey(resource);
    }
    return role;
  }

  private createSchedulerRole(names: LakeNames): Role {
    checkLength(this, 'role', names.freshnessSchedulerRole, NAME_REMEDY);
    return createStartExecutionRole(this, 'SchedulerRole', {
      service: 'scheduler',
      roleName: names.freshnessSchedulerRole,
      description: `Starts the freshness check of the lake ${names.resourcePrefix}`,
      policy: 'freshness',
      stateMachineArn: names.stateMachineArn(this, names.freshnessStateMachine),
    });
  }
}
