import { Duration } from 'aws-cdk-lib';
import { Schedule as ScheduleDocument } from './private/document/dataset-document.generated';

/** What a schedule has besides its expression. */
export interface ScheduleOptions {
  /**
   * The IANA name of the time zone a cron expression is read in, for example `America/New_York`.
   *
   * @default - UTC
   */
  readonly timezone?: string;

  /**
   * Whether the schedule starts runs. A disabled schedule stays in the stack and can be switched on in the console.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Within how much time behind its own a run starts, in whole minutes up to a day. `Duration.minutes(0)` starts it on
   * time.
   *
   * @default Duration.minutes(10) - many jobs of the same hour do not meet Glue's limits together
   */
  readonly flexibleWindow?: Duration;
}

/**
 * When a dataset's job runs, as EventBridge Scheduler understands it.
 *
 * The expression and the time zone are checked when a dataset takes the schedule.
 */
export class Schedule {
  /**
   * At the times of a cron expression.
   *
   * Every day at six is 0 6 in the first two fields, and stars with one question mark in the others, as the README
   * shows.
   *
   * @param fields minutes, hours, day of month, month, day of week and year
   * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
   */
  public static cron(fields: string, options: ScheduleOptions = {}): Schedule {
    return Schedule.expression(`cron(${fields})`, options);
  }

  /**
   * Again and again after the same time, counted from the deployment.
   *
   * @param interval whole minutes, hours or days, at least one minute
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
   * By an expression in the service's own words.
   *
   * @param expression `cron(…)` with six fields, or `rate(…)`
   */
  public static expression(expression: string, options: ScheduleOptions = {}): Schedule {
    return new Schedule({
      enabled: options.enabled,
      expression,
      flexible_minutes: options.flexibleWindow?.toMinutes(),
      timezone: options.timezone,
    });
  }

  /** @internal */
  public readonly _document: ScheduleDocument;

  private constructor(document: ScheduleDocument) {
    this._document = document;
  }
}
