import * as fs from 'fs';
import * as path from 'path';

/** The state of a run. */
export type RunStatus = 'running' | 'published' | 'unchanged' | 'failed';

/** A column of a table. */
export interface RecordColumn {
  readonly name: string;
  /** The Athena type. */
  readonly type: string;
  /** The name in the source. Bronze tables only. */
  readonly source?: string;
}

/** A table that a run has published, or would have published. */
export interface RecordTable {
  /** The name in Athena, without the database. */
  readonly name: string;
  readonly location?: string;
  readonly rows?: number;
  readonly bytes?: number;
  readonly columns: RecordColumn[];
  /** The number of NULL values by column. */
  readonly nulls: Record<string, number>;
  /** The lowest and the highest value by column, as text. */
  readonly bounds: Record<string, [string, string]>;
  /** The number of values that did not match the data type, keyed by column. Bronze tables only. */
  readonly rescued: Record<string, number>;
  readonly files: string[];
}

/** An input that the run has read. */
export interface RecordInput {
  /** The name of the dataset, in the format `layer/dataset`. */
  readonly dataset: string;
  /** The run that published the tables that were read. */
  readonly run_id: string;
  readonly published_at?: string;
}

/** A file or a response that the run has fetched, and its copy in the bucket. */
export interface RecordSource {
  readonly url: string;
  /** The s3:// URI of the original. */
  readonly raw?: string;
  readonly size_bytes?: number;
  readonly sha256?: string;
  readonly last_modified?: string;
}

/** A quality gate that failed. */
export interface RecordGate {
  readonly gate: string;
  readonly code: string;
  readonly table: string;
  readonly found: string;
  /** Whether the run published the tables anyway, because the gate was allowed to fail. */
  readonly allowed: boolean;
}

/** The kinds of data rules. */
export type RuleKind = 'condition' | 'not_null' | 'unique' | 'accepted_values' | 'relationships';
/** The results of data rules. */
export type RuleStatus = 'passed' | 'warned' | 'failed' | 'allowed';

/** The result of a data rule. */
export interface RecordRule {
  readonly name: string;
  /** The key of the table in the dataset. */
  readonly table: string;
  readonly kind: RuleKind;
  /** The SQL condition, or a readable description if the rule has a short form. */
  readonly condition: string;
  readonly severity: 'fail' | 'warn';
  /** The maximum share of rows that may violate the rule. */
  readonly max_share?: number;
  readonly rows?: number;
  readonly violations?: number;
  readonly status: RuleStatus;
  /** Up to three rows that violate the rule, redacted. */
  readonly examples: Record<string, unknown>[];
}

/** A column that another column is computed from. */
export interface LineageColumn {
  /** The name of the table, in the format `database.table`. */
  readonly table: string;
  readonly column: string;
  readonly kind: 'identity' | 'transformation' | 'aggregation';
}

/** The columns that a table is computed from. */
export interface TableLineage {
  readonly columns: Record<string, LineageColumn[]>;
  readonly filters: Omit<LineageColumn, 'kind'>[];
}

/**
 * A run record. Older versions of the job wrote fewer keys, and a run that is active or was killed has no result yet.
 */
export interface RunRecord {
  readonly dataset: string;
  readonly layer: string;
  readonly run_id: string;
  /** The ID of the Glue job run. */
  readonly job_run_id?: string;
  readonly status: RunStatus;
  /** The start time in ISO 8601, UTC. */
  readonly started_at?: string;
  readonly finished_at?: string;
  readonly seconds?: number;
  /** The usage that the job estimates. Set only for runs in AWS. */
  readonly dpu_seconds?: number;
  /** The error message, which starts with the error code. */
  readonly error?: string;
  readonly error_code?: string;
  readonly retryable?: boolean;
  /** The time when the columns of the dataset last changed, as an ISO 8601 timestamp in UTC. */
  readonly schema_changed_at?: string;
  /** The duration of each step in seconds, in the order of the steps. */
  readonly steps: Record<string, number>;
  readonly sources: RecordSource[];
  readonly inputs: RecordInput[];
  readonly tables: RecordTable[];
  /** The gates that failed. Empty if all passed. */
  readonly gates: RecordGate[];
  /** For each failed gate that the run was allowed to ignore: the table, and what the gate found. */
  readonly allowed: string[];
  /**
   * The number of rows per kind of change, for a dataset with a history: `insert`, `update`, `close`, `delete`, `same`.
   */
  readonly versions: Record<string, number>;
  /** The run whose publication a rollback has made current again. */
  readonly rolled_back_to?: string;
  /** The run whose publication an unchanged run has confirmed. */
  readonly unchanged_since?: string;
  readonly rules: RecordRule[];
  readonly warnings: string[];
  /** The lineage of each table, keyed by the table's key in the dataset. */
  readonly lineage: Record<string, TableLineage>;
}

/** A table of the current publication. */
export interface PublishedTable extends RecordTable {
  readonly lineage?: TableLineage;
}

/** The current publication of a dataset: its published.json. */
export interface Publication {
  readonly run_id: string;
  readonly database: string;
  readonly published_at?: string;
  /** A hash of the document, the script and the query. Derived datasets only. */
  readonly definition?: string;
  readonly schema_changed_at?: string;
  readonly inputs: RecordInput[];
  /** The tables, by the key of the table in the dataset. */
  readonly tables: Record<string, PublishedTable>;
}

/** Matches the dataset and the layer at the end of a prefix of run records: `s3://BUCKET/etl/DATASET/runs/LAYER/`. */
const RUNS = /\/([^/]+)\/runs\/([^/]+)\/?$/;
/**
 * Matches the file name of a run record. Files with other names are ignored, because their names could
 * contain terminal escape sequences.
 */
const RECORD = /^run_id=(\w[\w-]*)\.json$/;
const STATUSES: readonly RunStatus[] = ['running', 'published', 'unchanged', 'failed'];
const RULE_KINDS: readonly RuleKind[] = ['condition', 'not_null', 'unique', 'accepted_values', 'relationships'];
const RULE_STATUSES: readonly RuleStatus[] = ['passed', 'warned', 'failed', 'allowed'];
const LINEAGE_KINDS: readonly LineageColumn['kind'][] = ['identity', 'transformation', 'aggregation'];

/**
 * The run records of a dataset, newest first. Incomplete objects, and objects that are not records, are skipped.
 *
 * @param objects the folder that contains one folder per bucket
 * @param runs the s3:// prefix of the run records
 * @param limit the maximum number of records; default: all
 */
export function readRunRecords(objects: string, runs: string, limit = Infinity): RunRecord[] {
  const records: RunRecord[] = [];
  for (const runId of runIdsOf(objects, runs)) {
    if (records.length >= limit) {
      break;
    }
    const record = readRunRecord(objects, runs, runId);
    if (record) {
      records.push(record);
    }
  }
  return records;
}

/** The IDs of the runs of a dataset. The newest is first, because run IDs start with the time. */
export function runIdsOf(objects: string, runs: string): string[] {
  return namesIn(folderOf(objects, runs)).flatMap(name => RECORD.exec(name)?.[1] ?? []).sort().reverse();
}

/** The record of a run. Undefined if the object does not exist, is incomplete, or is not a record. */
export function readRunRecord(objects: string, runs: string, runId: string): RunRecord | undefined {
  const [, dataset, layer] = RUNS.exec(runs) ?? [];
  const content = readJson(path.join(folderOf(objects, runs), `run_id=${runId}.json`));
  const status = oneOf(STATUSES, content?.status);
  return content && status && {
    dataset: text(content.dataset) ?? dataset ?? '',
    layer: text(content.layer) ?? layer ?? '',
    // The ID is taken from the object key, so that a record cannot claim to belong to another run.
    run_id: runId,
    job_run_id: text(content.job_run_id),
    status,
    started_at: text(content.started_at) ?? startOf(runId),
    finished_at: text(content.finished_at),
    seconds: number(content.seconds),
    dpu_seconds: number(content.dpu_seconds),
    error: text(content.error),
    error_code: text(content.error_code),
    retryable: typeof content.retryable === 'boolean' ? content.retryable : undefined,
    schema_changed_at: text(content.schema_changed_at),
    steps: valuesOf(content.steps, number),
    sources: listOf(content.sources, toSource),
    inputs: listOf(content.inputs, toInput),
    tables: listOf(content.tables, toTable),
    gates: listOf(content.gates, toGate),
    allowed: listOf(content.allowed, text),
    versions: valuesOf(content.versions, number),
    rolled_back_to: text(content.rolled_back_to),
    unchanged_since: text(content.unchanged_since),
    rules: listOf(content.rules, toRule),
    warnings: listOf(content.warnings, text),
    lineage: valuesOf(content.lineage, toLineage),
  };
}

/**
 * The current publication of a dataset. Undefined if there is none, or if it cannot be read.
 *
 * @param objects the folder that contains one folder per bucket
 * @param runs the s3:// prefix of the run records
 */
export function readPublished(objects: string, runs: string): Publication | undefined {
  const content = readJson(path.join(folderOf(objects, runs), 'published.json'));
  const runId = text(content?.run_id);
  return content && runId !== undefined
    ? {
      run_id: runId,
      database: text(content.database) ?? '',
      published_at: text(content.published_at),
      definition: text(content.definition),
      schema_changed_at: text(content.schema_changed_at),
      inputs: listOf(content.inputs, toInput),
      tables: valuesOf(content.tables, toPublishedTable),
    }
    : undefined;
}

/** The time at the start of a run ID such as 20261123T012048123Z-3f9a1c, in ISO 8601. */
function startOf(runId: string): string | undefined {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/.exec(runId);
  return found ? `${found[1]}-${found[2]}-${found[3]}T${found[4]}:${found[5]}:${found[6]}Z` : undefined;
}

function folderOf(objects: string, runs: string): string {
  return path.join(objects, runs.replace('s3://', ''));
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

type Json = Record<string, unknown>;

/** The content of an object. Undefined if it does not exist or is not complete, because a run is still writing it. */
function readJson(file: string): Json | undefined {
  try {
    return object(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Json : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A string, number or boolean as text, for values that a job can write in any of these types. */
function shown(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : text(value);
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function oneOf<T extends string>(values: readonly T[], value: unknown): T | undefined {
  return values.find(each => each === value);
}

/** Converts the elements of a list. Elements that cannot be converted are skipped. */
function listOf<T>(value: unknown, convert: (element: unknown) => T | undefined): T[] {
  return (Array.isArray(value) ? value as unknown[] : []).flatMap(element => convert(element) ?? []);
}

/** Converts the values of an object. Values that cannot be converted are skipped. */
function valuesOf<T>(value: unknown, convert: (element: unknown) => T | undefined): Record<string, T> {
  const converted = Object.entries(object(value) ?? {}).flatMap(([key, each]): [string, T][] => {
    const result = convert(each);
    return result === undefined ? [] : [[key, result]];
  });
  return Object.fromEntries(converted);
}

function toSource(value: unknown): RecordSource | undefined {
  const source = object(value);
  const url = text(source?.url);
  return source && url !== undefined
    ? {
      url,
      raw: text(source.raw),
      size_bytes: number(source.size_bytes),
      sha256: text(source.sha256),
      last_modified: text(source.last_modified),
    }
    : undefined;
}

function toInput(value: unknown): RecordInput | undefined {
  const input = object(value);
  const dataset = text(input?.dataset);
  const runId = text(input?.run_id);
  return dataset !== undefined && runId !== undefined
    ? { dataset, run_id: runId, published_at: text(input?.published_at) }
    : undefined;
}

function toTable(value: unknown): RecordTable | undefined {
  const table = object(value);
  const name = text(table?.name);
  return table && name !== undefined
    ? {
      name,
      location: text(table.location),
      rows: number(table.rows),
      bytes: number(table.bytes),
      columns: listOf(table.columns, toColumn),
      nulls: valuesOf(table.nulls, number),
      bounds: valuesOf(table.bounds, toBounds),
      rescued: valuesOf(table.rescued, number),
      files: listOf(table.files, text),
    }
    : undefined;
}

function toPublishedTable(value: unknown): PublishedTable | undefined {
  const table = toTable(value);
  const lineage = toLineage(object(value)?.lineage);
  return table && { ...table, ...lineage && { lineage } };
}

function toColumn(value: unknown): RecordColumn | undefined {
  const column = object(value);
  const name = text(column?.name);
  return name === undefined ? undefined : { name, type: text(column?.type) ?? '', source: text(column?.source) };
}

function toBounds(value: unknown): [string, string] | undefined {
  const [low, high] = listOf(value, shown);
  return low === undefined || high === undefined ? undefined : [low, high];
}

function toGate(value: unknown): RecordGate | undefined {
  const gate = object(value);
  const name = text(gate?.gate);
  return gate && name !== undefined
    ? {
      gate: name,
      code: text(gate.code) ?? '',
      table: text(gate.table) ?? '',
      found: shown(gate.found) ?? '',
      allowed: gate.allowed === true,
    }
    : undefined;
}

function toRule(value: unknown): RecordRule | undefined {
  const rule = object(value);
  const name = text(rule?.name);
  const status = oneOf(RULE_STATUSES, rule?.status);
  return rule && name !== undefined && status
    ? {
      name,
      table: text(rule.table) ?? '',
      kind: oneOf(RULE_KINDS, rule.kind) ?? 'condition',
      condition: text(rule.condition) ?? '',
      severity: rule.severity === 'warn' ? 'warn' : 'fail',
      max_share: number(rule.max_share),
      rows: number(rule.rows),
      violations: number(rule.violations),
      status,
      examples: listOf(rule.examples, object),
    }
    : undefined;
}

function toLineage(value: unknown): TableLineage | undefined {
  const lineage = object(value);
  return lineage && {
    columns: valuesOf(lineage.columns, columns => listOf(columns, toLineageColumn)),
    filters: listOf(lineage.filters, toReadColumn),
  };
}

function toReadColumn(value: unknown): Omit<LineageColumn, 'kind'> | undefined {
  const read = object(value);
  const table = text(read?.table);
  const column = text(read?.column);
  return table !== undefined && column !== undefined ? { table, column } : undefined;
}

function toLineageColumn(value: unknown): LineageColumn | undefined {
  const read = toReadColumn(value);
  return read && { ...read, kind: oneOf(LINEAGE_KINDS, object(value)?.kind) ?? 'transformation' };
}
