import { readText, tableRows } from './documentation-pages';
import { PRICES } from '../src/cli/job-cost';
import { DataSizeCategory, DPU_PER_WORKER, SIZES } from '../src/sizing';

const PAGE = 'docs/costs.md';
const DAYS = 30;

/** The cells of the rows of a table, without the emphasis of the sum. */
function cellsOf(heading: string): string[][] {
  return tableRows(PAGE, heading).map(row => row.split('|').slice(1, -1).map(cell => cell.replace(/\*\*/g, '').trim()));
}

function numberIn(cell: string): number {
  expect(cell).toMatch(/^[\d,]+(\.\d+)?( USD)?$/);
  return Number(cell.replace(/,| USD/g, ''));
}

/** Converts USD to cents, rounded half up. */
function cents(usd: number): number {
  return Math.round(Number((usd * 100).toFixed(6)));
}

const ITEMS = cellsOf('item');
const SUM = ITEMS[ITEMS.length - 1];
const COSTS = ITEMS.slice(0, -1).map(([item, quantity, , price, cost]) =>
  ({ item, quantity: numberIn(quantity), price: numberIn(price), cost: numberIn(cost) }));

test.each(COSTS)('$item: $quantity × $price USD = $cost USD', ({ quantity, price, cost }) => {
  expect(cents(quantity * price)).toBe(cents(cost));
});

test('the total is the sum of the rows', () => {
  expect(SUM[0]).toBe('Sum');
  expect(cents(numberIn(SUM[4]))).toBe(COSTS.reduce((sum, { cost }) => sum + cents(cost), 0));
});

test('each item links to the prices of its service', () => {
  for (const { item } of COSTS) {
    expect(item).toMatch(/^\[.+\]\(https:\/\/aws\.amazon\.com\/[\w-]+\/pricing\/\)/);
  }
});

describe('the DPU-hours of the month', () => {
  const USAGE = cellsOf('datasets').map(([datasets, size, dpus, minutes, hours]) => ({
    category: size.replace(/`/g, '').toLowerCase() as DataSizeCategory,
    datasets: numberIn(datasets),
    dpus: numberIn(dpus),
    minutes: numberIn(minutes),
    hours: numberIn(hours),
  }));

  test('are of 50 datasets of all sizes', () => {
    expect(USAGE.map(each => each.category)).toEqual(Object.values(DataSizeCategory));
    expect(USAGE.reduce((sum, each) => sum + each.datasets, 0)).toBe(50);
  });

  test.each(USAGE)('$category: datasets × days × DPUs × minutes', ({ category, datasets, dpus, minutes, hours }) => {
    const { workers, workerType, timeoutMinutes } = SIZES[category];
    expect(dpus).toBe(workers * DPU_PER_WORKER[workerType]);
    expect(minutes).toBeLessThan(timeoutMinutes);
    expect(hours).toBe(datasets * DAYS * dpus * minutes / 60);
  });

  test('are the quantity of the Glue jobs', () => {
    expect(COSTS[0].quantity).toBe(USAGE.reduce((sum, each) => sum + each.hours, 0));
    expect(COSTS[0].price).toBe(PRICES['5.0'].standard);
  });

  test.each(cellsOf('jobs'))('%s: %s USD per DPU-hour is %s USD, in total %s USD', (jobs, price, cost, sum) => {
    const [, version, flex] = /^Glue ([56])\.[\dx](, FLEX)?$/.exec(jobs)!;
    expect(numberIn(price)).toBe(PRICES[`${version}.0`][flex ? 'flex' : 'standard']);
    expect(cents(numberIn(cost))).toBe(cents(COSTS[0].quantity * numberIn(price)));
    const others = cents(numberIn(SUM[4])) - cents(COSTS[0].cost);
    expect(cents(numberIn(sum))).toBe(others + cents(numberIn(cost)));
  });
});

test('the prices of jobs equal those of `medallion list --price`', () => {
  expect(cellsOf('Glue version').map(([version, ...prices]) => [version, prices.map(numberIn)])).toEqual(
    Object.entries(PRICES).map(([version, { standard, flex, memoryOptimized }]) =>
      [version, [standard, flex, memoryOptimized]]),
  );
});

test('the number of metrics per dataset is the number in the example', () => {
  expect(readText(PAGE)).toContain('Nine custom metrics per dataset');
  expect(COSTS.find(({ item }) => item.endsWith(': metrics'))?.quantity).toBe(9 * 50 / 24);
});
