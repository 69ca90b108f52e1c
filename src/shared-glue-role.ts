import { Stack } from 'aws-cdk-lib';
import { CfnRole, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { Layer } from './layer';
import { LakeNames } from './naming';
import { acknowledgeWildcards } from './private/acknowledged-findings';
import { objectKeyStatement } from './private/lake-key';

/** Which lake the role is for. */
export interface SharedGlueRoleProps {
  /** The prefix of every name of the lake, for example `pp-dw`. */
  readonly resourcePrefix: string;

  /**
   * The prefix of the lake's databases.
   *
   * @default - resourcePrefix in snake_case
   */
  readonly databasePrefix?: string;

  /**
   * The lake's bucket, if it has a name of its own.
   *
   * @default - `<resourcePrefix>-<account>`
   */
  readonly existingBucketName?: string;

  /**
   * Whether jobs may publish metrics, in the lake's own namespace.
   *
   * @default false
   */
  readonly metrics?: boolean;

  /**
   * The key that encrypts the lake's bucket.
   *
   * @default - none of the customer's own
   */
  readonly encryptionKey?: IKey;
}

/**
 * The role of all jobs and crawlers of a lake, `<resourcePrefix>-glue-role`.
 *
 * It reads and writes the prefixes of the lake's own bucket, the tables of its two databases and its log groups, publishes metrics in the
 * lake's namespace if that is asked for, uses the key of the bucket for its objects if it has one, and does nothing else.
 * EtlCore makes one; a dataset that must do more gets a role of its own by its `role` prop.
 */
export class SharedGlueRole extends Role {
  constructor(scope: Construct, id: string, props: SharedGlueRoleProps) {
    const names = new LakeNames(scope, props);
    const stack = Stack.of(scope);
    const bucket = bucketStatements(stack, names);
    const catalog = catalogStatement(stack, names);
    const logs = logsStatements(stack, names);
    const metrics = metricsStatement(names);
    super(scope, id, {
      roleName: names.glueRole,
      description: `Jobs and crawlers of the lake ${names.resourcePrefix}`,
      assumedBy: new ServicePrincipal('glue.amazonaws.com'),
      inlinePolicies: {
        bucket: new PolicyDocument({ statements: bucket }),
        catalog: new PolicyDocument({ statements: [catalog] }),
        logs: new PolicyDocument({ statements: logs }),
        ...props.metrics && { metrics: new PolicyDocument({ statements: [metrics] }) },
        ...props.encryptionKey && { key: new PolicyDocument({ statements: [objectKeyStatement(stack, names, props.encryptionKey.keyArn)] }) },
      },
    });
    const resource = this.node.defaultChild as CfnRole;
    acknowledgeWildcards(resource, 'The keys of objects are the jobs\' own. Each pattern is a prefix of the lake\'s bucket.', ...bucket);
    acknowledgeWildcards(resource, 'Crawlers make tables by the names of datasets. Both databases are the lake\'s.', catalog);
    acknowledgeWildcards(resource, 'Glue names the streams of a log. The groups are the lake\'s; in the group of all crawlers, the streams are.', ...logs);
    if (props.metrics) {
      acknowledgeWildcards(resource, 'PutMetricData knows no resources. A condition holds it to the lake\'s namespace.', metrics);
    }
  }
}

function bucketStatements(stack: Stack, names: LakeNames): PolicyStatement[] {
  const bucket = `arn:${stack.partition}:s3:::${names.bucket}`;
  return [
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [bucket],
      conditions: { StringLike: { 's3:prefix': ['raw/*', 'bronze/*', 'gold/*', 'staging/*', 'etl/*'] } },
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
      resources: ['raw', 'bronze', 'gold', 'staging'].map(prefix => `${bucket}/${prefix}/*`),
    }),
    // Tags mark the raw runs that were superseded, which the bucket's lifecycle then deletes.
    new PolicyStatement({
      actions: ['s3:GetObjectTagging', 's3:PutObjectTagging', 's3:DeleteObjectTagging'],
      resources: [`${bucket}/raw/*`],
    }),
    new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [`${bucket}/etl/*`],
    }),
    // A job writes the records of its runs, never the scripts beside them.
    new PolicyStatement({
      actions: ['s3:PutObject', 's3:DeleteObject'],
      resources: [`${bucket}/etl/*/runs/*`],
    }),
  ];
}

/** What a crawler does to tables. It never deletes one. */
function catalogStatement(stack: Stack, names: LakeNames): PolicyStatement {
  const databases = Object.values(Layer).map(layer => names.database(layer));
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

/** Jobs write to the lake's groups, crawlers to streams of their own names in the group that Glue has for all of them. */
function logsStatements(stack: Stack, names: LakeNames): PolicyStatement[] {
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
        ...Object.values(Layer).map(layer => group(`${ofCrawlers}:log-stream:${names.job(layer, '*')}`)),
      ],
    }),
  ];
}

/** PutMetricData knows no resources; its condition does. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html */
function metricsStatement(names: LakeNames): PolicyStatement {
  return new PolicyStatement({
    actions: ['cloudwatch:PutMetricData'],
    resources: ['*'],
    conditions: { StringEquals: { 'cloudwatch:namespace': names.metricsNamespace } },
  });
}
