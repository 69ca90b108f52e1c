import { IRole } from 'aws-cdk-lib/aws-iam';

/**
 * Existing IAM roles for a lake, for organizations whose apps are not allowed to create roles.
 *
 * You manage the permissions of these roles: no policy is added to them. See `docs/security.md`. As an alternative,
 * `Role.customizeRoles` of the AWS CDK replaces all roles of an app, and writes a report with the policies that they
 * need.
 */
export interface LakeRoles {
  /**
   * The shared role of jobs and crawlers. AWS Glue must be allowed to assume it.
   *
   * @default - a new role, `<resourcePrefix>-glue-role`
   */
  readonly glue?: IRole;

  /**
   * The role that schedules use to start jobs, pipelines and the freshness check. EventBridge Scheduler must be allowed
   * to assume it.
   *
   * @default - new roles: `<resourcePrefix>-scheduler-role`, a role per pipeline with a schedule, and
   * `<resourcePrefix>-freshness-scheduler-role` if a dataset declares freshness
   */
  readonly scheduler?: IRole;

  /**
   * The role of the state machines that run pipelines, check freshness and count DPU-hours. AWS Step Functions must be
   * allowed to assume it.
   *
   * @default - new roles: `<resourcePrefix>-dataset-role`, a role per pipeline, `<resourcePrefix>-freshness-role` if
   * a dataset declares freshness, and `<resourcePrefix>-usage-role` with `maxDpuHoursPerMonth`
   */
  readonly stateMachines?: IRole;

  /**
   * The role of the function that copies the scripts of jobs to the bucket. AWS Lambda must be allowed to assume it.
   *
   * @default - a new role in each stack that contains datasets
   */
  readonly deployment?: IRole;

  /**
   * The role of the state machine that sends alerts, and of the EventBridge rules that start this state machine or the
   * state machine that counts DPU-hours. AWS Step Functions and Amazon EventBridge must be allowed to assume the role.
   *
   * @default - with `alerts`, two new roles: `<resourcePrefix>-alerts-role` for the state machine, and
   * `<resourcePrefix>-events-role` for the rules; with `maxDpuHoursPerMonth`, `<resourcePrefix>-usage-events-role`
   */
  readonly alerts?: IRole;

  /**
   * The role that AWS Lake Formation assumes to access the tables, if `lakeFormation` is set. AWS Lake Formation and
   * AWS Glue must be allowed to assume it.
   *
   * @default - with `lakeFormation`, a new role, `<resourcePrefix>-lake-formation-role`
   */
  readonly lakeFormation?: IRole;

  /**
   * The roles of individual datasets. Each key is the layer and the name of a dataset, such as `bronze/zipcodes`, and
   * its value is the role of the dataset's job and crawler. The `role` prop of a dataset takes precedence.
   *
   * With `lakeFormation`, the core grants each role the Lake Formation permissions on the layer in its key.
   *
   * Synthesis fails with `VALUE_INVALID` for a key without a layer.
   *
   * @default - a new role for each dataset with `auth`, `connection` or an S3 source; otherwise the shared role
   */
  readonly datasets?: { [dataset: string]: IRole };
}
