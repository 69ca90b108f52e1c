import { App, Stack } from 'aws-cdk-lib';
import { Alias, Key } from 'aws-cdk-lib/aws-kms';
import { EtlCore, EtlCoreProps } from '../src';
import { resource, resources } from './assembly';
import { ENV } from './layouts';

const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111';

function lake(props: (stack: Stack) => Partial<EtlCoreProps>): Stack {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', ...props(stack) });
  return stack;
}

/** The keys that encrypt the parts of a lake, as its template contains them. */
function keysOf(stack: Stack): { [what: string]: unknown } {
  const bucket = resources(stack, 'AWS::S3::Bucket')[0]?.Properties.BucketEncryption
    .ServerSideEncryptionConfiguration[0];
  const results = resource(stack, 'AWS::Athena::WorkGroup').Properties.WorkGroupConfiguration.ResultConfiguration
    .EncryptionConfiguration;
  return {
    bucket: bucket?.ServerSideEncryptionByDefault.KMSMasterKeyID,
    bucketKey: bucket?.BucketKeyEnabled,
    logs: resources(stack, 'AWS::Logs::LogGroup').map(({ Properties }) => Properties.KmsKeyId),
    results: results.KmsKey ?? results.EncryptionOption,
    topic: resources(stack, 'AWS::SNS::Topic')[0]?.Properties.KmsMasterKeyId,
  };
}

test('by default, a lake is encrypted with keys that AWS owns or manages', () => {
  const stack = lake(() => ({ alerts: {} }));
  expect(keysOf(stack)).toEqual({
    bucket: undefined,
    bucketKey: undefined,
    logs: [undefined, undefined],
    results: 'SSE_S3',
    topic: undefined,
  });
  expect(resources(stack, 'AWS::KMS::Key')).toEqual([]);
});

test(
  'with encrypted, a new key encrypts the bucket, logs, query results and alerts, has the alias of the lake, and is '
    + 'retained',
  () => {
    const stack = lake(() => ({ encrypted: true, alerts: {} }));
    const key = resource(stack, 'AWS::KMS::Key');
    const arn = { 'Fn::GetAtt': [key.id, 'Arn'] };
    expect(keysOf(stack)).toEqual({ bucket: arn, bucketKey: true, logs: [arn, arn], results: arn, topic: arn });
    expect(key).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', Properties: { EnableKeyRotation: true } });
    expect(resource(stack, 'AWS::KMS::Alias').Properties).toEqual({ AliasName: 'alias/pp-dw', TargetKeyId: arn });
  },
);

test('a key that is passed encrypts all of them, and gets the alias', () => {
  const stack = lake(scope => ({ encryptionKey: Key.fromKeyArn(scope, 'Own', KEY), alerts: {} }));
  expect(keysOf(stack)).toEqual({ bucket: KEY, bucketKey: true, logs: [KEY, KEY], results: KEY, topic: KEY });
  expect(resource(stack, 'AWS::KMS::Alias').Properties).toEqual({ AliasName: 'alias/pp-dw', TargetKeyId: KEY });
  expect(resources(stack, 'AWS::KMS::Key')).toEqual([]);
});

test('alerts can have their own key, with or without a key of the lake', () => {
  const alone = lake(() => ({ alerts: { encrypted: true } }));
  expect(keysOf(alone)).toMatchObject({
    bucket: undefined,
    results: 'SSE_S3',
    topic: { 'Fn::GetAtt': [resource(alone, 'AWS::KMS::Key').id, 'Arn'] },
  });
  const other = lake(scope => ({ encrypted: true, alerts: { encryptionKey: Key.fromKeyArn(scope, 'Own', KEY) } }));
  expect(keysOf(other)).toMatchObject({
    bucket: { 'Fn::GetAtt': [resource(other, 'AWS::KMS::Key').id, 'Arn'] },
    topic: KEY,
  });
});

test('the encryption of an existing bucket is not changed; logs and query results are encrypted with the key', () => {
  const stack = lake(scope => ({ existingBucketName: 'our-lake', encryptionKey: Key.fromKeyArn(scope, 'Own', KEY) }));
  expect(keysOf(stack)).toMatchObject({ bucket: undefined, logs: [KEY, KEY], results: KEY });
  expect(resources(stack, 'AWS::S3::Bucket')).toEqual([]);
});

test.each<[string, (stack: Stack) => Partial<EtlCoreProps>, string]>([
  ['the lake', scope => ({ encryptionKey: Alias.fromAliasName(scope, 'Own', 'alias/own') }), 'encryptionKey'],
  [
    'alerts',
    scope => ({ alerts: { encryptionKey: Alias.fromAliasName(scope, 'Own', 'alias/own') } }),
    'encryptionKey of alerts',
  ],
])('an alias as the key of %s is an error, because it cannot have an alias or a policy', (_, props, prop) => {
  expect(() => lake(props)).toThrow(
    `ENCRYPTION_KEY_INVALID: Core/Lake: ${prop} is a KMS alias. Use the key itself, for example Key.fromKeyArn(…).`,
  );
});
