import { InvalidArgumentError } from '../../private/dependencies/commander';
import { isCalendarDate } from '../../private/document/calendar-date';
import { didYouMean } from '../../private/errors/suggestion';

/** Returns a function that checks whether the value of an option or argument is one of its choices. */
export function oneOf(choices: readonly string[]): (value: string) => string {
  return value => {
    if (!choices.includes(value)) {
      throw new InvalidArgumentError(`${didYouMean(value, choices)}Allowed choices are ${choices.join(', ')}.`);
    }
    return value;
  };
}

/** Parses an integer that is at least 1. */
export function positiveInteger(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) {
    throw new InvalidArgumentError('Specify an integer of at least 1.');
  }
  return Number(value);
}

/** Parses a price in USD that is greater than 0. */
export function parsePrice(value: string): number {
  const price = /^(\d+(\.\d*)?|\.\d+)$/.test(value) ? Number(value) : NaN;
  if (!Number.isFinite(price) || price <= 0) {
    throw new InvalidArgumentError('Specify a price in USD per DPU-hour that is greater than 0, for example 0.44.');
  }
  return price;
}

/** Parses the number of a TCP port. */
export function portNumber(value: string): number {
  const port = positiveInteger(value);
  if (port > 65535) {
    throw new InvalidArgumentError('Specify a port from 1 to 65535.');
  }
  return port;
}

/** Checks a calendar date in the format YYYY-MM-DD. */
export function parseDate(value: string): string {
  if (!isCalendarDate(value)) {
    throw new InvalidArgumentError('Specify a date that exists, for example 2026-11-02.');
  }
  return value;
}

/** Parses a point in time: `24h` or `7d` before now, or a date or a time in UTC. */
export function parseSince(value: string): Date {
  const [, count, unit] = /^(\d{1,5})(h|d)$/.exec(value) ?? [];
  if (count !== undefined) {
    return new Date(Date.now() - Number(count) * (unit === 'h' ? 3_600_000 : 86_400_000));
  }
  const [day, time] = value.split('T');
  const hasZone = time !== undefined && /(Z|[+-]\d\d:?\d\d)$/.test(time);
  const moment = new Date(hasZone ? value : `${day}T${time ?? '00:00'}Z`);
  if (!isCalendarDate(day) || Number.isNaN(moment.getTime())) {
    throw new InvalidArgumentError('Specify hours or days, such as 24h or 7d, or a date, such as 2026-11-02.');
  }
  return moment;
}
