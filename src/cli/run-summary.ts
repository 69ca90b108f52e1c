import { LakeHistory, Run, RunState } from './lake-history';

/** A quality gate or a data rule that did not pass. */
export interface FailedCheck {
  /** The name of the gate or rule. */
  readonly name: string;
  /** The table, by its key in the dataset. */
  readonly table: string;
  /** What was found, or the condition of the rule. */
  readonly found: string;
  readonly status: 'failed' | 'warned' | 'allowed';
}

/** A run, as `medallion runs --json` prints it. */
export interface RunSummary {
  readonly dataset: string;
  readonly layer: string;
  readonly run_id: string;
  readonly job_run_id: string | null;
  readonly state: RunState;
  /** The start time in ISO 8601, UTC. */
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly seconds: number | null;
  /** The usage that AWS Glue reports or, if it reports none, the estimate of the job. Set only for runs in AWS. */
  readonly dpu_seconds: number | null;
  /** The rows of all tables that the run has published. */
  readonly rows: number | null;
  /** The difference from the previous publication. */
  readonly rows_change: number | null;
  readonly failed_checks: FailedCheck[];
  readonly error_code: string | null;
  /** Why the run failed or did not change the tables, or another note about the run. */
  readonly reason: string | null;
}

export function runSummary(run: Run, history: LakeHistory): RunSummary {
  const { record, state, jobRun } = run;
  const { rows, change } = history.rowsOf(run);
  return {
    dataset: run.dataset.dataset,
    layer: run.dataset.layer,
    run_id: record.run_id,
    job_run_id: record.job_run_id ?? null,
    state,
    started_at: record.started_at ?? null,
    finished_at: record.finished_at ?? null,
    seconds: record.seconds ?? jobRun?.seconds ?? null,
    dpu_seconds: jobRun?.dpu_seconds ?? record.dpu_seconds ?? null,
    rows: rows ?? null,
    rows_change: change ?? null,
    failed_checks: failedChecks(run),
    error_code: run.errorCode ?? null,
    reason: reasonOf(run) ?? null,
  };
}

/** The gates that failed, and the rules that did not pass. */
function failedChecks({ record: { gates, rules } }: Run): FailedCheck[] {
  return [
    ...gates.map(({ gate, table, found, allowed }): FailedCheck =>
      ({ name: gate, table, found, status: allowed ? 'allowed' : 'failed' })),
    ...rules.flatMap(({ name, table, condition, violations, status }): FailedCheck[] => status === 'passed' ? [] : [{
      name,
      table,
      found: violations === undefined ? condition : `${violations.toLocaleString('en')} violations of ${condition}`,
      status,
    }]),
  ];
}

function reasonOf({ record, state, error, hasRecord }: Run): string | undefined {
  switch (state) {
    case 'failed':
      return error;
    case 'unchanged':
      return record.unchanged_since === undefined
        ? undefined
        : `The tables have not changed since run ${record.unchanged_since}.`;
    case 'rolled_back':
      return `The publication of run ${record.rolled_back_to} is current again.`;
    default: {
      const notes = hasRecord
        ? [...record.allowed.map(each => `Allowed: ${each}`), ...record.warnings.map(each => `Warning: ${each}`)]
        : state === 'published' ? ['The job run succeeded, but it wrote no record.'] : [];
      return notes.length > 0 ? notes.join(' ') : undefined;
    }
  }
}

/** A state as text: `rolled back`. */
export function stateText(state: RunState | 'never_run'): string {
  return state.replace('_', ' ');
}

/** The names of the checks that did not pass, such as `max_shrink, has_zip (warned)`. */
export function checksText(checks: FailedCheck[]): string {
  return [...new Set(checks.map(({ name, status }) => status === 'failed' ? name : `${name} (${status})`))].join(', ');
}

/** A difference with its sign: `+1,234`, `-5`, `0`. */
export function changeText(change: number | null | undefined): string {
  return change === null || change === undefined
    ? ''
    : `${change > 0 ? '+' : ''}${change.toLocaleString('en')}`;
}
