import { Duration } from 'aws-cdk-lib';
import { GlueVersion } from './glue-version';

/** Default settings of all jobs of a lake. */
export interface GlueDefaults {
  /**
   * The Glue version of the jobs. `glueVersion` of a dataset overrides it.
   *
   * @default GlueVersion.V5_0 - Glue 6.0 costs less, but runs SQL in ANSI mode, in which existing queries can fail.
   * `medallion init` sets GlueVersion.V6_0 for new lakes
   */
  readonly version?: GlueVersion;

  /**
   * The timeout of the jobs, for all sizes: whole minutes, from 15 minutes to 48 hours.
   *
   * A run does not start to publish in the last ten minutes before its timeout. `timeout` of a size in
   * `glueWorkerConfigs` overrides this setting.
   *
   * @default - by size: 30, 60, 120 or 240 minutes. The AWS Glue default is 48 hours, and a run that hangs is charged
   * until its timeout
   * @see https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html
   */
  readonly timeout?: Duration;

  /**
   * The number of times that AWS Glue retries a failed run: 0 to 10.
   *
   * @default 1 - for transient errors of a service. If a run fails because of its data, its retry fails immediately
   */
  readonly maxRetries?: number;

  /**
   * Additional arguments of all jobs, such as `--enable-metrics` with the value `true`.
   *
   * Synthesis fails with `ARGUMENT_RESERVED` for an argument that the library sets. For auto scaling, set `autoScaling`
   * of a dataset or of a size in `glueWorkerConfigs`.
   *
   * @default - none
   * @see https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
   */
  readonly defaultArguments?: { [argument: string]: string };
}
