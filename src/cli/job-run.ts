/** A run of a Glue job in AWS. */
export interface JobRun {
  readonly id: string;
  /** The state in Glue, such as `RUNNING` or `TIMEOUT`. */
  readonly state: string;
  /** Whether the run has not ended. */
  readonly is_active: boolean;
  /** The start time in ISO 8601, UTC. */
  readonly started_at: string;
  readonly finished_at?: string;
  /** The execution time, without the startup time. */
  readonly seconds?: number;
  /** The billed usage: the capacity multiplied by the execution time. */
  readonly dpu_seconds?: number;
  /** The error message of Glue. */
  readonly error?: string;
}
