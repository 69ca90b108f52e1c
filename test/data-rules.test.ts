import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App, CfnParameter } from 'aws-cdk-lib';
import {
  BronzeDataset, DataQuality, DataRule, DatasetDirectory, DerivedDatasetProps, GoldDataset, RuleSeverity,
} from '../src';
import { bronze, ENV, gold, LAYOUTS } from './layouts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'data-rules-')); });
afterEach(() => rmSync(folder, { recursive: true }));

const lake = () => LAYOUTS[0].lake(ENV);

/** The rules in the document of a dataset with props. */
function rulesOf(dataQuality: DataQuality): unknown {
  const where = lake();
  bronze(where);
  return JSON.parse(gold(where, { dataQuality }).document).data_quality.rules;
}

/** The document of the gold dataset `fda-summary`, whose input is `fda-nsde`, from files. */
function fromFiles(quality: object, others: object = {}): { data_quality: { rules: unknown } } {
  for (const [name, config] of Object.entries({
    '.': { etl_resource_prefix: 'pp-dw' },
    'fda-nsde': { dataset: 'fda-nsde', data_size_category: 'small', source_url: 'https://example.org/nsde.zip' },
    'fda-summary': {
      dataset: 'fda-summary',
      data_size_category: 'small',
      source_datasets: ['bronze/fda-nsde'],
      sql: 'query.sql',
      data_quality: quality,
      ...others,
    },
  })) {
    mkdirSync(path.join(folder, name), { recursive: true });
    writeFileSync(path.join(folder, name, 'config.json'), JSON.stringify(config, null, 1));
  }
  writeFileSync(path.join(folder, 'fda-summary', 'query.sql'), 'SELECT * FROM ${bronze_database}.fda_nsde');
  const { datasets } = new DatasetDirectory(new App(), 'Lake', { path: folder, env: ENV });
  return JSON.parse((datasets['gold/fda-summary'] ?? datasets['bronze/fda-summary']).document);
}

/** Rules as props and as they are written in files, and their names. */
const RULES: [what: string, rule: DataRule, inFile: object, name: string][] = [
  ['a condition', DataRule.condition('n > 0'), { condition: 'n > 0' }, 'n > 0'],
  ['a condition in several lines', DataRule.condition('n >\n  0'), { condition: 'n >\n  0' }, 'n > 0'],
  ['a name', DataRule.notNull('n', { name: 'n is set' }), { name: 'n is set', not_null: 'n' }, 'n is set'],
  ['not null', DataRule.notNull('n'), { not_null: 'n' }, 'not_null_n'],
  ['several unique columns', DataRule.unique(['a', 'b']), { unique: ['a', 'b'] }, 'unique_a_b'],
  [
    'accepted values',
    DataRule.acceptedValues('a', ['x', 'y'], { severity: RuleSeverity.WARN, maxShare: 0.5 }),
    { accepted_values: { column: 'a', values: ['x', 'y'] }, severity: 'warn', max_share: 0.5 },
    'accepted_values_a',
  ],
  [
    'a relationship',
    DataRule.relationship('a', '${bronze_database}.fda_nsde', 'b', { table: 'fda_summary' }),
    { relationships: { column: 'a', to: '${bronze_database}.fda_nsde', field: 'b' }, table: 'fda_summary' },
    'relationships_a_fda_nsde_b',
  ],
  [
    'a relationship with a table without its database',
    DataRule.relationship('a', 'fda_nsde', 'b'),
    { relationships: { column: 'a', to: 'fda_nsde', field: 'b' } },
    'relationships_a_fda_nsde_b',
  ],
];

/** Returns the rule in the deployed document for a rule in a file. All inputs are in one database. */
function inDocument(rule: object): object {
  const text = JSON.stringify(rule).replace('${bronze_database}', 'pp_dw_bronze');
  return JSON.parse(text.replace('"to":"fda_nsde"', '"to":"pp_dw_bronze.fda_nsde"'));
}

describe.each(RULES)('%s', (_, rule, inFile, name) => {
  test('is the same in props and in files, with a name', () => {
    const expected = [{ name, ...inDocument(inFile) }];
    expect(rulesOf({ rules: [rule] })).toEqual(expected);
    expect(fromFiles({ rules: [inFile] }).data_quality.rules).toEqual(expected);
  });
});

test('a unique column is a text in a file', () => {
  expect(fromFiles({ rules: [{ unique: 'a' }] }).data_quality.rules).toEqual([{ name: 'unique_a', unique: 'a' }]);
});

test('a table without its database is not changed if the inputs have several databases', () => {
  const where = lake();
  const inputs = [BronzeDataset.fromName(where.core, 'fda-nsde'), GoldDataset.fromName(where.core, 'calendar')];
  const rules = [DataRule.relationship('a', 'calendar', 'b')];
  const { document } = gold(where, { inputs, dataQuality: { rules } });
  expect(JSON.parse(document).data_quality.rules[0].relationships.to).toBe('calendar');
});

test('two tables can have a rule of the same name', () => {
  const rules = ['a', 'b'].map(table => DataRule.notNull('n', { table }));
  const { document } = gold(lake(), { outputs: ['a', 'b'], dataQuality: { rules } });
  expect(JSON.parse(document).data_quality.rules).toEqual([
    { name: 'not_null_n', table: 'a', not_null: 'n' },
    { name: 'not_null_n', table: 'b', not_null: 'n' },
  ]);
});

test('the condition of a rule can be a token, and its table cannot', () => {
  const where = lake();
  const { valueAsString } = new CfnParameter(where.stack, 'Parameter');
  expect(() => bronze(where, { dataQuality: { rules: [DataRule.condition(`n > ${valueAsString}`)] } })).not.toThrow();
  const rules = [DataRule.notNull('n', { table: valueAsString })];
  expect(() => bronze(where, { dataset: 'other', dataQuality: { rules } }, 'Other')).toThrow(
    'TOKEN_NOT_ALLOWED: Lake/Other: data_quality.rules[0].table of dataset "other" is only known at deployment. '
      + 'Tables are named at synth: write the name in the code.',
  );
});

/** Mistakes in the rules of a file, with the start of the error after the file and position. */
const MISTAKES: [what: string, quality: object, error: string, others?: object][] = [
  [
    'no condition',
    { rules: [{ name: 'x' }] },
    'SETTING_REQUIRED: /data_quality/rules/0 has no condition. Set one of condition, not_null, unique, ',
  ],
  [
    'two conditions',
    { rules: [{ not_null: 'a', unique: 'a' }] },
    'SETTINGS_CONFLICT: /data_quality/rules/0 has both not_null and unique. Write one rule for each.',
  ],
  [
    'an empty condition',
    { rules: [{ condition: ' ' }] },
    'VALUE_INVALID: /data_quality/rules/0/condition is " ". Expected: Condition in Spark SQL',
  ],
  [
    'a share above 1',
    { rules: [{ not_null: 'a', max_share: 5 }] },
    'VALUE_INVALID: /data_quality/rules/0/max_share is 5. Expected: Share of all rows, from 0 to 1.',
  ],
  [
    'an unknown severity',
    { rules: [{ not_null: 'a', severity: 'warning' }] },
    'VALUE_INVALID: /data_quality/rules/0/severity is "warning". Expected: Whether a violated rule fails the run',
  ],
  [
    'a misspelled key',
    { rules: [{ not_nul: 'a' }] },
    'UNKNOWN_KEY: /data_quality/rules/0/not_nul is not a known key. Did you mean "not_null"?',
  ],
  [
    'an unknown table',
    { rules: [{ not_null: 'a', table: 'fda_sumary' }] },
    'UNKNOWN_TABLE: /data_quality/rules/0/table is "fda_sumary", which is not a table of the dataset. Did you mean '
      + '"fda_summary"? Tables of the dataset: fda_summary.',
  ],
  [
    'no table although there are several',
    { rules: [{ not_null: 'a' }] },
    'SETTING_REQUIRED: /data_quality/rules/0 has no table, but the dataset has the tables x, y. Add "table": "x".',
    { outputs: ['x', 'y'] },
  ],
  [
    'two rules with the same automatic name',
    { rules: [{ not_null: 'a' }, { not_null: 'a', severity: 'warn' }] },
    'DUPLICATE_VALUE: /data_quality/rules/1 has the name "not_null_a", which is also the name of '
      + 'data_quality.rules[0].',
  ],
  [
    'two rules with the same name',
    { rules: [{ name: 'x', not_null: 'a' }, { name: 'x', not_null: 'b' }] },
    'DUPLICATE_VALUE: /data_quality/rules/1/name is "x", which is also the name of data_quality.rules[0].',
  ],
  [
    'a relationship of a dataset without inputs',
    { rules: [{ relationships: { column: 'a', to: 'x', field: 'b' } }] },
    'SETTING_NOT_APPLICABLE: /data_quality/rules/0/relationships is set, but the dataset has no inputs.',
    { source_datasets: undefined, sql: undefined, source_url: 'https://example.org/x.csv' },
  ],
  [
    'a relationship with a misspelled table',
    { rules: [{ relationships: { column: 'a', to: '${bronze_database}.fda_nsd', field: 'b' } }] },
    'UNKNOWN_TABLE: /data_quality/rules/0/relationships/to is "${bronze_database}.fda_nsd", which is not a table of a '
      + 'dataset in this directory. Did you mean "${bronze_database}.fda_nsde"?',
  ],
  [
    'a relationship with a misspelled table without its database',
    { rules: [{ relationships: { column: 'a', to: 'fda_nsd', field: 'b' } }] },
    'UNKNOWN_TABLE: /data_quality/rules/0/relationships/to is "fda_nsd", which is not a table of an input. Did you '
      + 'mean "fda_nsde"?',
  ],
  [
    'a churn limit without a history',
    { max_churn: 0.1 },
    'SETTING_NOT_APPLICABLE: /data_quality/max_churn is set, but the dataset has no history.',
  ],
];

test.each(MISTAKES)('%s fails at synth, at the key of the file', (_, quality, error, others = {}) => {
  const expected = new RegExp(error.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/^\w+: /, '$&\\S+ '));
  expect(() => fromFiles(quality, others)).toThrow(expected);
});

test.each<[string, Partial<DerivedDatasetProps>, string]>([
  [
    'a rule that is not a DataRule',
    { dataQuality: { rules: [{ condition: 'n > 0' } as unknown as DataRule] } },
    'PROP_TYPE_INVALID: Lake/Gold: dataQuality.rules[0] has the wrong type. Use a DataRule: DataRule.condition(',
  ],
  [
    'a misspelled option',
    { dataQuality: { rules: [DataRule.notNull('n', { maxShar: 1 } as object)] } },
    'UNKNOWN_KEY: Lake/Gold: data_quality.rules[0] of dataset "fda-summary" has the unknown key "maxShar". Did '
      + 'you mean "maxShare"?',
  ],
  [
    'no rules',
    { dataQuality: { rules: [] } },
    'VALUE_INVALID: Lake/Gold: data_quality.rules of dataset "fda-summary" is [].',
  ],
])('%s fails', (_, props, error) => {
  expect(() => gold(lake(), props)).toThrow(error);
});

test('a table that is not a table of an input fails, even without its database', () => {
  const check = (to: string) => {
    const where = lake();
    const input = bronze(where);
    bronze(where, { dataset: 'other' }, 'Other');
    const rules = [DataRule.relationship('a', to, 'b')];
    const dataset = gold(where, { inputs: [input], dataQuality: { rules } });
    return () => dataset.node.validate();
  };
  expect(check('pp_dw_bronze.fda_nsde')).not.toThrow();
  expect(check('fda_nsde')).not.toThrow();
  expect(check('pp_dw_bronze.other')).toThrow(
    'QUERY_TABLE_NOT_AN_INPUT: Lake/Gold: data_quality.rules[0].relationships.to of dataset "fda-summary" is '
      + '"pp_dw_bronze.other", which does not belong to any of its inputs. Add the dataset of the table to inputs',
  );
  expect(check('other')).toThrow('UNKNOWN_TABLE: Lake/Gold: data_quality.rules[0].relationships.to');
});

test('a table of an input in another app is not checked', () => {
  const where = lake();
  const rules = [DataRule.relationship('a', 'fda_nsde', 'b')];
  const dataset = gold(where, { inputs: [BronzeDataset.fromName(where.core, 'fda-nsde')], dataQuality: { rules } });
  expect(() => dataset.node.validate()).not.toThrow();
});
