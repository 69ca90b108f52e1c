import { Token } from 'aws-cdk-lib';
import { Schedule } from './dataset-document.generated';
import { scheduleExpressionProblem, timezoneProblem } from './schedule-expression';
import { Problem } from '../errors/problem';

/** The problems in the schedule of a dataset or a pipeline that the JSON Schema cannot detect. */
export function* scheduleProblems({ schedule }: { readonly schedule?: Schedule }): Generator<Problem> {
  if (schedule === undefined) {
    return;
  }
  const { expression, timezone } = schedule;
  const expressionProblem = Token.isUnresolved(expression) ? undefined : scheduleExpressionProblem(expression);
  if (expressionProblem) {
    yield {
      code: 'SCHEDULE_INVALID',
      key: 'schedule.expression',
      found: `is "${expression}"`,
      remedy: expressionProblem,
    };
  }
  const zoneProblem = timezone === undefined || Token.isUnresolved(timezone) ? undefined : timezoneProblem(timezone);
  if (zoneProblem) {
    yield { code: 'TIMEZONE_INVALID', key: 'schedule.timezone', found: `is "${timezone}"`, remedy: zoneProblem };
  }
}
