import { GlueDefaults } from './glue-defaults';
import { GlueWorkerConfig, WorkerType } from './glue-worker-config';
import { DatasetDocument } from './private/document/dataset-document.generated';

/**
 * The size of the input data of a dataset. It selects the workers and the timeout of the job.
 *
 * `glueWorkerConfigs` of the core overrides these settings.
 *
 * @see https://docs.aws.amazon.com/glue/latest/dg/worker-types.html
 */
export enum DataSizeCategory {
  /** Less than 100 MB: 2 workers of type G.1X, timeout 30 minutes. */
  SMALL = 'small',
  /** 100 MB to 1 GB: 5 workers of type G.1X, timeout 60 minutes. */
  MEDIUM = 'medium',
  /** 1 GB to 5 GB: 10 workers of type G.1X, timeout 120 minutes. */
  LARGE = 'large',
  /** More than 5 GB: 10 workers of type G.2X, timeout 240 minutes. */
  XLARGE = 'xlarge',
}

/** The workers and the timeout of a size. */
export interface Size {
  readonly workerType: WorkerType;
  readonly workers: number;
  readonly timeoutMinutes: number;
  /** Whether AWS Glue removes idle workers during a run. The number of workers is then the maximum. */
  readonly autoScaling: boolean;
  /** Whether runs use spare capacity: the execution class FLEX. */
  readonly flex: boolean;
}

/**
 * The settings of each size. Each size has a timeout, because a run that hangs is charged until its timeout, which is
 * 48 hours by default.
 */
export const SIZES: { readonly [category in DataSizeCategory]: Size } = {
  small: { workerType: WorkerType.G_1X, workers: 2, timeoutMinutes: 30, autoScaling: false, flex: false },
  medium: { workerType: WorkerType.G_1X, workers: 5, timeoutMinutes: 60, autoScaling: true, flex: false },
  large: { workerType: WorkerType.G_1X, workers: 10, timeoutMinutes: 120, autoScaling: true, flex: false },
  xlarge: { workerType: WorkerType.G_2X, workers: 10, timeoutMinutes: 240, autoScaling: true, flex: false },
};

/**
 * The workers and the timeout of a dataset. Its own settings override the worker settings of its size, which override
 * the defaults of all jobs.
 */
export function sizeOf(
  category: DataSizeCategory,
  defaults: GlueDefaults,
  configs: { readonly [category: string]: GlueWorkerConfig },
  own: Pick<
    DatasetDocument, 'worker_type' | 'number_of_workers' | 'timeout_minutes' | 'auto_scaling' | 'flex'
  > = {},
): Size {
  const builtIn = SIZES[category];
  const { workerType, numberOfWorkers, timeout, autoScaling, flex } = configs[category] ?? {};
  return {
    workerType: own.worker_type as WorkerType | undefined ?? workerType ?? builtIn.workerType,
    workers: own.number_of_workers ?? numberOfWorkers ?? builtIn.workers,
    timeoutMinutes: own.timeout_minutes ?? (timeout ?? defaults.timeout)?.toMinutes() ?? builtIn.timeoutMinutes,
    autoScaling: own.auto_scaling ?? autoScaling ?? builtIn.autoScaling,
    flex: own.flex ?? flex ?? builtIn.flex,
  };
}

/** One retry, for transient errors of a service. If a run fails because of its data, its retry fails immediately. */
export const MAX_RETRIES = 1;

/**
 * The DPUs of a worker, or its M-DPUs for the memory-optimized types (`R.…`), which have a different price.
 *
 * https://docs.aws.amazon.com/glue/latest/dg/worker-types.html
 */
export const DPU_PER_WORKER: { readonly [type in WorkerType]: number } = {
  'G.1X': 1,
  'G.2X': 2,
  'G.4X': 4,
  'G.8X': 8,
  'G.12X': 12,
  'G.16X': 16,
  'R.1X': 1,
  'R.2X': 2,
  'R.4X': 4,
  'R.8X': 8,
};

/**
 * The maximum DPU-hours of a run, or M-DPU-hours: workers × DPU × timeout × (1 + retries). Auto scaling does not lower
 * the maximum, because a run can still use all workers.
 */
export function maxDpuHours(
  size: Pick<Size, 'workerType' | 'workers' | 'timeoutMinutes'>,
  retries = MAX_RETRIES,
): number {
  return size.workers * DPU_PER_WORKER[size.workerType] * (size.timeoutMinutes / 60) * (1 + retries);
}
