import { ExpectedResult, IntegTest } from '@aws-cdk/integ-tests-alpha';
import { Stack } from 'aws-cdk-lib';
import { integApp } from './integ-app';
import { SharedGlueRole } from '../../src';

const app = integApp();
const stack = new Stack(app, 'MedallionIntegSharedGlueRole');
const role = new SharedGlueRole(stack, 'Role', { resourcePrefix: 'medallion-integ-role' });
const bucket = `arn:${stack.partition}:s3:::medallion-integ-role-${stack.account}`;

const integ = new IntegTest(app, 'SharedGlueRole', { testCases: [stack] });
/** Checks the decision of the IAM policy simulator. */
function expectDecision(action: string, resource: string, decision: string): void {
  integ.assertions
    .awsApiCall('iam', 'SimulatePrincipalPolicy', {
      PolicySourceArn: role.roleArn,
      ActionNames: [action],
      ResourceArns: [resource],
    })
    .assertAtPath('EvaluationResults.0.EvalDecision', ExpectedResult.stringLikeRegexp(`^${decision}$`));
}
expectDecision('s3:PutObject', `${bucket}/bronze/zipcodes/zipcodes.parquet`, 'allowed');
expectDecision('s3:PutObject', `${bucket}/etl/zipcodes/glue/bronze_job.py`, 'implicitDeny');
expectDecision('s3:GetObject', `arn:${stack.partition}:s3:::another-bucket/bronze/zipcodes.parquet`, 'implicitDeny');
expectDecision(
  'glue:DeleteTable',
  `arn:${stack.partition}:glue:${stack.region}:${stack.account}:table/medallion_integ_role_bronze/zipcodes`,
  'implicitDeny',
);
