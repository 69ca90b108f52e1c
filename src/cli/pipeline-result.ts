import * as fs from 'fs';
import * as path from 'path';
import { fullName } from './dataset';
import { Failure, createFolder } from './failure';
import { Lake } from './lake';
import { Result } from './result';

/** The result of one dataset in a pipeline, with the same keys as the output of the state machine. */
export interface DatasetResult {
  /** The name of the dataset, in the format `layer/dataset`. */
  readonly dataset: string;
  /** `published`, `unchanged`, `succeeded` (a job without a run record), `failed`, `skipped` or `not_run`. */
  readonly status: string;
  readonly rows?: number;
  readonly seconds?: number;
  readonly run_id?: string;
  /** Why the dataset has its status. */
  readonly reason?: string;
}

/** The result of a pipeline, with the same keys as the output of the state machine. */
export interface PipelineResult {
  readonly pipeline: string;
  readonly datasets: DatasetResult[];
}

/** Converts the result of a dataset to the keys that the output of the state machine has. */
export function datasetResultOf(result: Result): DatasetResult {
  const { status, seconds, run_id: runId, tables } = result;
  const reason = reasonOf(result);
  return {
    dataset: fullName(result),
    status,
    ...(tables.length > 0 && { rows: tables.reduce((sum, table) => sum + table.rows, 0) }),
    ...(seconds > 0 && { seconds }),
    ...(runId !== null && { run_id: runId }),
    ...(reason !== undefined && { reason }),
  };
}

function reasonOf({ status, error, reason }: Result): string | undefined {
  const reasons: Record<string, string> = {
    unchanged: 'the source is unchanged',
    succeeded: 'the job wrote no run record',
  };
  return error ?? reason ?? reasons[status];
}

/** The file with the result of the last run of a pipeline in a local lake, if that run failed. */
export class StoredResult {
  private readonly file: string;

  /**
   * @param name a name that is unique among the pipelines of all lakes in the folder
   */
  public constructor(lake: Lake, name: string) {
    this.file = path.join(lake.pipelines, `${encodeURIComponent(name)}.json`);
  }

  /** Reads the result. Undefined if the last run succeeded, or if there was none. */
  public read(): PipelineResult | undefined {
    if (!fs.existsSync(this.file)) {
      return undefined;
    }
    let result: Partial<PipelineResult> | null = null;
    try {
      result = JSON.parse(fs.readFileSync(this.file, 'utf8')) as Partial<PipelineResult> | null;
    } catch {
      // The file is reported below.
    }
    if (!Array.isArray(result?.datasets) || result.datasets.length === 0) {
      throw new Failure(
        `${this.file} is not the result of a pipeline run. Delete the file, and run the pipeline without --resume.`,
        2,
      );
    }
    return result as PipelineResult;
  }

  /** Replaces the file in one step. */
  public write(result: PipelineResult): void {
    createFolder(path.dirname(this.file), 'result of the pipeline', '--data DIR');
    const temporary = `${this.file}.tmp`;
    fs.writeFileSync(temporary, JSON.stringify(result));
    fs.renameSync(temporary, this.file);
  }

  public remove(): void {
    fs.rmSync(this.file, { force: true });
  }
}
