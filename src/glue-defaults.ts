import { Duration } from 'aws-cdk-lib';
import { GlueVersion } from './glue-version';

/** What every job of a lake gets, unless its dataset says otherwise. */
export interface GlueDefaults {
  /**
   * The Glue version of the jobs.
   *
   * @default GlueVersion.V5_0
   */
  readonly version?: GlueVersion;

  /**
   * After how much time a run is stopped, whatever the size of its dataset: in whole minutes, from 15, because no
   * publication begins in the last ten, to two days.
   *
   * @default - by the size: 30, 60, 120 or 240 minutes. Glue's own two days are a bill that nobody expects
   */
  readonly timeout?: Duration;

  /**
   * How many times Glue runs a job again that failed, 10 at most.
   *
   * @default 1 - for a fault of the service. A run that failed by its data ends its retry at once
   */
  readonly maxRetries?: number;

  /**
   * Further arguments of every job, as Glue documents them, for example `--enable-auto-scaling` with `true`. None that
   * the library sets.
   *
   * @default - none
   * @see https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
   */
  readonly defaultArguments?: { [argument: string]: string };
}
