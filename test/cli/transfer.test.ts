import { describeTransfers, Transfer } from '../../src/cli/transfer';

/** A download that is observed every 250 ms and receives a number of bytes per second. */
function observed(perSecond: number, seconds: number, total?: number, start = 0): Transfer {
  const transfer = new Transfer();
  for (let now = 0; now <= seconds * 1000; now += 250) {
    transfer.update(start + perSecond * now / 1000, total, now);
  }
  return transfer;
}

test.each([
  [12.3e6, 10, 317e6, '123 of 317 MB  38%  12.3 MB/s  16 s left'],
  [250e3, 4, 1.5e6, '1.0 of 1.5 MB  66%  250 kB/s  2 s left'],
  [200, 10, 5e3, '2 of 5 kB  40%  0 kB/s  15 s left'],
  [1e6, 600, 5e9, '0.60 of 5.00 GB  12%  1.0 MB/s  74 min left'],
  [1e6, 100, 50e9, '0.10 of 50.00 GB  0%  1.0 MB/s  13 h 52 min left'],
  [5e6, 60, 300e6, '300 of 300 MB  100%  5.0 MB/s  0 s left'],
  [3e6, 4, undefined, '12.0 MB  3.0 MB/s'],
])('the state of a download with %d bytes per second', (perSecond, seconds, total, expected) => {
  expect(describeTransfers([observed(perSecond, seconds, total)])).toBe(expected);
});

test('at the start, there is no rate and no time left', () => {
  expect(describeTransfers([observed(1e6, 0.25, 10e6)])).toBe('0.3 of 10.0 MB  2%');
});

test('a stalled download shows no time left', () => {
  const transfer = observed(1e6, 5, 10e6);
  for (let now = 5250; now <= 12_000; now += 250) {
    transfer.update(5e6, 10e6, now);
  }
  expect(describeTransfers([transfer])).toBe('5.0 of 10.0 MB  50%  0 kB/s');
});

test('the rate of a download that restarts is never negative', () => {
  const transfer = observed(1e6, 5, 10e6);
  transfer.update(0, 10e6, 5250);
  transfer.update(1e6, 10e6, 6250);
  expect(describeTransfers([transfer])).toBe('1.0 of 10.0 MB  10%  1.0 MB/s  9 s left');
});

test('downloads at the same time are added up, without a percentage if a size is unknown', () => {
  expect(describeTransfers([observed(1e6, 4, 10e6), observed(2e6, 4, 20e6)])).toBe(
    '12.0 of 30.0 MB  40%  3.0 MB/s  6 s left');
  expect(describeTransfers([observed(1e6, 4, 10e6), observed(2e6, 4)])).toBe('12.0 MB  3.0 MB/s');
});

test('a download that is larger than announced has no percentage', () => {
  expect(describeTransfers([observed(1e6, 4, 3e6)])).toBe('4.0 MB  1.0 MB/s');
});
