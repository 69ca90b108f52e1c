import { GlueDefaults } from './glue-defaults';
import { GlueWorkerConfig, WorkerType } from './glue-worker-config';

/** How big a dataset is. It picks the workers and the timeout of its job. */
export enum DataSizeCategory {
  /** Below 100 MB: 2 workers G.1X, 30 minutes. */
  SMALL = 'small',
  /** 100 MB to 1 GB: 5 workers G.1X, 60 minutes. */
  MEDIUM = 'medium',
  /** 1 to 5 GB: 10 workers G.1X, 120 minutes. */
  LARGE = 'large',
  /** Above 5 GB: 10 workers G.2X, 240 minutes. */
  XLARGE = 'xlarge',
}

/** What a size stands for. */
export interface Size {
  readonly workerType: WorkerType;
  readonly workers: number;
  readonly timeoutMinutes: number;
}

/** The timeouts replace the service's 48 hours, which a hanging run would be billed for. */
export const SIZES: { readonly [category in DataSizeCategory]: Size } = {
  small: { workerType: WorkerType.G_1X, workers: 2, timeoutMinutes: 30 },
  medium: { workerType: WorkerType.G_1X, workers: 5, timeoutMinutes: 60 },
  large: { workerType: WorkerType.G_1X, workers: 10, timeoutMinutes: 120 },
  xlarge: { workerType: WorkerType.G_2X, workers: 10, timeoutMinutes: 240 },
};

/** What a size stands for in a lake with defaults and worker configurations of its own: the more special one holds. */
export function sizeOf(
  category: DataSizeCategory,
  defaults: GlueDefaults,
  configs: { readonly [category: string]: GlueWorkerConfig },
): Size {
  const usual = SIZES[category];
  const { workerType, numberOfWorkers, timeout } = configs[category] ?? {};
  return {
    workerType: workerType ?? usual.workerType,
    workers: numberOfWorkers ?? usual.workers,
    timeoutMinutes: (timeout ?? defaults.timeout)?.toMinutes() ?? usual.timeoutMinutes,
  };
}

/** One more try, for a fault of the service. A run that failed by its data ends its retry at once. */
export const MAX_RETRIES = 1;

/** https://docs.aws.amazon.com/glue/latest/dg/worker-types.html */
const DPU_PER_WORKER: { readonly [type in WorkerType]: number } = { 'G.1X': 1, 'G.2X': 2, 'G.4X': 4, 'G.8X': 8 };

/** The most DPU-hours one run can cost: workers × DPU × timeout × (1 + retries). */
export function maxDpuHours(size: Size, retries = MAX_RETRIES): number {
  return size.workers * DPU_PER_WORKER[size.workerType] * (size.timeoutMinutes / 60) * (1 + retries);
}
