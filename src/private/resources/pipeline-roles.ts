import { CfnRole, PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { accountService } from './account-service';
import { acknowledgeWildcards } from './nag-suppressions';
import { createStartExecutionRole } from './start-execution-role';
import { checkLength, LakeNames } from '../../naming';

/** The role of the state machine of a pipeline: it starts executions of the dataset state machine, and reads them. */
export function createPipelineRole(scope: Construct, names: LakeNames, pipeline: string): Role {
  const roleName = `${names.pipeline(pipeline)}-role`;
  checkLength(scope, 'role', roleName, 'Use a shorter prefix or pipeline name.');
  const datasetMachine = names.stateMachineArn(scope, names.datasetStateMachine);
  const executions = new PolicyStatement({
    actions: ['states:DescribeExecution'],
    resources: [names.executionArn(scope, names.datasetStateMachine, '*')],
  });
  const role = new Role(scope, 'Role', {
    roleName,
    description: `Runs the pipeline ${pipeline} of the lake ${names.resourcePrefix}`,
    assumedBy: accountService(scope, 'states'),
    inlinePolicies: {
      pipeline: new PolicyDocument({
        statements: [
          new PolicyStatement({ actions: ['states:StartExecution'], resources: [datasetMachine] }),
          new PolicyStatement({
            actions: ['states:ListExecutions'],
            resources: [datasetMachine, names.stateMachineArn(scope, names.pipeline(pipeline))],
          }),
          executions,
        ],
      }),
    },
  });
  acknowledgeWildcards(
    role.node.defaultChild as CfnRole | undefined,
    'The pipeline reads the results of the executions that it has started, whose names contain their start time.',
    executions,
  );
  return role;
}

/** The role that the schedule of a pipeline uses to start executions of the pipeline. */
export function createPipelineSchedulerRole(scope: Construct, names: LakeNames, pipeline: string): Role {
  const roleName = `${names.pipeline(pipeline)}-scheduler-role`;
  checkLength(scope, 'role', roleName, 'Use a shorter prefix or pipeline name.');
  return createStartExecutionRole(scope, 'SchedulerRole', {
    service: 'scheduler',
    roleName,
    description: `Starts the pipeline ${pipeline} of the lake ${names.resourcePrefix}`,
    policy: 'pipeline',
    stateMachineArn: names.stateMachineArn(scope, names.pipeline(pipeline)),
  });
}
