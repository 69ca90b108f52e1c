import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias, IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { EtlCoreProps } from '../../etl-core-props';
import { LakeNames } from '../../naming';
import { synthError } from '../errors/synth-error';

/** The keys of a lake: both are one where the alerts have none of their own. */
export interface LakeKeys {
  /** Encrypts bucket, logs and query results. */
  readonly lake?: IKey;
  /** Encrypts the topic of the alerts. */
  readonly alerts?: IKey;
}

/**
 * The keys that a core was given, and the one that it makes. That has the lake's alias.
 *
 * A key for alerts alone becomes that of the lake in place when the lake is encrypted later: two would not share the
 * alias.
 */
export function lakeKeys(scope: Construct, names: LakeNames, props: EtlCoreProps): LakeKeys {
  const { encryptionKey, alerts } = props;
  checkKey(scope, 'encryptionKey', encryptionKey);
  checkKey(scope, 'encryptionKey of alerts', alerts?.encryptionKey);

  const lakeIsEncrypted = isEncrypted(props);
  const alertsAreEncrypted =
    alerts !== undefined && alerts.topic === undefined && (alerts.encrypted ?? lakeIsEncrypted);
  const needsKey = lakeIsEncrypted || (alertsAreEncrypted && alerts.encryptionKey === undefined);
  const key = needsKey ? encryptionKey ?? createKey(scope, names, lakeIsEncrypted) : undefined;
  if (key) {
    new Alias(scope, 'KeyAlias', { aliasName: names.keyAlias, targetKey: key });
  }
  return {
    lake: lakeIsEncrypted ? key : undefined,
    alerts: alerts?.encryptionKey ?? (alertsAreEncrypted ? key : undefined),
  };
}

/** Whether what the lake keeps is encrypted with a customer key. */
export function isEncrypted({ encrypted, encryptionKey }: Pick<EtlCoreProps, 'encrypted' | 'encryptionKey'>): boolean {
  return encryptionKey !== undefined || (encrypted ?? false);
}

/**
 * Lets CloudWatch Logs use the key, for the lake's own log groups.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function grantCloudWatchLogs(scope: Construct, names: LakeNames, key: IKey): void {
  const stack = Stack.of(scope);
  const arn = (group: string) => `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:${group}`;
  key.addToResourcePolicy(
    new PolicyStatement({
      actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
      resources: ['*'],
      principals: [new ServicePrincipal(`logs.${stack.region}.${stack.urlSuffix}`)],
      conditions: {
        ArnEquals: { 'kms:EncryptionContext:aws:logs:arn': [arn(names.errorLogGroup), arn(names.outputLogGroup)] },
      },
    }),
  );
}

/**
 * Lets a role read and write objects that a key encrypts: in the lake's bucket, through S3, and nothing else.
 *
 * S3 gives KMS the bucket's ARN where it has a bucket key, and else the object's.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context
 *
 * @param key its ARN; without it whatever key the bucket's objects are encrypted with. An app that has only the lake's
 * names cannot know
 * the ARN, and a condition on the alias takes five minutes to hold: https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
export function objectKeyStatement(stack: Stack, names: LakeNames, key?: string): PolicyStatement {
  const bucket = `arn:${stack.partition}:s3:::${names.bucket}`;
  return new PolicyStatement({
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: [key ?? stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
    conditions: {
      StringEquals: { 'kms:ViaService': `s3.${stack.region}.${stack.urlSuffix}` },
      StringLike: { 'kms:EncryptionContext:aws:s3:arn': [bucket, `${bucket}/*`] },
    },
  });
}

/**
 * What the lake keeps is lost without its key, which therefore stays as the bucket does. A message is delivered before
 * its key can go.
 */
function createKey(scope: Construct, names: LakeNames, lakeIsEncrypted: boolean): Key {
  return new Key(scope, 'Key', {
    description: lakeIsEncrypted ? `The lake ${names.resourcePrefix}` : `Alerts of the lake ${names.resourcePrefix}`,
    enableKeyRotation: true,
    removalPolicy: lakeIsEncrypted ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
  });
}

/** Neither an alias nor a policy takes an alias for a key. */
function checkKey(scope: Construct, prop: string, key?: IKey): void {
  if (key && 'aliasName' in key) {
    throw synthError(
      scope,
      'ENCRYPTION_KEY_INVALID',
      `${prop} is a KMS alias.`,
      'Use the key itself, for example Key.fromKeyArn(…).',
    );
  }
}
