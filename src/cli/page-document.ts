/**
 * The JSON document in the page that `medallion docs` writes. The code in src/page displays it. Times are in ISO 8601,
 * UTC. All ages are relative to `generated_at`, because the page does not change after it is written.
 */
export interface PageDocument {
  readonly generated_at: string;
  /** Where the run records come from, as text, such as `local lake in .medallion`. */
  readonly origin: string;
  /** The buckets of the lakes. */
  readonly lakes: string[];
  /** The datasets, in the order of the stacks. */
  readonly datasets: PageDataset[];
  readonly pipelines: PagePipeline[];
  readonly graph: PageGraph;
}

/**
 * The state of a dataset, which is the state of its last run, or `never` if there is no run. A dataset whose last run
 * failed can have published tables.
 */
export type PageState = 'published' | 'unchanged' | 'failed' | 'running' | 'never';

/** A dataset of the app. */
export interface PageDataset {
  /** An ID that is unique in the page: `layer/dataset`, with the stack if several stacks have the dataset. */
  readonly id: string;
  readonly dataset: string;
  readonly layer: string;
  readonly stack: string;
  readonly job: string;
  readonly description: string;
  readonly glue_version: string;
  readonly table_format: string;
  /** The sources: host and path, or bucket and key, without query strings. */
  readonly sources: string[];
  /** The IDs of the datasets that this dataset reads. */
  readonly inputs: string[];
  /** The schedule as text, such as `cron(0 6 * * ? *) America/New_York`. Null if there is no schedule. */
  readonly schedule: string | null;
  /** The pipelines that run this dataset. */
  readonly pipelines: string[];
  readonly size: PageSize;
  readonly state: PageState;
  /** The start of the last run. */
  readonly last_run_at: string | null;
  readonly published_at: string | null;
  /** When a run last published the tables or found them up to date. */
  readonly confirmed_at: string | null;
  /** Hours since `confirmed_at`. */
  readonly age_hours: number | null;
  /** The maximum age. Null if the dataset does not declare freshness. */
  readonly max_age_hours: number | null;
  /** Whether the tables are older than `max_age_hours`. Null if the dataset does not declare freshness. */
  readonly stale: boolean | null;
  /** The IDs of inputs with a newer publication than the one that the current tables were built from. */
  readonly newer_inputs: string[];
  readonly tables: PageTable[];
  /** The runs of the dataset, newest first. */
  readonly runs: PageRun[];
  /** The error of the last run that ended, if it failed. */
  readonly error: PageError | null;
  readonly rules: PageRules | null;
  /** The configured gates and their settings. */
  readonly gates: PageGate[];
  /** The gates that failed in the last run that ended. */
  readonly failed_gates: PageFailedGate[];
  /** The warnings of the last run that ended. */
  readonly warnings: string[];
}

/** The settings that limit the cost of a run. A setting is null if it is only known at deployment. */
export interface PageSize {
  readonly category: string | null;
  readonly worker_type: string | null;
  readonly workers: number | null;
  readonly timeout_minutes: number | null;
  readonly max_retries: number | null;
  /** workers × DPU × timeout × (1 + retries) */
  readonly max_dpu_hours: number | null;
}

/** A table. Without a publication, it has no columns. */
export interface PageTable {
  /** The name of the table, in the format `database.table`. */
  readonly name: string;
  readonly key: string;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly business_key: string[];
  readonly columns: PageColumn[];
  /** The columns that are used to filter, join or sort the rows. */
  readonly filters: PageColumnName[];
  /** The change since the previous publication. Null if there is none. */
  readonly change: PageChange | null;
  /**
   * The change since the publication that was current a day before the page was written. Null if nothing has been
   * published since then.
   */
  readonly day_change: PageChange | null;
}

/** A column of a table, by name. */
export interface PageColumnName {
  /** The name of the table, in the format `database.table`. */
  readonly table: string;
  readonly column: string;
}

/** A column that another column is computed from. */
export interface PageLineage extends PageColumnName {
  /** `identity`, `transformation` or `aggregation` */
  readonly kind: string;
}

/** A column. Unknown values are undefined. */
export interface PageColumn {
  readonly name: string;
  readonly type: string;
  readonly description?: string;
  /** The name in the source, if it differs. */
  readonly source?: string;
  /** The number of null values. */
  readonly nulls?: number;
  readonly low?: string;
  readonly high?: string;
  /** The number of values in meta_rescued. */
  readonly rescued?: number;
  /** The columns that this column is computed from. */
  readonly from?: PageLineage[];
}

/** The difference between two publications of a table. */
export interface PageChange {
  /** The row count of the earlier publication. Null if the table did not exist. */
  readonly rows_before: number | null;
  readonly published_before: string | null;
  readonly added: string[];
  readonly removed: string[];
  readonly retyped: { readonly column: string; readonly from: string; readonly to: string }[];
}

/** A run. */
export interface PageRun {
  readonly run_id: string;
  readonly status: string;
  readonly started_at: string | null;
  readonly seconds: number | null;
  /** The rows of all tables. Null if the run published nothing. */
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly error_code: string | null;
  readonly error: string | null;
}

/** Why a run failed. */
export interface PageError {
  readonly run_id: string;
  readonly at: string | null;
  readonly code: string;
  /** The error message, which starts with the code. */
  readonly message: string;
  /** The fix from the list of error codes. */
  readonly fix: string | null;
  /** Commands that show more details. */
  readonly commands: string[];
}

/** The results of data rules. */
export interface PageRules {
  readonly run_id: string;
  readonly at: string | null;
  readonly results: PageRule[];
}

/** The result of a data rule. */
export interface PageRule {
  readonly name: string;
  readonly table: string;
  readonly condition: string;
  readonly severity: string;
  readonly max_share: number | null;
  readonly rows: number | null;
  readonly violations: number | null;
  /** `passed`, `warned`, `failed` or `allowed` */
  readonly status: string;
  /** Rows that violate the rule, as JSON. */
  readonly examples: string[];
}

/** A configured quality gate. */
export interface PageGate {
  readonly gate: string;
  readonly setting: string;
}

/** A quality gate that failed. */
export interface PageFailedGate {
  readonly gate: string;
  readonly code: string;
  readonly table: string;
  readonly found: string;
  /** Whether the gate was allowed to fail, so that the run published the tables anyway. */
  readonly allowed: boolean;
}

/** A pipeline of the app. */
export interface PagePipeline {
  readonly pipeline: string;
  readonly stack: string;
  readonly schedule: string | null;
  /** The IDs of the pipeline's datasets, each after its inputs. Datasets of other apps are omitted. */
  readonly datasets: string[];
}

/** The graph of the lake, with positions in pixels. */
export interface PageGraph {
  readonly width: number;
  readonly height: number;
  readonly nodes: PageNode[];
  readonly edges: PageEdge[];
}

/** A node of the graph: a source, a dataset, or an input that another app deploys. */
export interface PageNode {
  /** The ID of a dataset, or `source:…` or `other:…`. */
  readonly id: string;
  readonly label: string;
  /** `source`, `bronze`, `silver`, `gold` */
  readonly layer: string;
  /** The horizontal position of the center. */
  readonly x: number;
  /** The vertical position of the center. */
  readonly y: number;
}

/** An edge from an input to a dataset. */
export interface PageEdge {
  readonly from: string;
  readonly to: string;
  /** The x and y coordinates of each point. */
  readonly points: [number, number][];
}

/** The size of a node in the graph in pixels. */
export const NODE_WIDTH = 232;
export const NODE_HEIGHT = 46;
