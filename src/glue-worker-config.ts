import { Duration } from 'aws-cdk-lib';

/**
 * The type of the workers of a Glue job.
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
}

/**
 * Worker settings and timeout of a size. They override the built-in ones.
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
   * The number of workers, including the driver: 2 to 299.
   *
   * Your account's service quotas may allow fewer.
   *
   * @default - depends on the size: 2 (small), 5 (medium), 10 (large and xlarge)
   * @see https://docs.aws.amazon.com/general/latest/gr/glue.html
   */
  readonly numberOfWorkers?: number;

  /**
   * The timeout of a run: whole minutes, from 15 minutes to 48 hours.
   *
   * @default - `timeout` of `glueDefaults`; otherwise by size: 30, 60, 120 or 240 minutes
   */
  readonly timeout?: Duration;
}
