import { Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { apiProblems } from './api-rules';
import { ColumnSchema, DatasetDocument, FileFormat } from './dataset-document.generated';
import { tablesKey } from './dataset-tables';
import { scheduleExpressionProblem, timezoneProblem } from './schedule-expression';
import { sourceUrlProblems, sourceProblems } from './source-rules';
import { dateFormatProblem, formatProblem, numberFormatProblem } from './value-format';
import { tableKeys } from '../../naming';
import { Problem } from '../errors/problem';
import { closestMatch } from '../errors/suggestion';
import { synthError } from '../errors/synth-error';

/** Fails on the first thing in a document that its schema allows and that makes no sense. */
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
 * What the schema of a document allows and what makes no sense. Values only known at deployment pass.
 *
 * @param document one that its schema allows
 * @param tables the keys of the dataset's tables
 * @param hasCustomScript whether the job has a script of the user's, which may fetch what no key describes
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
    markProblems,
    tableProblems,
    columnProblems,
    keyProblems,
    historyProblems,
    scheduleProblems,
  ];
  for (const problems of rules) {
    yield* problems(document, tables);
  }
}

const OF_BRONZE: (keyof DatasetDocument)[] = [
  'source_url',
  'lookback_days',
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
const OF_GOLD: (keyof DatasetDocument)[] = ['sql', 'outputs', 'history'];

/** source_datasets makes a dataset gold, and each layer has keys of its own. */
function* layerProblems(document: DatasetDocument): Generator<Problem> {
  const isGold = document.source_datasets !== undefined;
  const source = document.api_endpoints === undefined ? 'source_url' : 'api_endpoints';
  for (const key of isGold ? OF_BRONZE : OF_GOLD) {
    if (document[key] !== undefined) {
      yield isGold
        ? {
          code: 'SETTING_NOT_APPLICABLE',
          key,
          found: 'is set, and the dataset is gold, because source_datasets is set',
          remedy: `Remove ${key}: it is for bronze.`,
        }
        : {
          code: 'SETTING_NOT_APPLICABLE',
          key,
          found: `is set, and ${source} is set, so the dataset is bronze`,
          remedy: `Remove ${key}: it is for gold, which has source_datasets instead of ${source}.`,
        };
    }
  }
  if (isGold && document.data_quality?.max_rescued_share !== undefined) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key: 'data_quality.max_rescued_share',
      found: 'is set, and the dataset is gold',
      remedy: 'Remove it: only bronze datasets have rescued values.',
    };
  }
}

const OF_TEXT: (keyof FileFormat)[] = [
  'header', 'encoding', 'null_values', 'comment', 'skip_rows', 'skip_footer', 'date_format', 'number_format',
];

/** The keys of a file format that mean something for each type. */
const TAKES: { readonly [type in NonNullable<FileFormat['type']>]: (keyof FileFormat)[] } = {
  csv: ['delimiter', 'quote', 'escape', 'quoted_nulls', ...OF_TEXT],
  fixed_width: ['widths', ...OF_TEXT],
  json: ['records', 'encoding'],
  jsonl: ['encoding'],
  parquet: [],
};

function* formatProblems({
  delimiter,
  date_format: dateFormat,
  file_format: format = {},
}: DatasetDocument): Generator<Problem> {
  for (const [key, short, long] of [
    ['delimiter', delimiter, format.delimiter],
    ['date_format', dateFormat, format.date_format],
  ] as const) {
    if (short !== undefined && long !== undefined) {
      yield {
        code: 'SETTINGS_CONFLICT',
        key,
        found: `is ${JSON.stringify(short)}, and file_format.${key} is ${JSON.stringify(long)}`,
        remedy: 'Set one of them.',
      };
    }
  }
  const type = format.type ?? (format.widths ? 'fixed_width' : format.records === undefined ? undefined : 'json');
  const declared = [
    { at: 'delimiter', key: 'delimiter', value: delimiter },
    { at: 'date_format', key: 'date_format', value: dateFormat },
    ...Object.entries(format)
      .filter(([key]) => key !== 'type')
      .map(([key, value]) => ({ at: `file_format.${key}`, key, value })),
  ];
  for (const { at, key, value } of declared) {
    if (type !== undefined && value !== undefined && !TAKES[type].includes(key as keyof FileFormat)) {
      yield {
        code: 'SETTING_NOT_APPLICABLE',
        key: at,
        found: `is ${JSON.stringify(value)}, and the type of the format is ${type}`,
        remedy: `Remove it: ${type} takes ${TAKES[type].join(', ') || 'no other key'}.`,
      };
    }
  }
  if (type === 'fixed_width' && format.widths === undefined) {
    yield {
      code: 'SETTING_REQUIRED',
      key: 'file_format',
      found: 'has the type fixed_width and no widths',
      remedy: 'Add the widths of the fields, for example [5, 20, 2].',
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

/** Characters that have a meaning in text may not have two. */
function* markProblems({ delimiter, file_format: format = {} }: DatasetDocument): Generator<Problem> {
  const marks = [
    { name: 'delimiter', mark: delimiter ?? format.delimiter ?? ',' },
    { name: 'quote', mark: format.quote ?? '"' },
    { name: 'escape', mark: format.escape },
    { name: 'comment', mark: format.comment },
  ].filter((each): each is { name: string; mark: string } => Boolean(each.mark) && !Token.isUnresolved(each.mark));
  if (format.widths) {
    return;
  }
  for (const [index, { name, mark }] of marks.entries()) {
    for (const other of marks.slice(0, index)) {
      if (other.mark.includes(mark)) {
        yield {
          code: 'CHARACTERS_CONFLICT',
          key: `file_format.${name}`,
          found:
            `is ${JSON.stringify(mark)}, and `
            + (other.mark === mark
              ? `so is the ${other.name}`
              : `the ${other.name} ${JSON.stringify(other.mark)} contains it`),
          remedy:
            name === 'escape' && other.name === 'quote'
              ? 'Remove escape: a quote inside a quoted value is written twice.'
              : 'Use a different character for each.',
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
      found: `has the table "${ownTable}", which has the name of the dataset, and other tables`,
      remedy: 'The folder of this table would contain the folders of the others. Rename it, for example "main".',
    };
  }
  const quality = document.data_quality ?? {};
  const byTable: [string, unknown][] = [
    ['column_schema', document.column_schema],
    ['business_keys', document.business_keys],
    ['data_quality.required_columns', quality.required_columns],
    ['data_quality.expected_record_count_min', quality.expected_record_count_min],
  ];
  for (const [key, value] of byTable) {
    const unknown = typeof value === 'object' && !Array.isArray(value) && value !== null
      ? Object.keys(value).find(table => !tables.includes(table))
      : undefined;
    if (unknown !== undefined) {
      // People write the name of the table in the database, too.
      const meant = tables.find(table => unknown.endsWith(`_${table}`)) ?? closestMatch(unknown, tables);
      yield {
        code: 'UNKNOWN_TABLE',
        key,
        found: `names the table "${unknown}", which does not exist`,
        remedy: `${meant === undefined ? '' : `Did you mean "${meant}"? `}The tables are: ${tables.join(', ')}.`,
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
    // Of several tables, each may have one of the columns that are mapped to a name.
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
      found: `is ${JSON.stringify(format)}, and the column's type ${type === undefined ? 'is not set' : `is ${type}`}`,
      remedy,
    };
  }
}

function* keyProblems({ business_key: key, business_keys: keys }: DatasetDocument): Generator<Problem> {
  if (key !== undefined && keys !== undefined) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'business_key',
      found: 'is set, and business_keys too',
      remedy: 'Set business_key for all tables, or business_keys by table.',
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
      found: 'is set, and outputs too',
      remedy: 'A history has one table: use one dataset per table.',
    };
  }
  if (key !== undefined || keys !== undefined) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: key === undefined ? 'business_keys' : 'business_key',
      found: 'is set, and history too, which has one row per version of a key',
      remedy: 'Remove it: history.business_key is the key.',
    };
  }
  if (history.compare !== undefined && history.exclude !== undefined) {
    yield {
      code: 'SETTINGS_CONFLICT',
      key: 'history.compare',
      found: 'is set, and history.exclude too',
      remedy: 'Set one of them.',
    };
  }
  for (const list of ['business_key', 'compare', 'exclude'] as const) {
    const columns = history[list];
    if (columns === undefined || Token.isUnresolved(columns)) {
      continue;
    }
    const own = columns.find(column => HISTORY_COLUMNS.includes(column.toLowerCase()));
    if (own !== undefined) {
      yield {
        code: 'COLUMN_NAME_RESERVED',
        key: `history.${list}`,
        found: `names ${own}, a column that history adds`,
        remedy: 'Name columns of the query.',
      };
    }
    const meta = columns.find(column => column.toLowerCase().startsWith('meta_'));
    if (meta !== undefined) {
      yield {
        code: 'COLUMN_NAME_RESERVED',
        key: `history.${list}`,
        found: `names ${meta}`,
        remedy:
          list === 'exclude'
            ? 'Remove it: columns that start with meta_ are never compared.'
            : 'Rename the column in the query: columns that start with meta_ are metadata of runs and never compared.',
      };
    }
    const both = list === 'business_key' ? undefined : columns.find(column => history.business_key.includes(column));
    if (both !== undefined) {
      yield {
        code: 'SETTINGS_CONFLICT',
        key: `history.${list}`,
        found: `names ${both}, and so does history.business_key`,
        remedy: `Remove it from ${list}.`,
      };
    }
  }
}

/** What a history adds to the columns of the query. */
const HISTORY_COLUMNS = ['valid_from', 'valid_to', 'is_current', 'change_type'];

function* scheduleProblems({ schedule }: DatasetDocument): Generator<Problem> {
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
