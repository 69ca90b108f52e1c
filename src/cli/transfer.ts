/** The period over which the rate is measured, in milliseconds. */
const RATE_PERIOD = 5000;
/**
 * The minimum period over which a rate is measured, in milliseconds. The first blocks of a download often come from a
 * buffer.
 */
const MIN_RATE_PERIOD = 500;

/** A download whose progress is measured. Its rate is the average over the last few seconds. */
export class Transfer {
  /** The number of bytes that have been received. */
  public done = 0;
  /** The size in bytes. Undefined if it is unknown. */
  public total: number | undefined;
  private samples: { readonly at: number; readonly done: number }[] = [];

  /**
   * Records the state of the download. Call this method regularly, even if no bytes were received, so that the rate
   * falls.
   *
   * @param now the current time in milliseconds
   */
  public update(done: number, total: number | undefined, now = Date.now()): void {
    if (done < this.done) {
      // The download has restarted.
      this.samples = [];
    }
    [this.done, this.total] = [done, total];
    this.samples = [...this.samples.filter(({ at }) => now - at <= RATE_PERIOD), { at: now, done }];
  }

  /** The rate in bytes per second. Undefined at the start. */
  public get rate(): number | undefined {
    const [first, last] = [this.samples[0], this.samples[this.samples.length - 1]];
    const period = first ? last.at - first.at : 0;
    return period < MIN_RATE_PERIOD ? undefined : (last.done - first.done) / period * 1000;
  }
}

/**
 * The state of downloads that run at the same time, for example `120 of 317 MB  37%  12.3 MB/s  16 s left`. Unknown
 * values are left out.
 */
export function describeTransfers(transfers: Transfer[]): string {
  const done = sum(transfers.map(each => each.done));
  const total = sum(transfers.map(each => each.total));
  const rate = sum(transfers.map(each => each.rate));
  const isSizeKnown = total !== undefined && total > 0 && done !== undefined && done <= total;
  return [
    isSizeKnown ? `${inUnitOf(total, done)} of ${size(total)}` : size(done ?? 0),
    isSizeKnown ? percent(done, total) : '',
    rate === undefined ? '' : `${size(rate)}/s`,
    isSizeKnown && rate ? `${duration((total - done) / rate)} left` : '',
  ].filter(Boolean).join('  ');
}

/** The sum of the values. Undefined if one of them is undefined. */
function sum(values: (number | undefined)[]): number | undefined {
  return values.reduce((total, value) => total === undefined || value === undefined ? undefined : total + value, 0);
}

/** A percentage, rounded down, so that 100% means that everything is done. */
export function percent(done: number, total: number): string {
  return `${Math.floor(done / total * 100)}%`;
}

const UNITS = [
  { name: 'GB', bytes: 1e9, digits: 2 },
  { name: 'MB', bytes: 1e6, digits: 0 },
  { name: 'kB', bytes: 1e3, digits: 0 },
];

/** A number of bytes with a decimal unit, as pip and the log of a job write it: `317 MB`, `12.3 MB`, `1.25 GB`. */
function size(bytes: number): string {
  return `${inUnitOf(bytes, bytes)} ${unitOf(bytes).name}`;
}

function unitOf(bytes: number): typeof UNITS[number] {
  return UNITS.find(unit => bytes >= unit.bytes) ?? UNITS[UNITS.length - 1];
}

/** A number of bytes in the unit of another number, without the unit. */
function inUnitOf(reference: number, bytes: number): string {
  const unit = unitOf(reference);
  const isSmall = unit.name === 'MB' && reference < 100 * unit.bytes;
  return (bytes / unit.bytes).toFixed(isSmall ? 1 : unit.digits);
}

/** `16 s`, `3 min` or `1 h 5 min`, rounded up. */
function duration(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  return seconds <= 90
    ? `${Math.ceil(seconds)} s`
    : minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
