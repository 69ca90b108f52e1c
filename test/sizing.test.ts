import { DataSizeCategory } from '../src';
import { maxDpuHours, SIZES } from '../src/sizing';

test.each([
  { category: DataSizeCategory.SMALL, value: 'small', workerType: 'G.1X', workers: 2, timeoutMinutes: 30, dpuHours: 2 },
  {
    category: DataSizeCategory.MEDIUM,
    value: 'medium',
    workerType: 'G.1X',
    workers: 5,
    timeoutMinutes: 60,
    dpuHours: 10,
  },
  {
    category: DataSizeCategory.LARGE,
    value: 'large',
    workerType: 'G.1X',
    workers: 10,
    timeoutMinutes: 120,
    dpuHours: 40,
  },
  {
    category: DataSizeCategory.XLARGE,
    value: 'xlarge',
    workerType: 'G.2X',
    workers: 10,
    timeoutMinutes: 240,
    dpuHours: 160,
  },
])(
  '$value has $workers workers of type $workerType, a timeout of $timeoutMinutes minutes, and at most $dpuHours '
    + 'DPU-hours per run',
  ({ category, value, workerType, workers, timeoutMinutes, dpuHours }) => {
    expect(category).toBe(value);
    expect(SIZES[category]).toEqual({ workerType, workers, timeoutMinutes, autoScaling: workers > 2, flex: false });
    expect(maxDpuHours(SIZES[category])).toBe(dpuHours);
  },
);

test('every category has a size', () => {
  expect(Object.keys(SIZES).sort()).toEqual(Object.values(DataSizeCategory).sort());
});
