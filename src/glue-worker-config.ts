import { Duration } from 'aws-cdk-lib';

/**
 * The type of the workers of a Glue job.
 *
 * AWS Glue does not offer every type in every Region. The types `R_…` are memory-optimized: a memory-optimized DPU
 * (M-DPU) has twice the memory of a DPU and its own price. Each type has one Spark executor per worker.
 *
 * @see https://docs.aws.amazon.com/glue/latest/dg/worker-types.html
 */
export enum WorkerType {
  /** 1 DPU: 4 vCPUs, 16 GB of memory. */
  G_1X = 'G.1X',
  /** 2 DPU: 8 vCPUs, 32 GB of memory. */
  G_2X = 'G.2X',
  /** 4 DPU: 16 vCPUs, 64 GB of memory. */
  G_4X = 'G.4X',
  /** 8 DPU: 32 vCPUs, 128 GB of memory. */
  G_8X = 'G.8X',
  /** 12 DPU: 48 vCPUs, 192 GB of memory. */
  G_12X = 'G.12X',
  /** 16 DPU: 64 vCPUs, 256 GB of memory. */
  G_16X = 'G.16X',
  /** 1 M-DPU: 4 vCPUs, 32 GB of memory. */
  R_1X = 'R.1X',
  /** 2 M-DPU: 8 vCPUs, 64 GB of memory. */
  R_2X = 'R.2X',
  /** 4 M-DPU: 16 vCPUs, 128 GB of memory. */
  R_4X = 'R.4X',
  /** 8 M-DPU: 32 vCPUs, 256 GB of memory. */
  R_8X = 'R.8X',
}

/**
 * The worker settings and the timeout of a size. They override the built-in settings.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new EtlCore(new Stack(app, 'Lake'), 'Core', {
 *   resourcePrefix: 'pp-dw',
 *   glueWorkerConfigs: { large: { workerType: WorkerType.G_2X, numberOfWorkers: 20, timeout: Duration.hours(3) } },
 * });
 */
export interface GlueWorkerConfig {
  /**
   * The type of the workers.
   *
   * @default - by size: G.2X for `xlarge`, otherwise G.1X
   */
  readonly workerType?: WorkerType;

  /**
   * The number of workers, including the driver: 2 to 299, or 2 to 149 with `WorkerType.G_2X`.
   *
   * With auto scaling, this number is the maximum. Your account's service quotas may allow fewer. Synthesis of a
   * dataset fails with `SETTINGS_CONFLICT` if AWS Glue does not allow the number for the worker type.
   *
   * @default - depends on the size: 2 (small), 5 (medium), 10 (large and xlarge)
   * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-glue-job.html
   * @see https://docs.aws.amazon.com/general/latest/gr/glue.html
   */
  readonly numberOfWorkers?: number;

  /**
   * Whether AWS Glue adds and removes workers during a run, up to `numberOfWorkers`. You pay only for the workers that
   * the run uses.
   *
   * @default - true for the sizes `medium`, `large` and `xlarge`; false for `small`, which has only one worker besides
   * the driver and so nothing to scale
   * @see https://docs.aws.amazon.com/glue/latest/dg/auto-scaling.html
   */
  readonly autoScaling?: boolean;

  /**
   * Whether runs use the flexible execution class of AWS Glue: spare capacity at a lower price.
   *
   * A run can wait up to 20 minutes for capacity and fail if there is none, and AWS Glue can reclaim workers during the
   * run. Synthesis of a dataset fails with `SETTINGS_CONFLICT` for worker types other than `G_1X` and `G_2X`, for a
   * timeout of less than 30 minutes, and for a dataset of a pipeline.
   *
   * @default false - a run starts immediately
   * @see https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
   */
  readonly flex?: boolean;

  /**
   * The timeout of a run: whole minutes, from 15 minutes to 48 hours.
   *
   * @default - `timeout` of `glueDefaults`; otherwise by size: 30, 60, 120 or 240 minutes
   */
  readonly timeout?: Duration;
}
