import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { medallionIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { DataRule, EtlCore, RuleSeverity } from '../../src';
import { dqdlOf } from '../../src/cli/dqdl';
import { DataRule as Rule } from '../../src/private/document/dataset-document.generated';
import { bronze, gold } from '../layouts';

const folder = temporaryFolder();

beforeAll(() => {
  const app = new App({ outdir: path.join(folder, 'cdk.out') });
  const stack = new Stack(app, 'Datasets');
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
  const ruled = bronze({ core, stack }, {
    dataset: 'orders',
    fileTableMapping: { 'o.csv': 'heads', 'l.csv': 'lines' },
    dataQuality: {
      rules: [
        DataRule.notNull('id', { table: 'lines' }),
        DataRule.condition('price > 0', { table: 'heads', severity: RuleSeverity.WARN, maxShare: 0.1 }),
      ],
    },
  });
  bronze({ core, stack }, { dataset: 'airports' }, 'Airports');
  gold({ core, stack }, {
    inputs: [ruled],
    history: { businessKey: ['id'], isCurrent: 'current_flag' },
    dataQuality: { rules: [DataRule.relationship('id', '${bronze_database}.orders_heads', 'id')] },
  });
  app.synth();
});

const medallion = (...args: string[]) => medallionIn(folder, args);

test('lists the rules of all datasets', () => {
  const { code, stdout, stderr } = medallion('rules');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trimEnd().split('\n').map(line => line.split(/ {2,}/))).toEqual([
    ['dataset', 'table', 'rule', 'condition', 'severity', 'max_share'],
    ['orders', 'pp_dw_bronze.orders_heads', 'price > 0', 'price > 0', 'warn', '0.1'],
    ['orders', 'pp_dw_bronze.orders_lines', 'not_null_id', 'id IS NOT NULL', 'fail', '0'],
    [
      'fda-summary', 'pp_dw_gold.fda_summary', 'relationships_id_orders_heads_id',
      'id REFERENCES pp_dw_bronze.orders_heads (id)', 'fail', '0',
    ],
  ]);
});

test('prints the rules of one dataset as JSON', () => {
  expect(JSON.parse(medallion('rules', 'orders', '--json').stdout)).toEqual([
    {
      dataset: 'orders',
      layer: 'bronze',
      table: 'pp_dw_bronze.orders_heads',
      name: 'price > 0',
      kind: 'condition',
      condition: 'price > 0',
      severity: 'warn',
      max_share: 0.1,
    },
    {
      dataset: 'orders',
      layer: 'bronze',
      table: 'pp_dw_bronze.orders_lines',
      name: 'not_null_id',
      kind: 'not_null',
      condition: 'id IS NOT NULL',
      severity: 'fail',
      max_share: 0,
    },
  ]);
});

test('a dataset without rules has an empty list, and says so', () => {
  expect(medallion('rules', 'airports')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'airports has no data rules. Add rules to data_quality.rules in config.json, or to dataQuality.rules in '
      + 'code.\n',
  });
  expect(medallion('rules', 'airports', '--json').stdout).toBe('[]\n');
});

test('an unknown dataset is a usage error with a suggestion', () => {
  const { code, stderr } = medallion('rules', 'order');
  expect(code).toBe(2);
  expect(stderr).toContain('The dataset "order" does not exist. Did you mean "orders"?');
});

test('prints one ruleset per table', () => {
  expect(medallion('rules', '--dqdl').stdout).toBe([
    '# pp_dw_bronze.orders_heads',
    'Rules = [',
    '    # price > 0 (warn)',
    '    CustomSql "SELECT coalesce(avg(CASE WHEN NOT (price > 0) THEN 0.0 ELSE 1.0 END), 1.0) FROM primary" >= 0.9',
    ']',
    '',
    '# pp_dw_bronze.orders_lines',
    'Rules = [',
    '    # not_null_id',
    '    IsComplete "id"',
    ']',
    '',
    '# pp_dw_gold.fda_summary',
    'Rules = [',
    '    # relationships_id_orders_heads_id',
    '    CustomSql "SELECT coalesce(avg(CASE WHEN NOT (id IN (SELECT id FROM pp_dw_bronze.orders_heads)) THEN 0.0 '
      + 'ELSE 1.0 END), 1.0) FROM primary WHERE current_flag" >= 1.0',
    ']',
    '',
  ].join('\n'));
  const [{ table, ruleset }] = JSON.parse(medallion('rules', '--dqdl', '--json').stdout);
  expect(table).toBe('pp_dw_bronze.orders_heads');
  expect(ruleset).toMatch(/^Rules = \[\n/);
});

/** Rules, and the equivalent rules in DQDL. */
const DQDL: [what: string, rule: Rule, dqdl: string, isCurrent?: string][] = [
  ['not null', { not_null: 'a' }, 'IsComplete "a"'],
  ['not null with a share', { not_null: 'a', max_share: 0.01 }, 'Completeness "a" >= 0.99'],
  ['not null in a history', { not_null: 'a' }, 'IsComplete "a" where "is_current"', 'is_current'],
  ['unique', { unique: 'a' }, 'IsUnique "a"'],
  ['unique with a share', { unique: ['a'], max_share: 0.3 }, 'Uniqueness "a" >= 0.7'],
  [
    'several unique columns',
    { unique: ['a', 'b'] },
    'CustomSql "SELECT coalesce(1.0 - (SELECT sum(n) FROM (SELECT count(*) AS n FROM primary WHERE a IS NOT NULL AND b '
      + 'IS NOT NULL GROUP BY a, b HAVING count(*) > 1)) / count(*), 1.0) FROM primary" >= 1.0',
  ],
  ['accepted values', { accepted_values: { column: 'a', values: ['x'] } }, 'ColumnValues "a" in [ "x", NULL ]'],
  [
    'accepted numbers with a share',
    { accepted_values: { column: 'a', values: [1, 2.5, 1e21] }, max_share: 0.5 },
    'ColumnValues "a" in [ 1, 2.5, 1000000000000000000000, NULL ] with threshold >= 0.5',
  ],
  [
    'accepted values with quotes and backslashes',
    { accepted_values: { column: 'a', values: ['"', 'b\\c'] } },
    'ColumnValues "a" in [ "\\"", "b\\\\c", NULL ]',
  ],
  [
    'accepted values that DQDL reads as dates',
    { accepted_values: { column: 'a', values: ['2024-01-01', 'it\'s'] } },
    'CustomSql "SELECT coalesce(avg(CASE WHEN NOT (a IN (\'2024-01-01\', \'it\\\\\'s\')) THEN 0.0 ELSE 1.0 END), '
      + '1.0) FROM primary" >= 1.0',
  ],
  [
    'a relationship',
    { relationships: { column: 'a', to: 'pp_dw_bronze.t', field: 'b' }, max_share: 0.2 },
    'ReferentialIntegrity "a" "t.b" >= 0.8',
  ],
  [
    'a condition with quotes and a comment',
    { condition: 'a = "x" -- \\d' },
    'CustomSql "SELECT coalesce(avg(CASE WHEN NOT (a = \\"x\\" -- \\\\d\n) THEN 0.0 ELSE 1.0 END), 1.0) '
      + 'FROM primary" >= 1.0',
  ],
];

// A function with more parameters than the row has values would get a callback.
test.each(DQDL.map(([what, ...row]) => ({ what, row })))('$what in DQDL', ({ row: [rule, dqdl, isCurrent] }) => {
  expect(dqdlOf({ rules: [{ name: 'x', ...rule }], isCurrent })).toBe(`Rules = [\n    # x\n    ${dqdl}\n]`);
});

test('rules are separated by commas', () => {
  expect(dqdlOf({ rules: [{ not_null: 'a' }, { not_null: 'b' }] })).toBe([
    'Rules = [', '    # not_null_a', '    IsComplete "a",', '    # not_null_b', '    IsComplete "b"', ']',
  ].join('\n'));
});
