import * as fc from 'fast-check';
import { scheduleExpressionProblem, timezoneProblem } from '../../../src/private/document/schedule-expression';

test.each([
  'cron(0 6 * * ? *)',
  'cron(15 12 ? * MON-FRI *)',
  'cron(0/15 * * * ? *)',
  'cron(*/5 8-17 ? * MON-FRI *)',
  'cron(10-50/20 06 1,15 JAN,JUL ? 2026-2030)',
  'cron(0 0 L * ? *)',
  'cron(0 0 15W * ? *)',
  'cron(0 0 ? * 6L *)',
  'cron(0 0 ? * L *)',
  'cron(0 0 ? * 3#2 *)',
  'cron(0 0 ? * TUE#1 *)',
  'cron(0 0 1/2 * ? 2026/2)',
  'cron(59 23 31 12 ? 2199)',
  'rate(1 minute)',
  'rate(15 minutes)',
  'rate(1 hour)',
  'rate(2 days)',
])('%s is valid', expression => {
  expect(scheduleExpressionProblem(expression)).toBeUndefined();
});

test.each([
  ['', 'Write cron('],
  ['0 6 * * ? *', 'Write cron('],
  ['at(2026-11-23T06:00:00)', 'Write cron('],
  ['CRON(0 6 * * ? *)', 'Write cron('],
  ['cron()', 'has six fields (minutes, hours, day of month, month, day of week, year). This one has 1.'],
  ['cron(0 6 * * *)', 'This one has 5.'],
  ['cron(0 6 * * ? * *)', 'This one has 7.'],
  ['cron(60 6 * * ? *)', 'The minutes field \"60" is invalid: it allows 0-59 and , - * /.'],
  ['cron(0 24 * * ? *)', 'The hours field \"24"'],
  ['cron(0 6 0 * ? *)', 'The day of month field \"0"'],
  ['cron(0 6 32 * ? *)', 'The day of month field \"32"'],
  ['cron(0 6 32W * ? *)', 'The day of month field \"32W"'],
  ['cron(0 6 * 13 ? *)', 'The month field \"13"'],
  ['cron(0 6 * jan ? *)', 'The month field \"jan" is invalid: it allows 1-12 or JAN-DEC'],
  ['cron(0 6 ? * 0 *)', 'The day of week field \"0" is invalid: it allows 1-7 or SUN-SAT'],
  ['cron(0 6 ? * 8 *)', 'The day of week field \"8"'],
  ['cron(0 6 ? * MON/2 *)', 'The day of week field \"MON/2"'],
  ['cron(0 6 ? * 3#6 *)', 'The day of week field \"3#6"'],
  ['cron(0 6 ? * 3#1,6#3 *)', 'The day of week field \"3#1,6#3"'],
  ['cron(0 6 * * ? 1969)', 'The year field \"1969"'],
  ['cron(0 6 * * ? 2200)', 'The year field \"2200"'],
  ['cron(0 6 * * ? ?)', 'The year field \"?"'],
  ['cron(? 6 * * ? *)', 'The minutes field \"?"'],
  ['cron(0/0 6 * * ? *)', 'The minutes field \"0/0"'],
  ['cron(0/60 6 * * ? *)', 'The minutes field \"0/60"'],
  ['cron(/5 6 * * ? *)', 'The minutes field \"/5"'],
  ['cron(1/2/3 6 * * ? *)', 'The minutes field \"1/2/3"'],
  ['cron(50-10 6 * * ? *)', 'The minutes field \"50-10"'],
  ['cron(1-2-3 6 * * ? *)', 'The minutes field \"1-2-3"'],
  ['cron(1,,2 6 * * ? *)', 'The minutes field \"1,,2"'],
  ['cron(*,5 6 * * ? *)', 'The minutes field \"*,5"'],
  ['cron(0 L * * ? *)', 'The hours field \"L"'],
  ['cron(0 6 * * * *)', 'Exactly one of day of month and day of week must be "?".'],
  ['cron(0 6 1 * MON *)', 'Exactly one'],
  ['cron(0 6 ? * ? *)', 'Exactly one'],
  ['rate(0 days)', 'A rate is a positive integer'],
  ['rate(1.5 hours)', 'A rate is a positive integer'],
  ['rate(2 weeks)', 'A rate is a positive integer'],
  ['rate(5)', 'A rate is a positive integer'],
  ['rate(1 hours)', 'Write "rate(1 hour)".'],
  ['rate(2 hour)', 'Write "rate(2 hours)".'],
])('%s is invalid, with a correction', (expression, problem) => {
  expect(scheduleExpressionProblem(expression)).toContain(problem);
});

test('a number is valid if and only if it is in the range of its field', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 70 }),
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 0, max: 40 }),
      (minute, hour, day) => {
        const valid = minute <= 59 && hour <= 23 && day >= 1 && day <= 31;
        expect(scheduleExpressionProblem(`cron(${minute} ${hour} ${day} * ? *)`) === undefined).toBe(valid);
      },
    ),
  );
});

test.each(['asia/kolkata', 'ASIA/SAIGON', 'america/buenos_aires', 'pacific/yap'])(
  'the correction of %s is a zone that Intl lists',
  timezone => {
    const [, zone] = /^Write "(.*)"\.$/.exec(timezoneProblem(timezone)!)!;
    expect(Intl.supportedValuesOf('timeZone')).toContain(zone);
  },
);

test.each([
  'Etc/UTC', 'GMT', 'EST5EDT', 'NZ-CHAT', 'America/Argentina/ComodRivadavia', 'America/Port_of_Spain', 'Europe/Kyiv',
  'America/Knox_IN', 'Antarctica/DumontDUrville', 'Canada/Pacific', 'Africa/Dar_es_Salaam',
])('%s is a valid time zone', timezone => {
  expect(timezoneProblem(timezone)).toBeUndefined();
});

test.each(['UTC', 'America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Calcutta', 'US/Eastern', 'Etc/GMT+5'])(
  '%s is a valid time zone',
  timezone => {
    expect(timezoneProblem(timezone)).toBeUndefined();
  },
);

test.each([
  ['america/new_york', 'Write "America/New_York".'],
  ['europe/vienna', 'Write "Europe/Vienna".'],
  ['EUROPE/VIENNA', 'Write "Europe/Vienna".'],
  ['utc', 'Write "UTC".'],
  ['etc/utc', 'Write "Etc/UTC".'],
  ['Gmt', 'Write "GMT".'],
  ['est5edt', 'Write "EST5EDT".'],
  ['us/eastern', 'Write "America/New_York".'],
  ['Us/Eastern', 'Write "America/New_York".'],
  ['US/EASTERN', 'Write "America/New_York".'],
  ['etc/gmt+5', 'Write "Etc/GMT+5".'],
  ['Europe/Viena', 'Did you mean "Europe/Vienna"? Use a name from the IANA time zone database'],
  ['Vienna', 'Use a name from the IANA time zone database'],
  ['Europe/Atlantis', 'Use a name from the IANA time zone database, for example "America/New_York".'],
  ['+02:00', 'Use a name from the IANA time zone database'],
  ['', 'Use a name from the IANA time zone database'],
])('"%s" is an invalid time zone, with a correction', (timezone, problem) => {
  expect(timezoneProblem(timezone)).toContain(problem);
});

test.each([
  ['0 6 * * *', 'cron(0 6 * * ? *)'],
  ['cron(0 6 * * *)', 'cron(0 6 * * ? *)'],
  ['*/15 * * * 1-5', 'cron(*/15 * ? * MON-FRI *)'],
  ['30 2 1 * *', 'cron(30 2 1 * ? *)'],
  ['0 0 1,15 jan-jun *', 'cron(0 0 1,15 JAN-JUN ? *)'],
  ['0 8-18/2 * * mon,wed', 'cron(0 8-18/2 ? * MON,WED *)'],
  ['0 0 * * 0', 'cron(0 0 ? * SUN *)'],
  ['0 0 * * 7', 'cron(0 0 ? * SUN *)'],
  ['0 0 * * 6,0', 'cron(0 0 ? * SAT,SUN *)'],
  ['0 0 * * 5-7', 'cron(0 0 ? * FRI,SAT,SUN *)'],
  ['0 0 * * */2', 'cron(0 0 ? * TUE,THU,SAT,SUN *)'],
  ['0 0 * * 0-6', 'cron(0 0 * * ? *)'],
  ['@daily', 'cron(0 0 * * ? *)'],
  ['@hourly', 'cron(0 * * * ? *)'],
  ['@weekly', 'cron(0 0 ? * SUN *)'],
  ['@monthly', 'cron(0 0 1 * ? *)'],
  ['@yearly', 'cron(0 0 1 1 ? *)'],
])('the cron expression %s of Unix is %s', (unix, expression) => {
  expect(scheduleExpressionProblem(unix)).toMatch(`Write "${expression}". A cron expression has six fields`);
  expect(scheduleExpressionProblem(expression)).toBeUndefined();
});

test.each([
  ['0 0 13 * 5', 'has both a day of month and a day of week'],
  ['@reboot', '@reboot has no equivalent'],
])('the cron expression %s of Unix has no equivalent', (unix, reason) => {
  expect(scheduleExpressionProblem(unix)).toContain(reason);
});

test.each(['0 25 * * *', '0 6 * * 9', '@often', '0 6 * *'])('%s is not a Unix cron expression', expression => {
  expect(scheduleExpressionProblem(expression)).toMatch(/^Write cron\(minutes/);
});
