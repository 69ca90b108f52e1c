import { Duration } from 'aws-cdk-lib';
import { Schedule } from '../src';

test.each([
  [Schedule.cron('0 6 * * ? *'), { expression: 'cron(0 6 * * ? *)' }],
  [Schedule.cron('0 6 * * ? *', { timezone: 'Europe/Berlin', enabled: false }),
    { expression: 'cron(0 6 * * ? *)', timezone: 'Europe/Berlin', enabled: false }],
  [Schedule.expression('rate(3 hours)'), { expression: 'rate(3 hours)' }],
  [Schedule.rate(Duration.minutes(1)), { expression: 'rate(1 minute)' }],
  [Schedule.rate(Duration.minutes(90)), { expression: 'rate(90 minutes)' }],
  [Schedule.rate(Duration.minutes(120)), { expression: 'rate(2 hours)' }],
  [Schedule.rate(Duration.days(1)), { expression: 'rate(1 day)' }],
])('%j is written to the document as an expression of EventBridge Scheduler', (schedule, document) => {
  expect(schedule._document).toEqual(document);
});
