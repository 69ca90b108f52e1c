import { Duration } from 'aws-cdk-lib';
import { Schedule as ScheduleDocument } from './private/document/dataset-document.generated';
import { datasetSchema } from './private/document/dataset-schema';
import { plainCopy } from './private/document/struct-keys';

/** Options for a schedule. */
export interface ScheduleOptions {
  /**
   * The IANA name of the time zone of a cron expression, such as `America/New_York`.
   *
   * Synthesis fails with `TIMEZONE_INVALID` if the time zone does not exist.
   *
   * @default - UTC, which has no daylight saving time
   */
  readonly timezone?: string;

  /**
   * Whether the schedule starts runs. A disabled schedule stays in the stack, and you can enable it in the console.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * The flexible time window: the run starts within this time after the scheduled time. Whole minutes, up to 24 hours.
   *
   * With `Duration.minutes(0)`, the run starts on time.
   *
   * @default Duration.minutes(10) - so that jobs that are scheduled for the same time do not exceed the limits of AWS
   * Glue for starting jobs
   * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-flexible-time-windows.html
   */
  readonly flexibleWindow?: Duration;
}

/**
 * When the job of a dataset runs: a schedule of Amazon EventBridge Scheduler.
 *
 * The expression and the time zone are checked when a dataset uses the schedule. Synthesis fails with
 * `SCHEDULE_INVALID` if the expression is invalid. A job has at most one run at a time.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new BronzeDataset(datasets, 'Zipcodes', {
 *   core,
 *   dataset: 'zipcodes',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   source: Source.url('https://example.org/zipcodes.zip'),
 *   schedule: Schedule.cron('0 6 * * ? *', { timezone: 'America/New_York', flexibleWindow: Duration.minutes(0) }),
 * });
 */
export class Schedule {
  /**
   * Starts runs according to a cron expression.
   *
   * @param fields the six fields of the expression, separated by spaces: minutes, hours, day of month, month, day of
   * week and year
   * @param options the time zone and the flexible time window
   * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
   * @exampleMetadata fixture=lake
   * @example
   * const everyDayAtSix = Schedule.cron('0 6 * * ? *', { timezone: 'America/New_York' });
   */
  public static cron(fields: string, options: ScheduleOptions = {}): Schedule {
    return Schedule.expression(`cron(${fields})`, options);
  }

  /**
   * Starts runs at a regular interval. The first run starts when the schedule is deployed.
   *
   * @param interval the time between two runs: whole minutes, hours or days, at least one minute
   * @param options whether the schedule is enabled, and the flexible time window
   * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
   * @exampleMetadata fixture=lake
   * @example
   * const everySixHours = Schedule.rate(Duration.hours(6));
   */
  public static rate(interval: Duration, options: ScheduleOptions = {}): Schedule {
    const minutes = interval.toMinutes();
    const [count, unit] =
      minutes % 1440 === 0
        ? [minutes / 1440, 'day']
        : minutes % 60 === 0
          ? [minutes / 60, 'hour']
          : [minutes, 'minute'];
    return Schedule.expression(`rate(${count} ${unit}${count === 1 ? '' : 's'})`, options);
  }

  /**
   * Starts runs according to a schedule expression of EventBridge Scheduler.
   *
   * @param expression `cron(…)` with six fields, or `rate(…)`
   * @param options the time zone and the flexible time window
   * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
   * @exampleMetadata fixture=lake
   * @example
   * const schedule = Schedule.expression('rate(6 hours)');
   */
  public static expression(expression: string, options: ScheduleOptions = {}): Schedule {
    const { flexibleWindow, ...others } = plainCopy(options);
    return new Schedule({
      ...datasetSchema().documentKeys(others),
      expression,
      flexible_minutes: flexibleWindow?.toMinutes(),
    });
  }

  /** @internal */
  public readonly _document: ScheduleDocument;

  private constructor(document: ScheduleDocument) {
    this._document = document;
  }
}
