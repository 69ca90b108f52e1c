import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { substituted } from './substituted-text';
import { Layer } from '../../layer';
import { LakeNames } from '../../naming';

/** The prefixes in the lake bucket that the jobs and crawlers of a role can access, without the trailing slash. */
export interface LakeFolders {
  /** The data folders, which the role can read and write. */
  readonly data: string[];
  /** The folder of the original source files, whose object tags the role can read and write. */
  readonly raw: string;
  /** The folder of scripts, documents and run records, which the role can read. */
  readonly etl: string;
  /** The folder of run records, which the role can write. */
  readonly runs: string;
}

export function bucketStatements(stack: Stack, names: LakeNames, folders: LakeFolders): PolicyStatement[] {
  const arn = (path = '') => substituted(`arn:${stack.partition}:s3:::${names.bucket}${path}`);
  return [
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [arn()],
      conditions: { StringLike: { 's3:prefix': [...folders.data, folders.etl].map(folder => `${folder}/*`) } },
    }),
    new PolicyStatement({
      actions: [
        's3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:DeleteObject',
        's3:AbortMultipartUpload', 's3:ListMultipartUploadParts',
      ],
      resources: folders.data.map(folder => arn(`/${folder}/*`)),
    }),
    // Superseded raw runs have a tag, and a lifecycle rule of the bucket deletes them.
    new PolicyStatement({
      actions: ['s3:GetObjectTagging', 's3:PutObjectTagging', 's3:DeleteObjectTagging'],
      resources: [arn(`/${folders.raw}/*`)],
    }),
    new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [arn(`/${folders.etl}/*`)],
    }),
    // A job writes run records, but cannot change scripts.
    new PolicyStatement({
      actions: ['s3:PutObject', 's3:DeleteObject'],
      resources: [arn(`/${folders.runs}/*`)],
    }),
  ];
}

export function bucketLocationStatement(stack: Stack, names: LakeNames): PolicyStatement {
  return new PolicyStatement({
    actions: ['s3:GetBucketLocation'],
    resources: [substituted(`arn:${stack.partition}:s3:::${names.bucket}`)],
  });
}

/** Allows jobs and crawlers to create and update tables of the given layers, but not to delete them. */
export function catalogStatement(stack: Stack, names: LakeNames, layers: readonly Layer[]): PolicyStatement {
  const databases = layers.map(layer => names.database(layer));
  const arn = (resource: string, resourceName?: string) =>
    substituted(stack.formatArn({ service: 'glue', resource, resourceName }));
  return new PolicyStatement({
    actions: [
      'glue:GetDatabase', 'glue:GetTable', 'glue:GetTables', 'glue:CreateTable', 'glue:UpdateTable',
      'glue:GetPartition', 'glue:GetPartitions', 'glue:BatchGetPartition',
      'glue:CreatePartition', 'glue:BatchCreatePartition', 'glue:UpdatePartition', 'glue:BatchUpdatePartition',
    ],
    resources: [
      arn('catalog'),
      ...databases.map(database => arn('database', database)),
      ...databases.map(database => arn('table', `${database}/*`)),
    ],
  });
}

/** All crawlers of an account write to this log group, each to a stream with its name. */
const CRAWLER_LOG_GROUP = '/aws-glue/crawlers';

function logGroupArn(stack: Stack, name: string): string {
  return substituted(`arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:${name}`);
}

/**
 * Allows jobs to write to the log groups of the lake, and jobs and crawlers to create their log groups and streams.
 */
export function logsStatements(stack: Stack, names: LakeNames): PolicyStatement[] {
  const jobGroups = [names.errorLogGroup, names.outputLogGroup];
  return [
    new PolicyStatement({
      actions: ['logs:CreateLogGroup', 'logs:CreateLogStream'],
      resources: [...jobGroups, CRAWLER_LOG_GROUP].flatMap(name => [
        logGroupArn(stack, name),
        logGroupArn(stack, `${name}:*`),
      ]),
    }),
    new PolicyStatement({
      actions: ['logs:PutLogEvents'],
      resources: jobGroups.map(name => logGroupArn(stack, `${name}:*`)),
    }),
  ];
}

/**
 * Allows crawlers to write logs.
 *
 * @param crawlers the names of crawlers, or patterns
 */
export function crawlerLogsStatement(stack: Stack, ...crawlers: string[]): PolicyStatement {
  return new PolicyStatement({
    actions: ['logs:PutLogEvents'],
    resources: crawlers.map(crawler => logGroupArn(stack, `${CRAWLER_LOG_GROUP}:log-stream:${crawler}`)),
  });
}

/** PutMetricData does not support resource-level permissions, so a condition limits the namespace. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html */
export function metricsStatement(names: LakeNames): PolicyStatement {
  return new PolicyStatement({
    actions: ['cloudwatch:PutMetricData'],
    resources: ['*'],
    conditions: { StringEquals: { 'cloudwatch:namespace': names.metricsNamespace } },
  });
}

/**
 * Allows jobs to send events about warnings to the default event bus. The source of an event contains the resource
 * prefix of the lake.
 *
 * A request can have several events, so both condition keys have several values. `ForAllValues` is also true if the
 * key is missing; the `Null` condition excludes this case.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
 */
export function eventsStatement(stack: Stack, names: LakeNames): PolicyStatement {
  return new PolicyStatement({
    actions: ['events:PutEvents'],
    resources: [substituted(stack.formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' }))],
    conditions: {
      'ForAllValues:StringEquals': {
        'events:source': [names.eventSource], 'events:detail-type': [names.warningEvent],
      },
      'Null': { 'events:source': 'false', 'events:detail-type': 'false' },
    },
  });
}
