import { Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { apiProblems, keyColumnProblems } from './api-rules';
import { isCalendarDate } from './calendar-date';
import { dataRuleProblems } from './data-rules';
import { ColumnSchema, DatasetDocument, FileFormat } from './dataset-document.generated';
import { tablesKey } from './dataset-tables';
import { scheduleProblems } from './schedule-rules';
import { sourceUrlProblems, sourceProblems } from './source-rules';
import { dateFormatProblem, formatProblem, numberFormatProblem } from './value-format';
import { workerSettingsProblems } from './worker-rules';
import { Layer } from '../../layer';
import { tableKeys } from '../../naming';
import { Problem } from '../errors/problem';
import { didYouMean } from '../errors/suggestion';
import { synthError } from '../errors/synth-error';
import { DERIVED_LAYERS } from '../layers';

/** Fails on the first invalid setting that the schema of a document cannot detect. */
export function checkRules(
  scope: IConstruct,
  document: DatasetDocument,
  tables: string[],
  hasCustomScript = false,
): void {
  for (const { code, key, found, remedy } of ruleProblems(document, tables, hasCustomScript)) {
    throw synthError(scope, code, `${key === '' ? '' : `${key} of `}dataset "${document.dataset}" ${found}.`, remedy);
  }
}

/**
 * Problems in a document that its schema cannot detect. Accepts tokens, which are only known at deployment.
 *
 * @param document a document that conforms to its schema
 * @param tables the table keys of the dataset
 * @param hasCustomScript whether the job runs a custom script, which does not need a source in the document
 */
export function* ruleProblems(
  document: DatasetDocument,
  tables: string[],
  hasCustomScript = false,
): Generator<Problem> {
  yield* layerProblems(document);
  yield* sourceProblems(document, hasCustomScript);
  const rules = [
    sourceUrlProblems,
    apiProblems,
    formatProblems,
    characterProblems,
    tableProblems,
    columnProblems,
    keyProblems,
    historyProblems,
    dataRuleProblems,
    scheduleProblems,
    workerProblems,
  ];
  for (const problems of rules) {
    yield* problems(document, tables);
  }
}

function* workerProblems(document: DatasetDocument): Generator<Problem> {
  yield* workerSettingsProblems({
    type: document.worker_type,
    workers: document.number_of_workers,
    flex: document.flex,
    timeoutMinutes: document.timeout_minutes,
  });
}

const BRONZE_KEYS: (keyof DatasetDocument)[] = [
  'source_url',
  'lookback_days',
  'source_dates',
  'source_files',
  'api_endpoints',
  'headers',
  'rate_limit',
  'auth',
  'delimiter',
  'date_format',
  'file_format',
  'file_table_mapping',
  'column_schema',
  'column_mappings',
  'connection',
];
const DERIVED_KEYS: (keyof DatasetDocument)[] = ['sql', 'outputs', 'history', 'column_descriptions'];

/** Checks for keys of other layers. */
function* layerProblems(document: DatasetDocument): Generator<Problem> {
  const { source_datasets: inputs, api_endpoints: endpoints } = document;
  const isDerived = inputs !== undefined;
  const layer = layerOf(document);
  if (isDerived && layer === Layer.BRONZE) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'layer',
      found: 'is "bronze", but source_datasets is set',
      remedy: `Use ${DERIVED_LAYERS.map(each => `"${each}"`).join(' or ')} for a dataset with source_datasets. `
        + 'A bronze dataset has source_url or api_endpoints.',
    };
    return;
  }
  if (!isDerived && layer !== Layer.BRONZE) {
    yield {
      code: 'SETTING_REQUIRED',
      key: 'layer',
      found: `is "${layer}", but source_datasets is missing`,
      remedy: 'Add source_datasets with the datasets that the query or script reads, for example ["bronze/zipcodes"]. '
        + 'Use an empty list for a table that needs no inputs.',
    };
    return;
  }
  const source = endpoints === undefined ? 'source_url' : 'api_endpoints';
  for (const key of isDerived ? BRONZE_KEYS : DERIVED_KEYS) {
    if (document[key] !== undefined) {
      yield isDerived
        ? {
          code: 'SETTING_NOT_APPLICABLE',
          key,
          found: `is set, but the dataset is ${layer}, because source_datasets is set`,
          remedy: `Remove ${key}: it only applies to bronze datasets.`,
        }
        : {
          code: 'SETTING_NOT_APPLICABLE',
          key,
          found: 'is set, but the dataset is bronze, because source_datasets is not set',
          remedy: `Remove ${key}: it only applies to ${DERIVED_LAYERS.join(' and ')} datasets, which have `
            + `source_datasets instead of ${source}.`,
        };
    }
  }
  if (isDerived && document.data_quality?.max_rescued_share !== undefined) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key: 'data_quality.max_rescued_share',
      found: `is set, but the dataset is ${layer}`,
      remedy: 'Remove it: only bronze datasets have rescued values.',
    };
  }
}

/** The layer that a document declares. By default, a dataset with source_datasets is gold, and any other is bronze. */
export function layerOf({ layer, source_datasets: inputs }: Pick<DatasetDocument, 'layer' | 'source_datasets'>): Layer {
  return (layer as Layer | undefined) ?? (inputs === undefined ? Layer.BRONZE : Layer.GOLD);
}

const TEXT_KEYS: (keyof FileFormat)[] = [
  'header', 'column_names', 'encoding', 'null_values', 'comment', 'skip_rows', 'skip_rows_after_header', 'skip_footer',
  'date_format', 'number_format',
];

/** The file format keys that apply to each type. */
const FORMAT_KEYS: { readonly [type in NonNullable<FileFormat['type']>]: (keyof FileFormat)[] } = {
  csv: ['delimiter', 'quote', 'escape', 'quoted_nulls', ...TEXT_KEYS],
  fixed_width: ['widths', ...TEXT_KEYS],
  json: ['records', 'records_optional', 'orient', 'key_column', 'encoding'],
  jsonl: ['encoding'],
  parquet: [],
};

/** The keys that also apply to JSON with the orient `values`. */
const ROW_KEYS: (keyof FileFormat)[] = ['column_names', 'header'];

function keysOfFormat(type: NonNullable<FileFormat['type']>, format: FileFormat): (keyof FileFormat)[] {
  return type === 'json' && format.orient === 'values' ? [...FORMAT_KEYS.json, ...ROW_KEYS] : FORMAT_KEYS[type];
}

function hasJsonKeys(format: FileFormat): boolean {
  return [format.records, format.records_optional, format.orient, format.key_column].some(key => key !== undefined);
}

function* formatProblems(
  { delimiter, date_format: dateFormat, file_format: format = {} }: DatasetDocument,
  tables: string[],
): Generator<Problem> {
  for (const [key, short, long] of [
    ['delimiter', delimiter, format.delimiter],
    ['date_format', dateFormat, format.date_format],
  ] as const) {
    if (short !== undefined && long !== undefined) {
      yield {
        code: 'SETTINGS_CONFLICT',
        key,
        found: `is ${JSON.stringify(short)}, and file_format.${key} is ${JSON.stringify(long)}`,
        remedy: 'Set only one of them.',
      };
    }
  }
  const type = format.type ?? (format.widths ? 'fixed_width' : hasJsonKeys(format) ? 'json' : undefined);
  const declared = [
    { at: 'delimiter', key: 'delimiter', value: delimiter },
    { at: 'date_format', key: 'date_format', value: dateFormat },
    ...Object.entries(format)
      .filter(([key]) => key !== 'type')
      .map(([key, value]) => ({ at: `file_format.${key}`, key, value })),
  ];
  for (const { at, key, value } of declared) {
    const keys = type === undefined ? undefined : keysOfFormat(type, format);
    if (keys !== undefined && value !== undefined && !keys.includes(key as keyof FileFormat)) {
      yield {
        code: 'SETTING_NOT_APPLICABLE',
        key: at,
        found: `is ${JSON.stringify(value)}, but does not apply to the type ${type}`,
        remedy: `Remove it. The type ${type} has `
          + `${keys.length > 0 ? `the keys ${keys.join(', ')}` : 'no other keys'}.`,
      };
    }
  }
  yield* keyColumnProblems('file_format', format);
  if (type === 'fixed_width' && format.widths === undefined) {
    yield {
      code: 'SETTING_REQUIRED',
      key: 'file_format',
      found: 'has the type fixed_width, but no widths',
      remedy: 'Add the widths of the fields, for example [5, 20, 2].',
    };
  }
  for (const { key, names } of columnNamesIn(format)) {
    if (format.widths && names.length !== format.widths.length) {
      yield {
        code: 'SETTINGS_CONFLICT',
        key,
        found: `has ${names.length} names, but widths has ${format.widths.length} fields`,
        remedy: 'Declare one name per field.',
      };
    }
  }
  const hasHeader = format.header ?? (type !== 'fixed_width' && !areAllNamed(format, tables));
  if (format.skip_rows_after_header && !hasHeader) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'file_format.skip_rows_after_header',
      found: `is ${format.skip_rows_after_header}, but the file has no header`,
      remedy: 'Use skip_rows for lines before the first record, or set header to true.',
    };
  }
  for (const [key, text, problem] of [
    ['date_format', dateFormat, dateFormatProblem],
    ['file_format.date_format', format.date_format, dateFormatProblem],
    ['file_format.number_format', format.number_format, numberFormatProblem],
  ] as const) {
    const remedy = text === undefined || Token.isUnresolved(text) ? undefined : problem(text);
    if (remedy) {
      yield { code: 'FORMAT_INVALID', key, found: `is "${text}"`, remedy };
    }
  }
}

/** The lists of column names with their keys: one for all tables, or one per table. */
function columnNamesIn({ column_names: names = [] }: FileFormat): { key: string; names: string[] }[] {
  const key = 'file_format.column_names';
  return Array.isArray(names)
    ? names.length > 0 ? [{ key, names }] : []
    : Object.entries(names).map(([table, ofTable]) => ({ key: `${key}.${table}`, names: ofTable }));
}

/** Whether each table has column names. */
function areAllNamed({ column_names: names }: FileFormat, tables: string[]): boolean {
  return names !== undefined && (Array.isArray(names) || tables.every(table => table in names));
}

/** Checks that the special characters of a text format differ from each other. */
function* characterProblems({ delimiter, file_format: format = {} }: DatasetDocument): Generator<Problem> {
  const characters = [
    { name: 'delimiter', text: delimiter ?? format.delimiter ?? ',' },
    { name: 'quote', text: format.quote ?? '"' },
    { name: 'escape', text: format.escape },
    { name: 'comment', text: format.comment },
  ].filter((each): each is { name: string; text: string } => Boolean(each.text) && !Token.isUnresolved(each.text));
  if (format.widths) {
    return;
  }
  for (const [index, { name, text }] of characters.entries()) {
    for (const other of characters.slice(0, index)) {
      if (other.text.includes(text)) {
        yield {
          code: 'CHARACTERS_CONFLICT',
          key: `file_format.${name}`,
          found:
            `is ${JSON.stringify(text)}, which `
            + (other.text === text
              ? `is also the ${other.name}`
              : `the ${other.name} ${JSON.stringify(other.text)} contains`),
          remedy:
            name === 'escape' && other.name === 'quote'
              ? 'Remove escape: without it, two quotes inside a quoted value mean one quote.'
              : 'Use different characters.',
        };
      }
    }
  }
}

function* tableProblems(document: DatasetDocument, tables: string[]): Generator<Problem> {
  const [ownTable] = tableKeys(document.dataset, []);
  if (tables.length > 1 && tables.includes(ownTable)) {
    yield {
      code: 'TABLE_NAME_RESERVED',
      key: tablesKey(document),
      found: `has several tables, and one of them has the name of the dataset, "${ownTable}"`,
      remedy: 'Rename this table, for example to "main": its folder would contain the folders of the other tables.',
    };
  }
  const quality = document.data_quality ?? {};
  const byTable: [string, unknown][] = [
    ['column_schema', document.column_schema],
    ['column_descriptions', document.column_descriptions],
    ['business_keys', document.business_keys],
    ['data_quality.required_columns', quality.required_columns],
    ['data_quality.expected_record_count_min', quality.expected_record_count_min],
    ['file_format.column_names', document.file_format?.column_names],
  ];
  for (const [key, value] of byTable) {
    const unknown = typeof value === 'object' && !Array.isArray(value) && value !== null
      ? Object.keys(value).find(table => !tables.includes(table))
      : undefined;
    if (unknown !== undefined) {
      // Users may also write the name that the table has in the database.
      const name = unknown.startsWith(`${ownTable}_`) ? unknown.slice(ownTable.length + 1) : unknown;
      yield {
        code: 'UNKNOWN_TABLE',
        key,
        found: `contains the table "${unknown}", which does not exist`,
        remedy: `${didYouMean(name, tables)}Tables of the dataset: ${tables.join(', ')}.`,
      };
    }
  }
}

function* columnProblems(document: DatasetDocument, tables: string[]): Generator<Problem> {
  for (const [table, columns] of Object.entries(document.column_schema ?? {})) {
    for (const [source, column] of Object.entries(columns)) {
      yield* typeProblems(`column_schema.${table}.${source}`, column);
    }
  }
  for (const table of tables) {
    const columns = document.column_schema?.[table] ?? {};
    // With several tables, the columns that are mapped to the same name can be in different tables.
    const mapped = tables.length === 1 ? document.column_mappings ?? {} : {};
    const targets = new Map<string, string>();
    for (const source of new Set([...Object.keys(columns), ...Object.keys(mapped)])) {
      const target = columns[source]?.target_name ?? mapped[source];
      const other = target === undefined ? undefined : targets.get(target);
      if (other !== undefined) {
        yield {
          code: 'COLUMN_NAME_TAKEN',
          key:
            columns[source]?.target_name === undefined
              ? `column_mappings.${source}`
              : `column_schema.${table}.${source}.target_name`,
          found: `is "${target}", which is already the name of "${other}"`,
          remedy: 'Rename one of them.',
        };
      }
      if (target !== undefined) {
        targets.set(target, source);
      }
    }
  }
}

function* typeProblems(key: string, { type, format }: ColumnSchema): Generator<Problem> {
  const decimal = /^decimal\((\d+),(\d+)\)$/.exec(type ?? '');
  if (decimal && Number(decimal[2]) > Number(decimal[1])) {
    yield {
      code: 'DATA_TYPE_INVALID',
      key: `${key}.type`,
      found: `is "${type}", whose scale is larger than its precision`,
      remedy: `Write decimal(precision,scale), for example decimal(${decimal[2]},${decimal[1]}).`,
    };
  }
  if (format === undefined || Token.isUnresolved(format) || Token.isUnresolved(type)) {
    return;
  }
  const remedy = formatProblem(type, format);
  if (remedy !== undefined) {
    yield {
      code: 'FORMAT_INVALID',
      key: `${key}.format`,
      found: `is ${JSON.stringify(format)}, but the type of the column is ${type ?? 'not set'}`,
      remedy,
    };
  }
}

function* keyProblems({ business_key: key, business_keys: keys }: DatasetDocument): Generator<Problem> {
  if (key !== undefined && keys !== undefined) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'business_key',
      found: 'is set, and business_keys is also set',
      remedy: 'Set business_key for all tables, or business_keys for each table.',
    };
  }
}

function* historyProblems({
  history,
  outputs,
  business_key: key,
  business_keys: keys,
}: DatasetDocument): Generator<Problem> {
  if (history === undefined) {
    return;
  }
  if (outputs !== undefined) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'history',
      found: 'is set, and outputs is also set',
      remedy: 'Use one dataset per table: a dataset with a history has exactly one table.',
    };
  }
  if (key !== undefined || keys !== undefined) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: key === undefined ? 'business_keys' : 'business_key',
      found: 'is set, and history is also set',
      remedy: 'Remove it: a history has several rows per business key, one per version. It uses history.business_key.',
    };
  }
  if (history.compare !== undefined && history.exclude !== undefined) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'history.compare',
      found: 'is set, and history.exclude is also set',
      remedy: 'Set only one of them.',
    };
  }
  const names: { [key: string]: string } = Object.fromEntries(
    VERSION_COLUMNS.map(name => [name, history[name] ?? name]),
  );
  for (const [index, name] of VERSION_COLUMNS.entries()) {
    const other = VERSION_COLUMNS.slice(0, index).find(each => names[each] === names[name]);
    if (other !== undefined) {
      const declared = history[name] === undefined ? other : name;
      yield {
        code: 'COLUMN_NAME_TAKEN',
        key: `history.${declared}`,
        found: `is "${names[name]}", which is also the name of the column ${declared === name ? other : name}`,
        remedy: 'Use different names.',
      };
    }
  }
  const { open_end: openEnd } = history;
  if (openEnd !== undefined && !Token.isUnresolved(openEnd) && !isOpenEnd(openEnd)) {
    yield {
      code: 'VALUE_INVALID',
      key: 'history.open_end',
      found: `is "${openEnd}"`,
      remedy: 'Use 2100-01-01 or a later date, for example "9999-12-31".',
    };
  }
  for (const list of ['business_key', 'compare', 'exclude'] as const) {
    const columns = history[list];
    if (columns === undefined || Token.isUnresolved(columns)) {
      continue;
    }
    const reserved = columns.find(column => Object.values(names).includes(column.toLowerCase()));
    if (reserved !== undefined) {
      yield {
        code: 'COLUMN_NAME_RESERVED',
        key: `history.${list}`,
        found: `contains ${reserved}, a column that the history adds`,
        remedy: 'Use columns of the query.',
      };
    }
    const meta = columns.find(column => column.toLowerCase().startsWith('meta_'));
    if (meta !== undefined) {
      yield {
        code: 'COLUMN_NAME_RESERVED',
        key: `history.${list}`,
        found: `contains the metadata column ${meta}`,
        remedy:
          list === 'exclude'
            ? 'Remove it: columns whose names start with meta_ are never compared.'
            : 'Rename the column in the query: names that start with meta_ are reserved for run metadata.',
      };
    }
    const both = list === 'business_key' ? undefined : columns.find(column => history.business_key.includes(column));
    if (both !== undefined) {
      yield {
        code: 'SETTINGS_CONFLICT',
        key: `history.${list}`,
        found: `contains ${both}, which is also in history.business_key`,
        remedy: `Remove it from ${list}.`,
      };
    }
  }
}

/**
 * The columns that a history adds to the result of the query. Each entry is the key that sets the name of the
 * column, and also the default of this name.
 */
const VERSION_COLUMNS = ['valid_from', 'valid_to', 'is_current', 'change_type'] as const;

/** Whether a string is a date that is later than any possible end of a version. */
function isOpenEnd(text: string): boolean {
  return isCalendarDate(text) && text >= '2100-01-01';
}
