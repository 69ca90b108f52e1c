/** One field of a cron expression, as EventBridge Scheduler reads it. */
interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Words for the values from min on. */
  readonly names?: string[];
  /** Whether `/` is allowed. */
  readonly steps: boolean;
  /** Forms this field alone knows. */
  readonly special?: RegExp[];
  readonly takes: string;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based */
const CRON_FIELDS: CronField[] = [
  { name: 'minutes', min: 0, max: 59, steps: true, takes: '0-59 and , - * /' },
  { name: 'hours', min: 0, max: 23, steps: true, takes: '0-23 and , - * /' },
  {
    name: 'day of month',
    min: 1,
    max: 31,
    steps: true,
    special: [/^L$/, /^([1-9]|[12]\d|3[01])W$/],
    takes: '1-31 and , - * ? / L W',
  },
  { name: 'month', min: 1, max: 12, names: MONTHS, steps: true, takes: '1-12 or JAN-DEC and , - * /' },
  {
    name: 'day of week',
    min: 1,
    max: 7,
    names: DAYS,
    steps: false,
    special: [/^L$/, /^([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)L$/, /^([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5]$/],
    takes: '1-7 or SUN-SAT and , - * ? L #',
  },
  { name: 'year', min: 1970, max: 2199, steps: true, takes: '1970-2199 and , - * /' },
];
const DAY_OF_MONTH = 2;
const DAY_OF_WEEK = 4;

/** What is wrong with a schedule expression and what to write instead, or undefined when the service would take it. */
export function scheduleExpressionProblem(expression: string): string | undefined {
  const cron = /^cron\((.*)\)$/.exec(expression);
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

function rateProblem(rate: string): string | undefined {
  const match = /^([1-9]\d*) (minute|hour|day)(s?)$/.exec(rate);
  if (!match) {
    return 'A rate is a whole number from 1 and minutes, hours or days, for example "rate(6 hours)".';
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
    return (
      `A cron expression has six fields (${CRON_FIELDS.map(field => field.name).join(', ')}), and this one has `
      + `${fields.length}.`
    );
  }
  for (const [index, field] of CRON_FIELDS.entries()) {
    if (!fieldIsValid(field, fields[index])) {
      return `Its ${field.name} "${fields[index]}" is not valid: the field takes ${field.takes}.`;
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
  // The service takes one # expression only.
  if (items.length > 1 && text.includes('#')) {
    return false;
  }
  return items.every(item => field.special?.some(form => form.test(item)) || itemIsValid(field, item));
}

/** A value, a range of values, or either of them (or `*`) with a step. */
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

/** The number a value stands for, NaN if it stands for none. */
function fieldValue(field: CronField, text: string): number {
  const named = field.names?.indexOf(text) ?? -1;
  return named >= 0 ? named + field.min : /^\d{1,4}$/.test(text) ? Number(text) : NaN;
}

/** What is wrong with the name of a time zone, or undefined when it is one of the IANA database. */
export function timezoneProblem(timezone: string): string | undefined {
  const remedy = 'Use a name of the IANA database, for example "America/New_York".';
  // Intl also takes offsets and any case, which the service does not.
  const spelling = Intl.supportedValuesOf('timeZone').find(name => name.toLowerCase() === timezone.toLowerCase());
  if (spelling !== undefined && spelling !== timezone) {
    return `Write "${spelling}".`;
  }
  if (!/^[A-Za-z]/.test(timezone)) {
    return remedy;
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return undefined;
  } catch {
    return remedy;
  }
}
