import { Duration } from 'aws-cdk-lib';

/** What a worker of a Glue job is. https://docs.aws.amazon.com/glue/latest/dg/worker-types.html */
export enum WorkerType {
  /** 1 DPU: 4 vCPUs, 16 GB of memory. */
  G_1X = 'G.1X',
  /** 2 DPUs: 8 vCPUs, 32 GB. */
  G_2X = 'G.2X',
  /** 4 DPUs: 16 vCPUs, 64 GB. */
  G_4X = 'G.4X',
  /** 8 DPUs: 32 vCPUs, 128 GB. */
  G_8X = 'G.8X',
}

/**
 * The workers and the timeout of a size, in place of those of the table of sizes. What is left out stays as it is
 * there.
 */
export interface GlueWorkerConfig {
  /**
   * What a worker is.
   *
   * @default - G.1X, for the largest size G.2X
   */
  readonly workerType?: WorkerType;

  /**
   * How many workers a run has, the driver among them: 2 to 299.
   *
   * @default - 2, 5, 10 or 10 by the size
   */
  readonly numberOfWorkers?: number;

  /**
   * After how much time a run is stopped: in whole minutes, from 15 to two days.
   *
   * @default - that of `glueDefaults`, or 30, 60, 120 or 240 minutes by the size
   */
  readonly timeout?: Duration;
}
