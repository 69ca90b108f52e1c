import { Stack } from 'aws-cdk-lib';
import { CfnRole, PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { LakeNames } from './naming';
import { withPendingLookups } from './private/document/pending-lookup';
import { checkProps, KEY, PropTypes } from './private/errors/prop-types';
import { LAYERS } from './private/layers';
import { objectKeyStatement } from './private/resources/lake-key';
import { lakeTags, tagExisting } from './private/resources/lake-tags';
import { acknowledgeWildcards } from './private/resources/nag-suppressions';
import {
  bucketLocationStatement,
  bucketStatements,
  catalogStatement,
  crawlerLogsStatement,
  eventsStatement,
  logsStatements,
  metricsStatement,
} from './private/resources/policy-statements';

/** Properties of the shared role of a lake. */
export interface SharedGlueRoleProps {
  /** The prefix of all names of the lake, in kebab-case, such as `pp-dw`. */
  readonly resourcePrefix: string;

  /**
   * The prefix of the databases of the lake, in snake_case.
   *
   * @default - `resourcePrefix` in snake_case
   */
  readonly databasePrefix?: string;

  /**
   * The name of the existing bucket that the lake uses.
   *
   * @default - the bucket that EtlCore creates, `<resourcePrefix>-<account>`
   */
  readonly existingBucketName?: string;

  /**
   * Whether jobs can publish CloudWatch metrics in the namespace of the lake.
   *
   * @default false - metrics are off by default
   */
  readonly metrics?: boolean;

  /**
   * The customer managed KMS key that encrypts the bucket of the lake.
   *
   * @default - no permission to use a KMS key, because S3 managed keys need none
   */
  readonly encryptionKey?: IKey;
}

/**
 * The shared role of the jobs and crawlers of a lake, `<resourcePrefix>-glue-role`.
 *
 * It can read and write the prefixes of the lake in its bucket, create and update tables in its databases, write its
 * logs, and send events about warnings. If `metrics` is true, it can publish metrics in the namespace of the lake. If
 * `encryptionKey` is set, it can use this key for the objects in the bucket. It has no other permissions.
 *
 * `EtlCore` creates this role as `EtlCore.role`, so you rarely create it yourself. A dataset that needs more
 * permissions has its own role: a dataset with `auth`, `connection` or an S3 source creates one, or you pass one as
 * `role`.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new SharedGlueRole(datasets, 'GlueRole', { resourcePrefix: 'pp-dw', metrics: true });
 */
export class SharedGlueRole extends Role {
  /**
   * Creates the shared role of a lake.
   *
   * @param scope the scope of the construct, usually a stack
   * @param id the ID of the construct within its scope
   * @param props the properties of the role
   */
  constructor(scope: Construct, id: string, props: SharedGlueRoleProps) {
    checkProps(scope, props, ROLE_PROPS);
    const names = new LakeNames(scope, withPendingLookups(props));
    const stack = Stack.of(scope);
    const bucket = [
      ...bucketStatements(stack, names, {
        data: ['raw', ...LAYERS, 'staging'],
        raw: 'raw',
        etl: 'etl',
        runs: 'etl/*/runs',
      }),
      bucketLocationStatement(stack, names),
    ];
    const catalog = catalogStatement(stack, names, LAYERS);
    const logs = [
      ...logsStatements(stack, names),
      crawlerLogsStatement(stack, ...LAYERS.map(layer => names.job(layer, '*'))),
    ];
    const metrics = metricsStatement(names);
    super(scope, id, {
      roleName: names.glueRole,
      description: `Jobs and crawlers of the lake ${names.resourcePrefix}`,
      assumedBy: new ServicePrincipal('glue.amazonaws.com'),
      inlinePolicies: {
        bucket: new PolicyDocument({ statements: bucket }),
        catalog: new PolicyDocument({ statements: [catalog] }),
        logs: new PolicyDocument({ statements: logs }),
        events: new PolicyDocument({ statements: [eventsStatement(stack, names)] }),
        ...(props.metrics && { metrics: new PolicyDocument({ statements: [metrics] }) }),
        ...(props.encryptionKey && {
          key: new PolicyDocument({ statements: [objectKeyStatement(stack, names, props.encryptionKey.keyArn)] }),
        }),
      },
    });
    tagExisting(this, lakeTags(names));
    const resource = this.node.defaultChild as CfnRole | undefined;
    acknowledgeWildcards(
      resource,
      "Jobs choose the keys of objects. Each pattern is limited to a prefix of the lake's bucket.",
      ...bucket,
    );
    acknowledgeWildcards(
      resource,
      'Jobs and crawlers create tables that are named after datasets. The databases belong to the lake.',
      catalog,
    );
    acknowledgeWildcards(
      resource,
      'AWS Glue names the log streams. The log groups belong to the lake; in the shared log group of crawlers, the '
        + 'streams do.',
      ...logs,
    );
    if (props.metrics) {
      acknowledgeWildcards(
        resource,
        'PutMetricData has no resource-level permissions. A condition limits it to the namespace of the lake.',
        metrics,
      );
    }
  }
}

const ROLE_PROPS: PropTypes<SharedGlueRoleProps> = {
  resourcePrefix: 'unchecked',
  databasePrefix: 'unchecked',
  existingBucketName: 'unchecked',
  metrics: 'boolean',
  encryptionKey: KEY,
};
