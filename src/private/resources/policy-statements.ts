import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Layer } from '../../layer';
import { LakeNames } from '../../naming';

/**
 * What jobs and crawlers of a role may reach in the lake's bucket: the beginnings of keys, without the slash at their
 * end.
 */
export interface LakeFolders {
  /** What is read and written. */
  readonly data: string[];
  /** The originals, whose objects have tags. */
  readonly raw: string;
  /** Scripts, documents and the records of runs: what is read. */
  readonly etl: string;
  /** The records of runs: what is written. */
  readonly runs: string;
}

export function bucketStatements(stack: Stack, names: LakeNames, folders: LakeFolders): PolicyStatement[] {
  const bucket = `arn:${stack.partition}:s3:::${names.bucket}`;
  return [
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [bucket],
      conditions: { StringLike: { 's3:prefix': [...folders.data, folders.etl].map(folder => `${folder}/*`) } },
    }),
    new PolicyStatement({
      actions: ['s3:GetBucketLocation'],
      resources: [bucket],
    }),
    new PolicyStatement({
      actions: [
        's3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:DeleteObject',
        's3:AbortMultipartUpload', 's3:ListMultipartUploadParts',
      ],
      resources: folders.data.map(folder => `${bucket}/${folder}/*`),
    }),
    // Tags mark the raw runs that were superseded, which the bucket's lifecycle then deletes.
    new PolicyStatement({
      actions: ['s3:GetObjectTagging', 's3:PutObjectTagging', 's3:DeleteObjectTagging'],
      resources: [`${bucket}/${folders.raw}/*`],
    }),
    new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [`${bucket}/${folders.etl}/*`],
    }),
    // A job writes the records of its runs, never the scripts beside them.
    new PolicyStatement({
      actions: ['s3:PutObject', 's3:DeleteObject'],
      resources: [`${bucket}/${folders.runs}/*`],
    }),
  ];
}

/** What a crawler does to the tables of some layers. It never deletes one. */
export function catalogStatement(stack: Stack, names: LakeNames, layers: Layer[]): PolicyStatement {
  const databases = layers.map(layer => names.database(layer));
  const arn = (resource: string, resourceName?: string) => stack.formatArn({ service: 'glue', resource, resourceName });
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

/**
 * Jobs write to the lake's groups, crawlers to streams of their own names in the group that Glue has for all of them.
 *
 * @param crawlers their names, or patterns of them
 */
export function logsStatements(stack: Stack, names: LakeNames, crawlers: string[]): PolicyStatement[] {
  const group = (name: string) => `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:${name}`;
  const ofJobs = [names.errorLogGroup, names.outputLogGroup];
  const ofCrawlers = '/aws-glue/crawlers';
  return [
    new PolicyStatement({
      actions: ['logs:CreateLogGroup', 'logs:CreateLogStream'],
      resources: [...ofJobs, ofCrawlers].flatMap(name => [group(name), group(`${name}:*`)]),
    }),
    new PolicyStatement({
      actions: ['logs:PutLogEvents'],
      resources: [
        ...ofJobs.map(name => group(`${name}:*`)),
        ...crawlers.map(crawler => group(`${ofCrawlers}:log-stream:${crawler}`)),
      ],
    }),
  ];
}

/** PutMetricData knows no resources; its condition does. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html */
export function metricsStatement(names: LakeNames): PolicyStatement {
  return new PolicyStatement({
    actions: ['cloudwatch:PutMetricData'],
    resources: ['*'],
    conditions: { StringEquals: { 'cloudwatch:namespace': names.metricsNamespace } },
  });
}
