import * as path from 'path';
import { Dataset, readDatasets } from './dataset';
import { JobRun } from './job-run';
import { Lake } from './lake';
import { isLocked } from './lock';
import { readRunRecord, readRunRecords, RunRecord, runIdsOf } from './run-records';

/** The state of a run, as commands show it. */
export type RunState = RunRecord['status'] | 'rolled_back';

/** A run of a dataset. */
export interface Run {
  readonly dataset: Dataset;
  readonly record: RunRecord;
  readonly state: RunState;
  /** The reason for a failure. Starts with the error code. */
  readonly error?: string;
  readonly errorCode?: string;
  /** False if the run ended before it wrote a record, or if its record is not available. */
  readonly hasRecord: boolean;
  /** The run of the Glue job. Deployed lakes only. */
  readonly jobRun?: JobRun;
}

/** The rows of a run, and their change. */
export interface RowCount {
  /** The number of rows in all tables. Undefined if the run published no tables. */
  readonly rows?: number;
  /** The difference from the previous publication. Undefined if no previous publication was found. */
  readonly change?: number;
}

/** The code of a run that ended without closing its record. */
const RUN_KILLED = 'RUN_KILLED';
/** The code of a run that ended before it wrote a record. */
const NO_RECORD = 'UNEXPECTED_ERROR';
/** The maximum number of earlier records that are read to find the previous publication. */
const LOOKBACK = 100;

/** The run records of the datasets of an app, from the local lake or from the local copy of a deployed lake. */
export class LakeHistory {
  /** The history of a local lake, which may not exist. */
  public static local(app: string, values: Readonly<Record<string, string>>, data: string): LakeHistory {
    return new LakeHistory({
      datasets: readDatasets(app, values),
      objects: Lake.objectsIn(data),
      // Only a process that holds the lock of the lake runs jobs.
      canRun: () => isLocked(path.join(path.resolve(data), 'lock')),
    });
  }

  public readonly datasets: Dataset[];
  /** The folder that contains one folder per bucket. */
  public readonly objects: string;
  /** Whether the lake is in AWS. */
  public readonly isDeployed: boolean;
  private readonly canRun: () => boolean;
  private readonly jobRuns: Record<string, JobRun[]>;
  private readonly maxRecords: number;
  private active: boolean | undefined;

  public constructor({ datasets, objects, jobRuns, maxRecords = Infinity, canRun = () => true }: {
    readonly datasets: Dataset[];
    readonly objects: string;
    /** The runs of the Glue jobs, keyed by job name. Deployed lakes only. */
    readonly jobRuns?: Record<string, JobRun[]>;
    /** The maximum number of records that were copied per dataset. Older job runs are not shown. */
    readonly maxRecords?: number;
    /** Whether a run can be active. */
    readonly canRun?: () => boolean;
  }) {
    this.datasets = datasets;
    this.objects = objects;
    this.isDeployed = jobRuns !== undefined;
    this.jobRuns = jobRuns ?? {};
    this.maxRecords = maxRecords;
    this.canRun = canRun;
  }

  /** The runs of datasets, newest first. Each record is read only when it is needed. */
  public* runs(datasets = this.datasets): Generator<Run> {
    const found = datasets
      .flatMap(dataset => this.keysOf(dataset))
      .sort((a, b) => a.key === b.key ? 0 : a.key < b.key ? 1 : -1);
    const newest = new Set<Dataset>();
    for (const { dataset, key, jobRun } of found) {
      const run = jobRun ? runWithoutRecord(dataset, jobRun) : this.runOf(dataset, key, !newest.has(dataset));
      newest.add(dataset);
      if (run) {
        yield run;
      }
    }
  }

  /** The newest run of a dataset. */
  public lastRun(dataset: Dataset): Run | undefined {
    return this.runs([dataset]).next().value as Run | undefined;
  }

  /** The run with an ID, or with the ID of its Glue job run. */
  public find(id: string): Run | undefined {
    if (!/^\w[\w-]*$/.test(id)) {
      return undefined;
    }
    for (const dataset of this.datasets) {
      const [newest] = runIdsOf(this.objects, dataset.runs);
      const run = this.runOf(dataset, id, newest === id);
      if (run) {
        return run;
      }
    }
    if (!/^\d{8}T/.test(id)) {
      for (const run of this.runs()) {
        if (run.record.job_run_id === id) {
          return run;
        }
      }
    }
    return undefined;
  }

  /** The number of rows that a run has published, and the difference from the previous publication. */
  public rowsOf({ dataset, record }: Run): RowCount {
    const rows = rowsIn(record);
    if (rows === undefined) {
      return {};
    }
    const earlier = runIdsOf(this.objects, dataset.runs).filter(each => each < record.run_id).slice(0, LOOKBACK);
    for (const runId of earlier) {
      const previous = readRunRecord(this.objects, dataset.runs, runId);
      const before = previous && rowsIn(previous);
      if (before !== undefined) {
        return { rows, change: rows - before };
      }
    }
    return { rows };
  }

  private runOf(dataset: Dataset, runId: string, isNewest: boolean): Run | undefined {
    const record = readRunRecord(this.objects, dataset.runs, runId);
    if (!record) {
      return undefined;
    }
    const jobRun = (this.jobRuns[dataset.job] ?? []).find(each => each.id === record.job_run_id);
    const run = { dataset, record, hasRecord: true, ...jobRun && { jobRun } };
    if (record.status === 'running' && !this.isActive(isNewest, jobRun)) {
      const error = jobRun?.error ?? 'The run was killed before it closed its record.';
      return { ...run, state: 'failed', error: `${RUN_KILLED}: ${error}`, errorCode: RUN_KILLED };
    }
    return {
      ...run,
      state: record.status === 'published' && record.rolled_back_to !== undefined ? 'rolled_back' : record.status,
      ...record.status === 'failed' && {
        error: record.error ?? `${NO_RECORD}: The run ended without an error message.`,
        errorCode: record.error_code ?? /^[A-Z]+(?:_[A-Z]+)+(?=: )/.exec(record.error ?? '')?.[0] ?? NO_RECORD,
      },
    };
  }

  /** Whether a run without a result is active. A job has one run at a time, so only the newest run can be active. */
  private isActive(isNewest: boolean, jobRun: JobRun | undefined): boolean {
    if (jobRun) {
      return jobRun.is_active;
    }
    return isNewest && (this.active ??= this.canRun());
  }

  /** The runs of a dataset. Each has a key that sorts by time: the run ID, or the time if a job run has no record. */
  private keysOf(dataset: Dataset): { dataset: Dataset; key: string; jobRun?: JobRun }[] {
    const keys = runIdsOf(this.objects, dataset.runs).map(key => ({ dataset, key }));
    const jobRuns = this.jobRuns[dataset.job] ?? [];
    if (jobRuns.length === 0) {
      return keys;
    }
    const recorded = new Set(readRunRecords(this.objects, dataset.runs).map(each => each.job_run_id));
    // The records of job runs that are older than the oldest copied record were not copied.
    const oldest = keys.length >= this.maxRecords ? keys[keys.length - 1].key : '';
    const others = jobRuns
      .filter(each => !recorded.has(each.id))
      .map(jobRun => ({ dataset, key: `${jobRun.started_at.replace(/[-:]/g, '')}`, jobRun }))
      .filter(({ key }) => key > oldest);
    return [...keys, ...others];
  }
}

/** A run of a Glue job that wrote no record. */
function runWithoutRecord(dataset: Dataset, jobRun: JobRun): Run {
  const status = jobRun.is_active ? 'running' : jobRun.state === 'SUCCEEDED' ? 'published' : 'failed';
  const error = status === 'failed'
    ? `${NO_RECORD}: ${jobRun.error ?? `The job run ended with the state ${jobRun.state}.`}`
    : undefined;
  return {
    dataset,
    hasRecord: false,
    jobRun,
    state: status,
    ...error !== undefined && { error, errorCode: NO_RECORD },
    record: {
      dataset: dataset.dataset,
      layer: dataset.layer,
      run_id: jobRun.id,
      job_run_id: jobRun.id,
      status,
      started_at: jobRun.started_at,
      finished_at: jobRun.finished_at,
      seconds: jobRun.seconds,
      steps: {},
      sources: [],
      inputs: [],
      tables: [],
      gates: [],
      allowed: [],
      versions: {},
      rules: [],
      warnings: [],
      lineage: {},
    },
  };
}

/** The rows of the tables that a run has published. */
function rowsIn({ status, tables }: RunRecord): number | undefined {
  const rows = tables.flatMap(table => table.rows ?? []);
  return status === 'published' && rows.length > 0 ? rows.reduce((sum, each) => sum + each, 0) : undefined;
}
