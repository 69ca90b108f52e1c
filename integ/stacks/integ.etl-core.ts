import { ExpectedResult, IntegTest } from '@aws-cdk/integ-tests-alpha';
import { Stack } from 'aws-cdk-lib';
import { integApp } from './integ-app';
import { RunInAccount } from './run-in-account';
import { removeWithStack } from './temporary-lake';
import { EtlCore } from '../../src';

const app = integApp();
const stack = new Stack(app, 'MedallionIntegEtlCore');
const core = new EtlCore(stack, 'Core', { resourcePrefix: 'medallion-integ-core' });
removeWithStack(core);

const integ = new IntegTest(app, 'EtlCore', { testCases: [stack] });
const access = integ.assertions.awsApiCall('s3', 'GetPublicAccessBlock', { Bucket: core.bucket.bucketName });
access.provider.addToRolePolicy({
  Effect: 'Allow',
  Action: ['s3:GetBucketPublicAccessBlock'],
  Resource: [core.bucket.bucketArn],
});
access.expect(
  ExpectedResult.objectLike({
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
  }),
);
integ.assertions.awsApiCall('s3', 'GetBucketVersioning', { Bucket: core.bucket.bucketName })
  .expect(ExpectedResult.objectLike({ Status: 'Enabled' }));
new RunInAccount(integ, core).query('SELECT 42', '42');
