import { Dataset, readDatasets, selectDataset, selectDatasets } from './dataset';
import { documentOf } from './dataset-document';
import { dqdlOf, RuledTable } from './dqdl';
import { paint } from './progress';
import { readValues } from './substitutes';
import { formatTable, outputWidth } from './table';
import { showUnknown } from './unknown-value';
import { ruleCondition, ruleKind, ruleName } from '../private/document/rule-text';

/** The options of `medallion rules`. */
export interface RulesOptions {
  readonly app: string;
  readonly json: boolean;
  readonly value: string[];
  /** If set, only the rules of datasets in this stack. */
  readonly stack?: string;
  /** Print the rules as rulesets of AWS Glue Data Quality. */
  readonly dqdl?: true;
}

/** A table with rules. */
interface Table extends RuledTable {
  readonly dataset: string;
  readonly layer: string;
  /** The name of the table, in the format `database.table`. */
  readonly table: string;
}

/**
 * Prints the data rules of a dataset or of all datasets.
 *
 * @param name the name of the dataset, or `layer/dataset`; undefined for all datasets
 */
export function rules(name: string | undefined, { app, json, value, stack, dqdl }: RulesOptions): void {
  const all = readDatasets(app, readValues(value));
  const datasets = name === undefined ? selectDatasets(all, stack) : [selectDataset(all, name, stack)];
  const tables = datasets.flatMap(ruledTables);
  if (dqdl) {
    printRulesets(tables, json);
  } else if (json) {
    process.stdout.write(`${JSON.stringify(tables.flatMap(describeRules))}\n`);
  } else if (tables.length > 0) {
    const columns = ['dataset', 'table', 'rule', 'condition', 'severity', 'max_share'] as const;
    const [heading, ...lines] = formatTable(
      columns.map(column => ({ name: column, canShrink: column === 'rule' || column === 'condition', minWidth: 20 })),
      tables.flatMap(describeRules).map(rule => columns.map(column =>
        String(column === 'rule' ? rule.name : column === 'condition' ? rule.condition : rule[column]))),
      outputWidth(),
    );
    process.stdout.write([paint('bold', heading, process.stdout), ...lines, ''].join('\n'));
  }
  if (tables.length === 0) {
    process.stderr.write(
      `${name ?? 'The app'} has no data rules. Add rules to data_quality.rules in config.json, or to `
        + 'dataQuality.rules in code.\n',
    );
  }
}

function printRulesets(tables: Table[], json: boolean): void {
  const rulesets = tables.map(table => ({
    dataset: table.dataset, layer: table.layer, table: table.table, ruleset: dqdlOf(table),
  }));
  process.stdout.write(json
    ? `${JSON.stringify(rulesets)}\n`
    : rulesets.map(({ table, ruleset }) => `# ${table}\n${ruleset}\n`).join('\n'));
}

/** The tables of a dataset that have rules. */
function ruledTables(dataset: Dataset): Table[] {
  const { data_quality: { rules: declared = [] } = {}, history } = documentOf(dataset) ?? {};
  const { database, tables } = JSON.parse(dataset.arguments['--names']) as {
    readonly database: string;
    readonly tables: Record<string, { readonly name: string }>;
  };
  const [first] = Object.keys(tables);
  return Object.entries(tables)
    .map(([key, { name }]) => ({
      dataset: dataset.dataset,
      layer: dataset.layer,
      table: `${database}.${name}`,
      rules: declared.filter(({ table = first }) => table === key),
      ...history && { isCurrent: history.is_current ?? 'is_current' },
    }))
    .filter(({ rules: ofTable }) => ofTable.length > 0);
}

function describeRules({ dataset, layer, table, rules: ofTable }: Table) {
  return ofTable.map(rule => ({
    dataset,
    layer,
    table,
    name: showUnknown(ruleName(rule)),
    kind: ruleKind(rule),
    condition: showUnknown(ruleCondition(rule)),
    severity: rule.severity ?? 'fail',
    max_share: rule.max_share ?? 0,
  }));
}
