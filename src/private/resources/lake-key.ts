import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias, IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { EtlCoreProps } from '../../etl-core-props';
import { LakeNames } from '../../naming';
import { synthError } from '../errors/synth-error';

/** The keys of a lake. Both are the same key, unless the alerts have a separate key. */
export interface LakeKeys {
  /** Encrypts the bucket, the logs and the query results. */
  readonly lake?: IKey;
  /** Encrypts the topic of the alerts. */
  readonly alerts?: IKey;
}

/**
 * The keys of a core: the keys in its props, or a new key. The alias of the lake refers to the key.
 *
 * If a key encrypts only the alerts, it also becomes the key of the lake when the lake is encrypted later, because two
 * keys cannot share the alias.
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

/** Whether a customer managed key encrypts the data of the lake. */
export function isEncrypted({ encrypted, encryptionKey }: Pick<EtlCoreProps, 'encrypted' | 'encryptionKey'>): boolean {
  return encryptionKey !== undefined || (encrypted ?? false);
}

/**
 * Allows CloudWatch Logs to use the key for the log groups of the lake.
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
 * Allows a role to use a key only to read and write objects of the lake bucket through S3.
 *
 * The encryption context is the ARN of the bucket if it has an S3 Bucket Key, and otherwise the ARN of the object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context
 *
 * @param key the ARN of the key. If undefined, the statement allows any key of the account, because an app that knows
 * only the names of the lake does not know the ARN. A condition on the alias can take five minutes to become effective:
 * https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
export function objectKeyStatement(
  stack: Stack, names: LakeNames, key?: string, actions = ['kms:Decrypt', 'kms:GenerateDataKey'],
): PolicyStatement {
  const bucket = `arn:${stack.partition}:s3:::${names.bucket}`;
  return new PolicyStatement({
    actions,
    resources: [key ?? stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
    conditions: {
      StringEquals: { 'kms:ViaService': `s3.${stack.region}.${stack.urlSuffix}` },
      StringLike: { 'kms:EncryptionContext:aws:s3:arn': [bucket, `${bucket}/*`] },
    },
  });
}

/** The ARN of the lake key. Undefined if the ARN would have to be exported from another stack. */
export function keyArnIn(stack: Stack, key: IKey | undefined): string | undefined {
  return key && (Stack.of(key) === stack || !Token.isUnresolved(key.keyArn)) ? key.keyArn : undefined;
}

/**
 * Allows a role to read the objects of the bootstrap bucket if a customer managed key encrypts them.
 *
 * The key can be in any account and its ARN is not known, so the statement is limited by the encryption context, which
 * is the ARN of the bucket or of the object. Without such a key, the statement has no effect.
 * https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
 */
export function assetKeyStatement(stack: Stack, bucketArn: string): PolicyStatement {
  return new PolicyStatement({
    actions: ['kms:Decrypt'],
    resources: [stack.formatArn({ service: 'kms', account: '*', resource: 'key', resourceName: '*' })],
    conditions: {
      StringEquals: { 'kms:ViaService': `s3.${stack.region}.${stack.urlSuffix}` },
      StringLike: { 'kms:EncryptionContext:aws:s3:arn': [bucketArn, `${bucketArn}/*`] },
    },
  });
}

/**
 * Creates a key. The key of the lake is retained like the bucket, because its data is lost without the key. A key that
 * encrypts only alerts is deleted with the stack.
 */
function createKey(scope: Construct, names: LakeNames, lakeIsEncrypted: boolean): Key {
  return new Key(scope, 'Key', {
    description: lakeIsEncrypted ? `The lake ${names.resourcePrefix}` : `Alerts of the lake ${names.resourcePrefix}`,
    enableKeyRotation: true,
    removalPolicy: lakeIsEncrypted ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
  });
}

/** Fails if a key is a KMS alias. The alias of the lake and the policies need the ARN of the key itself. */
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
