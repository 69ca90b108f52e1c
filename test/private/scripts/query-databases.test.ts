import { Layer } from '../../../src/layer';
import { placeholderProblems, withDatabases } from '../../../src/private/scripts/query-databases';

const databaseOf = (layer: Layer) => `pp_dw_${layer}`;

test.each([
  ['SELECT * FROM ${bronze_database}.zip', 'SELECT * FROM pp_dw_bronze.zip'],
  [
    'SELECT * FROM ${bronze_database}.a JOIN ${gold_database}.b USING (id)',
    'SELECT * FROM pp_dw_bronze.a JOIN pp_dw_gold.b USING (id)',
  ],
  ['SELECT * FROM ${silver_database}.a', 'SELECT * FROM pp_dw_silver.a'],
  [
    "SELECT 'it''s ${bronze_database}', \"\\\"\", '\\'' -- ${gold_database}\nFROM ${bronze_database}.a",
    "SELECT 'it''s ${bronze_database}', \"\\\"\", '\\'' -- ${gold_database}\nFROM pp_dw_bronze.a",
  ],
  ["SELECT r'\\' AS a FROM ${bronze_database}.a", "SELECT r'\\' AS a FROM pp_dw_bronze.a"],
  ['SELECT /* \' */ 1 FROM ${bronze_database}.a', 'SELECT /* \' */ 1 FROM pp_dw_bronze.a'],
])('the placeholders of %s are replaced, except in quotes and comments', (query, replaced) => {
  expect(withDatabases(query, databaseOf)).toBe(replaced);
});

test.each([
  "SELECT '${bronze_database}' AS a",
  'SELECT 1 AS `${bronze_database}`',
  'SELECT "${gold_database}", r"\\", r\'\\\'',
  '/* ${bronze_database} */ SELECT 1',
  'SELECT 1 -- ${bronze_database}',
  'SELECT ${spark.sql.shuffle.partitions}, ${env:HOME}, ${other}, ${gold_rate}, ${bronzed_on}',
  'SELECT ${constructor}, ${toString}',
  "SELECT regexp_extract(a, '\\\\{bronze_database\\\\}') FROM a",
  'SELECT map(1, 2)[1], named_struct("a", 1).a, a -> b, $1',
])('%s is not changed', query => {
  expect([withDatabases(query, databaseOf), [...placeholderProblems(query)]]).toEqual([query, []]);
});

test.each([
  ['SELECT * FROM ${bronze_databse}.a', 'bronze_databse', 'bronze_database'],
  ['SELECT * FROM ${bronze}.a', 'bronze', 'bronze_database'],
  ['SELECT * FROM ${silver_db}.a', 'silver_db', 'silver_database'],
  ['SELECT * FROM ${sliver}.a', 'sliver', 'silver_database'],
  ['SELECT * FROM ${golddatabase}.a', 'golddatabase', 'gold_database'],
  ['SELECT * FROM ${GOLD_database}.a', 'GOLD_database', 'gold_database'],
])('%s has a misspelled placeholder', (query, found, suggestion) => {
  expect([...placeholderProblems(query)]).toEqual([{
    code: 'PLACEHOLDER_INVALID',
    key: 'sql',
    found: `contains \${${found}}`,
    remedy: `Did you mean "${suggestion}"? The databases of the lake are `
      + '${bronze_database}, ${silver_database}, ${gold_database}.',
  }]);
});
