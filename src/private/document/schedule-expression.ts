import { translatedUnixCron } from './unix-cron';
import { didYouMean } from '../errors/suggestion';

/** One field of an EventBridge Scheduler cron expression. */
interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values, starting at `min`. */
  readonly names?: string[];
  /** Whether the field supports `/`. */
  readonly steps: boolean;
  /** Values that only this field supports. */
  readonly special?: RegExp[];
  readonly allowed: string;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/**
 * The fields of a cron expression.
 *
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
 */
const CRON_FIELDS: CronField[] = [
  { name: 'minutes', min: 0, max: 59, steps: true, allowed: '0-59 and , - * /' },
  { name: 'hours', min: 0, max: 23, steps: true, allowed: '0-23 and , - * /' },
  {
    name: 'day of month',
    min: 1,
    max: 31,
    steps: true,
    special: [/^L$/, /^([1-9]|[12]\d|3[01])W$/],
    allowed: '1-31 and , - * ? / L W',
  },
  { name: 'month', min: 1, max: 12, names: MONTHS, steps: true, allowed: '1-12 or JAN-DEC and , - * /' },
  {
    name: 'day of week',
    min: 1,
    max: 7,
    names: DAYS,
    steps: false,
    special: [/^L$/, /^([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)L$/, /^([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5]$/],
    allowed: '1-7 or SUN-SAT and , - * ? L #',
  },
  { name: 'year', min: 1970, max: 2199, steps: true, allowed: '1970-2199 and , - * /' },
];
const SIX_FIELDS = `A cron expression has six fields (${CRON_FIELDS.map(field => field.name).join(', ')}).`;
const DAY_OF_MONTH = 2;
const DAY_OF_WEEK = 4;

/** The problem with a schedule expression, and how to correct it. Undefined if EventBridge Scheduler accepts it. */
export function scheduleExpressionProblem(expression: string): string | undefined {
  const cron = /^cron\((.*)\)$/.exec(expression);
  const unix = unixCronRemedy(cron?.[1] ?? expression);
  if (unix !== undefined) {
    return unix;
  }
  if (cron) {
    return cronProblem(cron[1]);
  }
  const rate = /^rate\((.*)\)$/.exec(expression);
  if (rate) {
    return rateProblem(rate[1]);
  }
  return (
    'Write cron(minutes hours day-of-month month day-of-week year), for example "cron(0 6 * * ? *)", or '
    + 'rate(value unit), for example "rate(6 hours)".'
  );
}

/**
 * The remedy for a Unix cron expression. Undefined if the string is not such an expression, or if a field is invalid.
 */
function unixCronRemedy(text: string): string | undefined {
  const { expression, reason } = translatedUnixCron(text) ?? {};
  if (reason !== undefined) {
    return `${SIX_FIELDS} ${reason}`;
  }
  const isValid = expression !== undefined && cronProblem(expression.slice('cron('.length, -1)) === undefined;
  return isValid ? `Write "${expression}". ${SIX_FIELDS} This one has 5.` : undefined;
}

function rateProblem(rate: string): string | undefined {
  const match = /^([1-9]\d*) (minute|hour|day)(s?)$/.exec(rate);
  if (!match) {
    return 'A rate is a positive integer followed by minutes, hours or days, for example "rate(6 hours)".';
  }
  const [, value, unit, plural] = match;
  if ((value === '1') === (plural === 's')) {
    return `Write "rate(${value} ${unit}${value === '1' ? '' : 's'})".`;
  }
  return undefined;
}

function cronProblem(cron: string): string | undefined {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== CRON_FIELDS.length) {
    return `${SIX_FIELDS} This one has ${fields.length}.`;
  }
  for (const [index, field] of CRON_FIELDS.entries()) {
    if (!fieldIsValid(field, fields[index])) {
      return `The ${field.name} field "${fields[index]}" is invalid: it allows ${field.allowed}.`;
    }
  }
  if ((fields[DAY_OF_MONTH] === '?') === (fields[DAY_OF_WEEK] === '?')) {
    return 'Exactly one of day of month and day of week must be "?".';
  }
  return undefined;
}

function fieldIsValid(field: CronField, text: string): boolean {
  const isDay = field === CRON_FIELDS[DAY_OF_MONTH] || field === CRON_FIELDS[DAY_OF_WEEK];
  if (text === '*' || (text === '?' && isDay)) {
    return true;
  }
  const items = text.split(',');
  // EventBridge Scheduler accepts only one # expression.
  if (items.length > 1 && text.includes('#')) {
    return false;
  }
  return items.every(item => field.special?.some(pattern => pattern.test(item)) || itemIsValid(field, item));
}

/** Whether an item is valid: a value or a range, with or without a step, or `*` with a step. */
function itemIsValid(field: CronField, item: string): boolean {
  const [range, step, ...rest] = item.split('/');
  if (
    rest.length > 0
    || (step !== undefined && !(field.steps && /^[1-9]\d*$/.test(step) && Number(step) <= field.max))
  ) {
    return false;
  }
  if (range === '*') {
    return step !== undefined;
  }
  const ends = range.split('-').map(end => fieldValue(field, end));
  return (
    ends.length <= 2 && ends.every(end => end >= field.min && end <= field.max) && ends[0] <= ends[ends.length - 1]
  );
}

/** Converts the text of a number, or a name such as MON, to a number. NaN if the text is neither. */
function fieldValue(field: CronField, text: string): number {
  const named = field.names?.indexOf(text) ?? -1;
  return named >= 0 ? named + field.min : /^\d{1,4}$/.test(text) ? Number(text) : NaN;
}

/** Names of the IANA database without an area, which Intl accepts but does not list. */
const ZONES_WITHOUT_AREA = [
  'UTC', 'UCT', 'GMT', 'GMT0', 'GMT+0', 'GMT-0', 'Zulu', 'Universal', 'Greenwich', 'EST', 'MST', 'HST', 'EST5EDT',
  'CST6CDT', 'MST7MDT', 'PST8PDT', 'CET', 'MET', 'EET', 'WET', 'Cuba', 'Egypt', 'Eire', 'GB', 'GB-Eire', 'Hongkong',
  'Iceland', 'Iran', 'Israel', 'Jamaica', 'Japan', 'Kwajalein', 'Libya', 'NZ', 'NZ-CHAT', 'Navajo', 'PRC', 'Poland',
  'Portugal', 'ROC', 'ROK', 'Singapore', 'Turkey', 'W-SU',
];

/** Areas whose zone names are all alternative names, such as US/Eastern. */
const OTHER_AREAS = ['US', 'Canada', 'Mexico', 'Brazil', 'Chile', 'Etc'];

/**
 * The correction of a time zone name, or undefined if the name is in the IANA time zone database.
 *
 * Intl also accepts offsets and ignores case. EventBridge Scheduler does not.
 */
export function timezoneProblem(timezone: string): string | undefined {
  const zones = [...Intl.supportedValuesOf('timeZone'), ...ZONES_WITHOUT_AREA, 'Etc/UTC', 'Etc/GMT'];
  const spelling = zones.find(name => name === timezone)
    ?? zones.find(name => name.toLowerCase() === timezone.toLowerCase())
    ?? alternativeTo(timezone);
  if (spelling === undefined) {
    return `${didYouMean(timezone, zones, true)}Use a name from the IANA time zone database, for example `
      + '"America/New_York".';
  }
  const isAlternative = spelling.toLowerCase() !== timezone.toLowerCase() && hasCaseOfZone(timezone, zones);
  return spelling === timezone || isAlternative
    ? undefined
    : `Write "${spelling}".`;
}

/** The name that Intl uses for a time zone, such as Asia/Calcutta for Asia/Kolkata. Undefined if unknown. */
function alternativeTo(timezone: string): string | undefined {
  try {
    return /^[A-Za-z]+\//.test(timezone)
      ? new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a name with an area is capitalized like other zones: US/Eastern, not us/eastern or US/EASTERN. */
function hasCaseOfZone(timezone: string, zones: string[]): boolean {
  const [area, ...places] = timezone.split('/');
  const areas = [...zones.map(zone => zone.split('/')[0]), ...OTHER_AREAS];
  const words = places.flatMap(place => place.split(/[_-]/));
  return areas.includes(area)
    && words.every(word => /^([A-Z0-9]|of$|es$|au$|d')/.test(word) && !/^[A-Z]{4,}$/.test(word));
}
