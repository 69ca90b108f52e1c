const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MACROS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);
const ITEM = /^(?:\*|\w+(?:-\w+)?)(?:\/\d+)?$/;

/**
 * The EventBridge Scheduler expression that is equivalent to a Unix cron expression, or the reason why there is none.
 */
export interface TranslatedCron {
  readonly expression?: string;
  readonly reason?: string;
}

/**
 * Translates a Unix cron expression: five fields, or a macro such as `@daily`. Undefined if the string is neither.
 *
 * The result contains the names of weekdays, because EventBridge Scheduler numbers them from 1, and Unix from 0.
 */
export function translatedUnixCron(text: string): TranslatedCron | undefined {
  const macro = text.trim().toLowerCase();
  if (macro === '@reboot') {
    return { reason: '@reboot has no equivalent: EventBridge Scheduler only starts runs at given times.' };
  }
  const fields = (MACROS.get(macro) ?? text).trim().toUpperCase().split(/\s+/);
  if (fields.length !== 5 || !fields.every(field => field === '?' || field.split(',').every(item => ITEM.test(item)))) {
    return undefined;
  }
  const [minutes, hours, day, month, weekday] = fields.map(field => field.replace(/^\*\/1$/, '*'));
  const hasDay = !['*', '?'].includes(day);
  const hasWeekday = !['*', '?'].includes(weekday);
  if (hasDay && hasWeekday) {
    return {
      reason: 'This one has both a day of month and a day of week. Unix starts a run if one of them matches. '
        + 'EventBridge Scheduler allows only one of them per schedule. Use one of them.',
    };
  }
  const days = hasWeekday ? weekdays(weekday) : '?';
  if (days === undefined) {
    return undefined;
  }
  const dayField = hasDay ? day : days === '?' || days === '*' ? '*' : '?';
  return { expression: `cron(${minutes} ${hours} ${dayField} ${month} ${dayField === '?' ? days : '?'} *)` };
}

/** The names of the weekdays in a Unix field, in which both 0 and 7 are Sunday. Undefined if the field is invalid. */
function weekdays(field: string): string | undefined {
  const found = new Set<number>();
  for (const item of field.split(',')) {
    const [range, step = '1'] = item.split('/');
    const [first, last] = range === '*' ? [0, 6] : range.split('-').map(dayOf);
    const end = last ?? (item.includes('/') ? 6 : first);
    if (Number.isNaN(first) || Number.isNaN(end) || first > 7 || end > 7 || Number(step) < 1) {
      return undefined;
    }
    for (let each = first; each <= (end < first ? end + 7 : end); each += Number(step)) {
      found.add(each % 7);
    }
  }
  const days = [...found].sort((a, b) => ((a + 6) % 7) - ((b + 6) % 7)); // from Monday
  const isRange = days.length > 2 && days.every((each, index) => (each + 6) % 7 === ((days[0] + 6) % 7) + index);
  if (days.length === 7) {
    return '*';
  }
  // A range must not pass Saturday, the last day of EventBridge Scheduler.
  return isRange && !days.includes(0)
    ? `${DAYS[days[0]]}-${DAYS[days[days.length - 1]]}`
    : days.map(day => DAYS[day]).join(',');
}

function dayOf(text: string): number {
  const named = DAYS.indexOf(text);
  return named >= 0 ? named : /^\d$/.test(text) ? Number(text) : NaN;
}
