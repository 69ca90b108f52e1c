import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Layer } from './layer';
import { LakeNames } from './naming';

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
}

/**
 * The role of all jobs and crawlers of a lake, `<resourcePrefix>-glue-role`.
 *
 * It reads and writes the prefixes of the lake's own bucket, the tables of its two databases and its log groups, publishes metrics in the
 * lake's namespace if that is asked for, and does nothing else.
 * EtlCore makes one; a dataset that must do more gets a role of its own by its `role` prop.
 */
export class SharedGlueRole extends Role {
  constructor(scope: Construct, id: string, props: SharedGlueRoleProps) {
    const names = new LakeNames(scope, props);
    super(scope, id, {
      roleName: names.glueRole,
      description: `Jobs and crawlers of the lake ${names.resourcePrefix}`,
      assumedBy: new ServicePrincipal('glue.amazonaws.com'),
      inlinePolicies: {
        bucket: new PolicyDocument({ statements: bucketStatements(Stack.of(scope), names) }),
        catalog: new PolicyDocument({ statements: [catalogStatement(Stack.of(scope), names)] }),
        logs: new PolicyDocument({ statements: [logsStatement(Stack.of(scope), names)] }),
        ...props.metrics && { metrics: new PolicyDocument({ statements: [metricsStatement(names)] }) },
      },
    });
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

/** Jobs write to the lake's groups, crawlers to the one that Glue has for all of them. */
function logsStatement(stack: Stack, names: LakeNames): PolicyStatement {
  const group = (name: string) => `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:${name}`;
  return new PolicyStatement({
    actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [names.errorLogGroup, names.outputLogGroup, '/aws-glue/crawlers'].flatMap(name => [group(name), group(`${name}:*`)]),
  });
}

/** PutMetricData knows no resources; its condition does. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html */
function metricsStatement(names: LakeNames): PolicyStatement {
  return new PolicyStatement({
    actions: ['cloudwatch:PutMetricData'],
    resources: ['*'],
    conditions: { StringEquals: { 'cloudwatch:namespace': names.metricsNamespace } },
  });
}
