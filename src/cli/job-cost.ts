import { Dataset, JobSize } from './dataset';
import { DPU_PER_WORKER, maxDpuHours } from '../sizing';

/** The kinds of DPU-hours that AWS Glue bills at different prices. */
export type PriceKind = 'standard' | 'flex' | 'memoryOptimized';

/**
 * Example prices of jobs in USD per DPU-hour, or per M-DPU-hour for workers of type R. Glue 6.0 costs 30% less than
 * earlier versions. docs/costs.md has the same prices.
 *
 * https://aws.amazon.com/glue/pricing/
 * https://aws.amazon.com/blogs/aws/aws-glue-6-0-now-available-with-30-lower-price-and-full-apache-iceberg-v3-support/
 */
export const PRICES: { readonly [glueVersion: string]: { readonly [kind in PriceKind]: number } } = {
  '5.0': { standard: 0.44, flex: 0.29, memoryOptimized: 0.52 },
  '5.1': { standard: 0.44, flex: 0.29, memoryOptimized: 0.52 },
  '6.0': { standard: 0.308, flex: 0.203, memoryOptimized: 0.364 },
};

/** The Region and the date of the prices. */
const PRICES_OF = 'us-east-1 in November 2026';

/** The example price of a job. Undefined for an unknown Glue version, or if a setting is only known at deployment. */
export function jobPrice(
  glueVersion: string, { workerType, executionClass }: Pick<JobSize, 'workerType' | 'executionClass'>,
): number | undefined {
  if (workerType === undefined || executionClass === undefined) {
    return undefined;
  }
  const kind = executionClass === 'FLEX' ? 'flex' : workerType.startsWith('R.') ? 'memoryOptimized' : 'standard';
  return PRICES[glueVersion]?.[kind];
}

/** The maximum DPU-hours of a run, including retries. Undefined if a setting is only known at deployment. */
export function maxDpuHoursOf({ workerType, workers, timeoutMinutes, maxRetries }: JobSize): number | undefined {
  if (workerType === undefined || workers === undefined || timeoutMinutes === undefined || maxRetries === undefined) {
    return undefined;
  }
  return isWorkerType(workerType) ? maxDpuHours({ workerType, workers, timeoutMinutes }, maxRetries) : undefined;
}

function isWorkerType(type: string): type is keyof typeof DPU_PER_WORKER {
  return type in DPU_PER_WORKER;
}

/** The maximum usage and price of a run, including retries. Null if a setting is only known at deployment. */
export interface MaxCost {
  readonly max_dpu_hours: number | null;
  /** The maximum price in USD. Set only if prices are requested. */
  readonly max_price_usd?: number | null;
}

/** @param price in USD per DPU-hour, or true for the example prices; default: no price */
export function maxCost({ glueVersion, size }: Dataset, price?: number | true): MaxCost {
  const dpuHours = maxDpuHoursOf(size) ?? null;
  if (price === undefined) {
    return { max_dpu_hours: dpuHours };
  }
  const perHour = price === true ? jobPrice(glueVersion, size) : price;
  const isKnown = dpuHours !== null && perHour !== undefined;
  return { max_dpu_hours: dpuHours, max_price_usd: isKnown ? Number((dpuHours * perHour).toFixed(4)) : null };
}

export function hoursText(hours: number | null): string {
  return hours?.toLocaleString('en', { maximumFractionDigits: 2 }) ?? '';
}

export function usdText(usd: number | null = null): string {
  return usd?.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 }) ?? '';
}

/** Notes with the total for one run of each dataset, and with the prices that were used. */
export function priceNotes(datasets: Dataset[], price: number | true): string[] {
  const costs = datasets.map(dataset => maxCost(dataset, price));
  const priced = costs.filter(each => typeof each.max_price_usd === 'number');
  const unknown = costs.length - priced.length;
  const sumOf = (key: keyof MaxCost) => priced.reduce((sum, each) => sum + (each[key] ?? 0), 0);
  return [
    `One run of each dataset: at most ${hoursText(sumOf('max_dpu_hours'))} DPU-hours, `
      + `${usdText(sumOf('max_price_usd'))} USD, including retries.`
      + (unknown > 0 ? ` Not included because of unknown settings: ${unknown} of ${costs.length} datasets.` : ''),
    price === true
      ? `Example prices: ${pricesText(datasets)} (${PRICES_OF}). The prices in your Region can differ. `
        + 'Set your price with --price USD.'
      : `Price: ${price} USD per DPU-hour.`,
  ];
}

/** The example prices of the datasets, highest first. */
function pricesText(datasets: Dataset[]): string {
  const prices = datasets.flatMap(({ glueVersion, size }) => jobPrice(glueVersion, size) ?? []);
  const distinct = [...new Set(prices)].sort((one, other) => other - one);
  return distinct.length > 0 ? `${distinct.join(', ')} USD per DPU-hour` : 'none';
}
