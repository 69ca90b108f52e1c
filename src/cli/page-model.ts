import { Confirmations } from './confirmations';
import { Dataset, fullName, JobSize } from './dataset';
import { documentOf } from './dataset-document';
import { freshnessOf } from './dataset-freshness';
import { fixOf } from './error-fixes';
import { maxDpuHoursOf } from './job-cost';
import { LakeHistory } from './lake-history';
import { withLocalCommands } from './local-command';
import {
  PageChange, PageColumn, PageDataset, PageDocument, PageError, PageGate, PagePipeline, PageRules, PageRun, PageSize,
  PageTable,
} from './page-document';
import { pageGraph } from './page-graph';
import { datasetsOf, Pipeline, readPipelines } from './pipeline';
import { Publication, readPublished, RecordColumn, RecordTable, RunRecord, TableLineage } from './run-records';
import { showUnknown } from './unknown-value';
import { DatasetDocument } from '../private/document/dataset-document.generated';

/** The data from which the page is built. */
export interface PageSource {
  /** The cloud assembly that `cdk synth` wrote. */
  readonly app: string;
  /** The values of `--value`. */
  readonly values: Readonly<Record<string, string>>;
  /** The run records of the local lake, or of the lake in AWS. */
  readonly history: LakeHistory;
  /** Where the records come from, as text. */
  readonly origin: string;
  readonly now: Date;
}

/** The maximum number of runs that the page shows per dataset. */
const MAX_RUNS = 30;
/** The maximum number of run records that are read per dataset: the hourly runs of four days. */
const MAX_RECORDS = 100;
/** The maximum length of an error in the page, in characters. The log contains the complete error. */
const MAX_ERROR = 4000;
const MAX_EARLIER_ERROR = 300;
/** The maximum length of a value in the page, in characters. */
const MAX_VALUE = 200;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const GATES: { readonly [key: string]: string } = {
  required_columns: 'required_columns',
  critical_null_threshold: 'null_share',
  expected_record_count_min: 'min_rows',
  max_shrink: 'shrink',
  optional_columns: 'missing_columns',
  max_rescued_share: 'rescued',
  max_churn: 'churn',
};

/** A dataset with everything that is known about it. */
interface Known {
  readonly id: string;
  readonly dataset: Dataset;
  readonly document?: DatasetDocument;
  /** The run records of the dataset, newest first. */
  readonly records: RunRecord[];
  readonly publication?: Publication;
  /** The IDs of the inputs. */
  readonly inputs: string[];
}

/** The objects that all datasets share. */
interface Context {
  readonly confirmations: Confirmations;
  readonly pipelines: PagePipeline[];
  readonly now: Date;
  readonly isDeployed: boolean;
}

/** The document of the page: the datasets of the app, and what their runs have recorded. */
export function pageDocument({ app, values, history, origin, now }: PageSource): PageDocument {
  const { datasets, objects, isDeployed } = history;
  const ids = uniqueIds(datasets);
  const known = datasets.map((dataset): Known => ({
    id: ids.get(dataset)!,
    dataset,
    document: documentOf(dataset),
    records: recordsOf(history, dataset),
    publication: readPublished(objects, dataset.runs),
    inputs: dataset.inputs.map(input => {
      const candidates = datasets.filter(each => each.runs === input.runs);
      const found = candidates.find(each => each.assembly === dataset.assembly) ?? candidates[0];
      return found === undefined ? input.dataset : ids.get(found)!;
    }),
  }));
  const pipelines = readPipelines(app, values).map(each => toPipeline(each, datasets, ids));
  const confirmations = new Confirmations(objects, datasets);
  const pageDatasets = known.map(each => toDataset(each, { confirmations, pipelines, now, isDeployed }));
  return {
    generated_at: now.toISOString(),
    origin,
    lakes: [...new Set(datasets.map(({ bucket }) => showUnknown(bucket)))],
    datasets: pageDatasets,
    pipelines,
    graph: pageGraph(pageDatasets),
  };
}

/** The newest records of a dataset. A run that was killed before it wrote or closed its record counts as failed. */
function recordsOf(history: LakeHistory, dataset: Dataset): RunRecord[] {
  const records: RunRecord[] = [];
  for (const { record, state, error, errorCode } of history.runs([dataset])) {
    if (records.push({
      ...record,
      status: state === 'rolled_back' ? 'published' : state,
      ...error !== undefined && { error },
      ...errorCode !== undefined && { error_code: errorCode },
    }) >= MAX_RECORDS) {
      break;
    }
  }
  return records;
}

/** An ID per dataset: `layer/dataset`. If the name is not unique, the stack is appended, and, if needed, a number. */
function uniqueIds(datasets: Dataset[]): Map<Dataset, string> {
  const used = new Set<string>();
  return new Map(datasets.map(dataset => {
    const name = fullName(dataset);
    const isUnique = datasets.filter(each => fullName(each) === name).length === 1;
    const id = isUnique ? name : `${name}@${dataset.stack}`;
    let unique = id;
    for (let number = 2; used.has(unique); number++) {
      unique = `${id}-${number}`;
    }
    used.add(unique);
    return [dataset, unique];
  }));
}

function toPipeline(pipeline: Pipeline, datasets: Dataset[], ids: Map<Dataset, string>): PagePipeline {
  return {
    pipeline: pipeline.pipeline,
    stack: pipeline.stack,
    schedule: pipeline.schedule === undefined ? null : scheduleText(pipeline.schedule, pipeline.timezone),
    datasets: [...datasetsOf(pipeline, datasets).values()].map(each => ids.get(each)!),
  };
}

function scheduleText(expression: string, timezone?: string, isEnabled = true): string {
  return showUnknown([expression, ...timezone ? [timezone] : [], ...isEnabled ? [] : ['(disabled)']].join(' '));
}

function toDataset(known: Known, { confirmations, pipelines, now, isDeployed }: Context): PageDataset {
  const { id, dataset, document, records, publication, inputs } = known;
  const ended = records.find(({ status }) => status !== 'running');
  const confirmed = confirmations.confirmedAt(dataset);
  const { age_hours: age, max_age_hours: maxAge, stale } = freshnessOf(dataset, confirmations, now.getTime());
  return {
    id,
    dataset: dataset.dataset,
    layer: dataset.layer,
    stack: dataset.stack,
    job: showUnknown(dataset.job),
    description: showUnknown(document?.description ?? dataset.description),
    glue_version: dataset.glueVersion,
    table_format: dataset.tableFormat,
    sources: sourcesOf(document, records),
    inputs,
    schedule: document?.schedule
      ? scheduleText(document.schedule.expression, document.schedule.timezone, document.schedule.enabled)
      : null,
    pipelines: pipelines.filter(each => each.datasets.includes(id)).map(each => each.pipeline),
    size: toSize(dataset.size, document),
    state: records[0]?.status ?? (publication ? 'published' : 'never'),
    last_run_at: records[0]?.started_at ?? null,
    published_at: publication?.published_at ?? null,
    confirmed_at: confirmed === undefined ? null : new Date(confirmed).toISOString(),
    age_hours: age === null ? null : Math.round(age * 100) / 100,
    max_age_hours: maxAge,
    stale,
    newer_inputs: confirmations.newerInputs(dataset)
      .map(newer => inputs[dataset.inputs.findIndex(input => input.runs === newer.runs)]),
    tables: tablesOf(known, now),
    runs: records.slice(0, MAX_RUNS).map((record, index) => toRun(record, index === 0 ? MAX_ERROR : MAX_EARLIER_ERROR)),
    error: ended?.status === 'failed' ? toError(ended, id, isDeployed) : null,
    rules: rulesOf(records),
    gates: gatesOf(document),
    failed_gates: (ended?.gates ?? []).map(gate => ({ ...gate, found: shorten(gate.found, MAX_VALUE) })),
    warnings: (ended?.warnings ?? []).map(warning => shorten(warning, MAX_ERROR)),
  };
}

/** The sources without user names, query strings and fragments, which can contain credentials. */
function sourcesOf(document: DatasetDocument | undefined, records: RunRecord[]): string[] {
  const { source_url: urls = [], api_endpoints: endpoints = {} } = document ?? {};
  const configured = [urls].flat().concat(
    Object.values(endpoints).map(endpoint => typeof endpoint === 'string' ? endpoint : endpoint.url),
  );
  const used = configured.length > 0
    ? configured.map(showUnknown)
    : (records.find(({ sources }) => sources.length > 0)?.sources ?? []).map(({ url }) => url);
  return [...new Set(used.map(withoutSecrets))];
}

/** The host and the path of a URL. */
export function withoutSecrets(url: string): string {
  return url.replace(/^https?:\/\//i, '').replace(/[?#].*$/s, '').replace(/^[^/]*@/, '');
}

function toSize(size: JobSize, document: DatasetDocument | undefined): PageSize {
  return {
    category: document?.data_size_category ?? null,
    worker_type: size.workerType ?? null,
    workers: size.workers ?? null,
    timeout_minutes: size.timeoutMinutes ?? null,
    max_retries: size.maxRetries ?? null,
    max_dpu_hours: maxDpuHoursOf(size) ?? null,
  };
}

function tablesOf({ dataset, document, records, publication }: Known, now: Date): PageTable[] {
  const { database, tables: names } = JSON.parse(dataset.arguments['--names']) as {
    database: string;
    tables: Record<string, { readonly name: string }>;
  };
  const publications = records.filter(({ status }) => status === 'published');
  const current = records.find(({ run_id: id }) => id === publication?.run_id);
  const previous = publications.find(({ run_id: id }) => publication !== undefined && id < publication.run_id);
  const yesterday = now.getTime() - DAY;
  const isOfToday = Date.parse(publication?.published_at ?? '') > yesterday;
  const dayBefore = publications.find(({ finished_at: end }) => Date.parse(end ?? '') <= yesterday);
  return Object.entries(names).map(([key, { name }]): PageTable => {
    const inRecord = ({ tables }: RunRecord) => tables.find(each => each.name === name);
    const published = publication?.tables[key];
    const recorded = current && inRecord(current);
    const lineage = published?.lineage ?? current?.lineage[key];
    return {
      name: showUnknown(`${database}.${name}`),
      key,
      rows: published?.rows ?? recorded?.rows ?? null,
      bytes: published?.bytes ?? recorded?.bytes ?? null,
      business_key: document?.business_keys?.[key] ?? document?.business_key ?? document?.history?.business_key ?? [],
      columns: columnsOf(key, document, published, recorded, lineage),
      filters: lineage?.filters ?? [],
      change: published && previous ? changeOf(inRecord(previous), published, previous) : null,
      day_change: published && isOfToday ? changeOf(dayBefore && inRecord(dayBefore), published, dayBefore) : null,
    };
  });
}

function columnsOf(
  key: string,
  document: DatasetDocument | undefined,
  published: RecordTable | undefined,
  recorded: RecordTable | undefined,
  lineage: TableLineage | undefined,
): PageColumn[] {
  return (published?.columns ?? []).map((column): PageColumn => {
    const { name, type, source } = column;
    const description = descriptionOf(column, key, document);
    const [low, high] = own(published?.bounds, name) ?? own(recorded?.bounds, name) ?? [];
    const nulls = own(published?.nulls, name) ?? own(recorded?.nulls, name);
    const rescued = own(published?.rescued, name) ?? own(recorded?.rescued, name);
    const from = own(lineage?.columns, name);
    return {
      name,
      type,
      ...description !== undefined && { description: showUnknown(description) },
      ...source !== undefined && source !== name && { source },
      ...nulls !== undefined && { nulls },
      ...low !== undefined && { low: shorten(low, MAX_VALUE) },
      ...high !== undefined && { high: shorten(high, MAX_VALUE) },
      ...rescued !== undefined && rescued > 0 && { rescued },
      ...from !== undefined && { from },
    };
  });
}

function descriptionOf(
  { name, source }: RecordColumn, key: string, { column_schema: schema, column_descriptions: texts }: DatasetDocument
    | { column_schema?: undefined; column_descriptions?: undefined } = {},
): string | undefined {
  const declared = Object.entries(own(schema, key) ?? {}).find(([column, { target_name: target }]) =>
    target === undefined ? column === source || column === name : target === name);
  return own(own(texts, key), name) ?? declared?.[1].description;
}

/** An own property of an object. Column names come from the source, so a column can be named `constructor`. */
function own<T>(object: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

function changeOf(before: RecordTable | undefined, after: RecordTable, run: RunRecord | undefined): PageChange {
  const types = new Map((before?.columns ?? []).map(({ name, type }) => [name, type]));
  const names = new Set(after.columns.map(({ name }) => name));
  return {
    rows_before: before?.rows ?? null,
    published_before: before === undefined ? null : run?.finished_at ?? null,
    added: before === undefined ? [] : [...names].filter(name => !types.has(name)),
    removed: [...types.keys()].filter(name => !names.has(name)),
    retyped: after.columns.flatMap(({ name, type }) => {
      const from = types.get(name);
      return from === undefined || from === type ? [] : [{ column: name, from, to: type }];
    }),
  };
}

function toRun(record: RunRecord, maxError: number): PageRun {
  const { tables, error } = record;
  const total = (key: 'rows' | 'bytes') => {
    const known = record.status === 'published' ? tables.flatMap(table => table[key] ?? []) : [];
    return known.length > 0 ? known.reduce((sum, each) => sum + each, 0) : null;
  };
  return {
    run_id: record.run_id,
    status: record.status,
    started_at: record.started_at ?? null,
    seconds: record.seconds ?? null,
    rows: total('rows'),
    bytes: total('bytes'),
    error_code: record.error_code ?? null,
    error: error === undefined ? null : shorten(error, maxError),
  };
}

function toError(record: RunRecord, id: string, isDeployed: boolean): PageError {
  const { run_id: runId, error_code: code, error = 'The run ended without an error message.' } = record;
  const name = id.replace(/@.*$/, '');
  const option = isDeployed ? ' --deployed' : '';
  return {
    run_id: runId,
    at: record.finished_at ?? record.started_at ?? null,
    code: code ?? 'UNEXPECTED_ERROR',
    message: shorten(isDeployed ? error : withLocalCommands(error, name), MAX_ERROR),
    fix: fixOf(code ?? 'UNEXPECTED_ERROR') ?? null,
    commands: [`npx medallion runs ${runId}${option}`, `npx medallion logs ${name}${option}`],
  };
}

/** The results of the last run that evaluated rules. */
function rulesOf(records: RunRecord[]): PageRules | null {
  const evaluated = records.find(({ rules }) => rules.length > 0);
  return evaluated === undefined ? null : {
    run_id: evaluated.run_id,
    at: evaluated.finished_at ?? evaluated.started_at ?? null,
    results: evaluated.rules.map(rule => ({
      name: rule.name,
      table: rule.table,
      condition: rule.condition,
      severity: rule.severity,
      max_share: rule.max_share ?? null,
      rows: rule.rows ?? null,
      violations: rule.violations ?? null,
      status: rule.status,
      examples: rule.examples.map(example => shorten(JSON.stringify(example), MAX_ERROR)),
    })),
  };
}

/** The gates that the document of the dataset configures. */
function gatesOf(document: DatasetDocument | undefined): PageGate[] {
  const quality = Object.entries(document?.data_quality ?? {})
    .filter(([key]) => Object.hasOwn(GATES, key))
    .map(([key, value]) => ({
      gate: GATES[key], setting: key === GATES[key] ? settingText(value) : `${key}: ${settingText(value)}`,
    }));
  const keys = document?.business_key ?? document?.history?.business_key;
  return [
    ...quality,
    ...keys ? [{ gate: 'business_key', setting: `unique: ${keys.join(', ')}` }] : [],
    ...Object.entries(document?.business_keys ?? {}).map(([table, columns]) =>
      ({ gate: 'business_key', setting: `unique in ${table}: ${columns.join(', ')}` })),
    ...document?.schema_contract === 'freeze' ? [{ gate: 'frozen', setting: 'schema_contract: freeze' }] : [],
  ];
}

/** A setting as text: a value, a list, or values by table. */
function settingText(value: unknown): string {
  if (Array.isArray(value)) {
    return value.join(', ');
  }
  return typeof value === 'object' && value !== null
    ? Object.entries(value).map(([table, each]) => `${table}: ${settingText(each)}`).join('; ')
    : String(value);
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')}…` : text;
}
