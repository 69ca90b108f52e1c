import { Problem } from '../errors/problem';

/** The execution settings of a job, as far as they are known. */
export interface WorkerSettings {
  readonly type?: string;
  readonly workers?: number;
  readonly flex?: boolean;
  readonly timeoutMinutes?: number;
}

/**
 * Combinations of execution settings that AWS Glue does not allow or that cannot work. The schema checks each value on
 * its own.
 */
export function* workerSettingsProblems(settings: WorkerSettings): Generator<Problem> {
  yield* numberProblems(settings);
  if (settings.flex === true) {
    yield* flexProblems(settings);
  }
}

/**
 * The maximum number of workers that AWS documents for a worker type, if it is less than 299, the maximum in the
 * schema.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-glue-job.html
 */
export const MAX_WORKERS: { readonly [type: string]: number | undefined } = { 'G.2X': 149 };

function* numberProblems({ type = '', workers = 0 }: WorkerSettings): Generator<Problem> {
  const most = MAX_WORKERS[type];
  if (most !== undefined && workers > most) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'number_of_workers',
      found: `is ${workers}, but AWS Glue allows at most ${most} workers of type ${type}`,
      remedy: 'Use fewer workers, or the worker type G.1X or G.4X.',
    };
  }
}

/** https://docs.aws.amazon.com/glue/latest/dg/add-job.html */
export const FLEX_TYPES = ['G.1X', 'G.2X'];

/**
 * AWS Glue waits up to 20 minutes for spare capacity, and a run does not publish in the last ten minutes before its
 * timeout. AWS does not document whether the timeout includes the waiting time.
 *
 * https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
 */
export const MIN_FLEX_TIMEOUT_MINUTES = 30;

function* flexProblems({ type, timeoutMinutes }: WorkerSettings): Generator<Problem> {
  if (type !== undefined && !FLEX_TYPES.includes(type)) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'flex',
      found: `is true, but AWS Glue does not support the execution class FLEX for workers of type ${type}`,
      remedy: `Use the worker type ${FLEX_TYPES.join(' or ')}, or set flex to false.`,
    };
  }
  if (timeoutMinutes !== undefined && timeoutMinutes < MIN_FLEX_TIMEOUT_MINUTES) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'flex',
      found: `is true, but the timeout is ${timeoutMinutes} minutes; AWS Glue can wait 20 minutes for spare capacity, `
        + 'and a run does not publish in the last ten minutes before its timeout',
      remedy: `Set a timeout of at least ${MIN_FLEX_TIMEOUT_MINUTES} minutes, or set flex to false.`,
    };
  }
}
