import { Stack } from 'aws-cdk-lib';
import { CfnRole, PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { Layer } from './layer';
import { LakeNames } from './naming';
import { objectKeyStatement } from './private/resources/lake-key';
import { acknowledgeWildcards } from './private/resources/nag-suppressions';
import {
  bucketStatements,
  catalogStatement,
  logsStatements,
  metricsStatement,
} from './private/resources/policy-statements';

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
 * It reads and writes the prefixes of the lake's own bucket, the tables of its two databases and its log groups,
 * publishes metrics in the lake's namespace if that is asked for, uses the key of the bucket for its objects if it has
 * one, and does nothing else. EtlCore makes one. A dataset that must do more has a role of its own: with `auth`, a
 * `connection` or a source in a bucket it makes one, and by its `role` prop it is given one.
 */
export class SharedGlueRole extends Role {
  constructor(scope: Construct, id: string, props: SharedGlueRoleProps) {
    const names = new LakeNames(scope, props);
    const stack = Stack.of(scope);
    const layers = Object.values(Layer);
    const bucket = bucketStatements(stack, names, {
      data: ['raw', 'bronze', 'gold', 'staging'],
      raw: 'raw',
      etl: 'etl',
      runs: 'etl/*/runs',
    });
    const catalog = catalogStatement(stack, names, layers);
    const logs = logsStatements(stack, names, layers.map(layer => names.job(layer, '*')));
    const metrics = metricsStatement(names);
    super(scope, id, {
      roleName: names.glueRole,
      description: `Jobs and crawlers of the lake ${names.resourcePrefix}`,
      assumedBy: new ServicePrincipal('glue.amazonaws.com'),
      inlinePolicies: {
        bucket: new PolicyDocument({ statements: bucket }),
        catalog: new PolicyDocument({ statements: [catalog] }),
        logs: new PolicyDocument({ statements: logs }),
        ...(props.metrics && { metrics: new PolicyDocument({ statements: [metrics] }) }),
        ...(props.encryptionKey && {
          key: new PolicyDocument({ statements: [objectKeyStatement(stack, names, props.encryptionKey.keyArn)] }),
        }),
      },
    });
    const resource = this.node.defaultChild as CfnRole;
    acknowledgeWildcards(
      resource,
      "The keys of objects are the jobs' own. Each pattern is a prefix of the lake's bucket.",
      ...bucket,
    );
    acknowledgeWildcards(
      resource,
      "Crawlers make tables by the names of datasets. Both databases are the lake's.",
      catalog,
    );
    acknowledgeWildcards(
      resource,
      "Glue names the streams of a log. The groups are the lake's; in the group of all crawlers, the streams are.",
      ...logs,
    );
    if (props.metrics) {
      acknowledgeWildcards(
        resource,
        "PutMetricData knows no resources. A condition holds it to the lake's namespace.",
        metrics,
      );
    }
  }
}
