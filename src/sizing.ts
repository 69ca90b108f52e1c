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
  readonly workerType: 'G.1X' | 'G.2X';
  readonly workers: number;
  readonly timeoutMinutes: number;
}

/** The timeouts replace the service's 48 hours, which a hanging run would be billed for. */
export const SIZES: { readonly [category in DataSizeCategory]: Size } = {
  small: { workerType: 'G.1X', workers: 2, timeoutMinutes: 30 },
  medium: { workerType: 'G.1X', workers: 5, timeoutMinutes: 60 },
  large: { workerType: 'G.1X', workers: 10, timeoutMinutes: 120 },
  xlarge: { workerType: 'G.2X', workers: 10, timeoutMinutes: 240 },
};

/** One more try, for a fault of the service. A run that failed by its data ends its retry at once. */
export const MAX_RETRIES = 1;

/** https://docs.aws.amazon.com/glue/latest/dg/worker-types.html */
const DPU_PER_WORKER = { 'G.1X': 1, 'G.2X': 2 };

/** The most DPU-hours one run can cost: workers × DPU × timeout × (1 + retries). */
export function maxDpuHours(size: Size): number {
  return size.workers * DPU_PER_WORKER[size.workerType] * (size.timeoutMinutes / 60) * (1 + MAX_RETRIES);
}
