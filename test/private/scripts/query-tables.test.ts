import { tablesReadBy } from '../../../src/private/scripts/query-tables';

function namesIn(query: string): string[] {
  return tablesReadBy(query).map(({ database, table }) => database === undefined ? table : `${database}.${table}`);
}

test.each([
  ['SELECT * FROM cars', ['cars']],
  ['select * from Lake.Cars c join `lake`.`owners` using (id)', ['lake.cars', 'lake.owners']],
  ['SELECT * FROM a.b, c AS d, (SELECT 1 FROM e), f', ['a.b', 'c', 'e']],
  ['SELECT * FROM a x, b y WHERE x.id = y.id', ['a', 'b']],
  ['SELECT * FROM (SELECT id FROM cars) LEFT ANTI JOIN owners ON true', ['cars', 'owners']],
  ['SELECT (SELECT max(n) FROM cars) FROM owners', ['cars', 'owners']],
  ['WITH a AS (SELECT * FROM cars), b AS (SELECT * FROM a) SELECT * FROM b JOIN a', ['cars']],
  ['WITH a (x, y) AS (SELECT 1, 2 FROM cars) SELECT * FROM a', ['cars']],
  ['WITH cars AS (SELECT * FROM lake.cars) SELECT * FROM cars', ['lake.cars']],
  ['CREATE TEMPORARY VIEW v AS SELECT * FROM cars; SELECT * FROM v', ['cars']],
  ['CREATE OR REPLACE TEMP VIEW IF NOT EXISTS `v` AS SELECT 1; SELECT * FROM V', []],
  ['FROM cars SELECT *', ['cars']],
  ['SELECT 1; FROM cars SELECT *', ['cars']],
  ['SELECT * FROM cars LATERAL VIEW explode(tags) t AS tag JOIN owners', ['cars', 'owners']],
  ['SELECT * FROM explode(array(1)), range(5)', []],
  ['SELECT * FROM cars, LATERAL (SELECT * FROM explode(cars.tags))', ['cars']],
  ['SELECT * FROM cars JOIN LATERAL explode(tags)', ['cars']],
  ['SELECT extract(year FROM cars), trim(BOTH FROM cars), substring(a FROM cars) FROM owners', ['owners']],
  ['SELECT a IS DISTINCT FROM cars, a IS NOT DISTINCT FROM cars FROM owners', ['owners']],
  ['SELECT a.from, b.`join`, c AS `from` FROM owners', ['owners']],
  ["SELECT ' FROM cars', \" FROM cars\", r'\\' FROM cars -- FROM a\n/* FROM b /* JOIN c */ FROM d */", ['cars']],
  ["SELECT 'it''s FROM cars', '\\' FROM cars' FROM owners", ['owners']],
  ['SELECT /*+ BROADCAST(cars) */ * FROM owners', ['owners']],
  ['SELECT * FROM a.b.c, d', ['d']],
  ['SELECT * FROM parquet.`s3://a/b`', ['parquet.s3://a/b']],
  ['SELECT * FROM ${lake}.cars', []],
  ['SELECT * FROM cars_${day}', []],
  ['SELECT * FROM VALUES (1), (2) AS cars', []],
  ['SELECT * FROM 2024_cars TABLESAMPLE (10 ROWS)', ['2024_cars']],
  ['SELECT * FROM ((SELECT * FROM a) UNION ALL SELECT * FROM b) c', ['a', 'b']],
  ['SELECT count(*) FILTER (WHERE x) OVER (w) FROM a WINDOW w AS (PARTITION BY b)', ['a']],
  ['SELECT', []],
  ['SELECT * FROM', []],
  ['SELECT * FROM cars /* unclosed FROM a', ['cars']],
])('%s reads %j', (query, names) => {
  expect(namesIn(query)).toEqual(names);
});

test('a table has its position in the query', () => {
  expect(tablesReadBy('SELECT *\n  FROM a\n  JOIN b.c')).toEqual([
    { table: 'a', line: 2, column: 8 },
    { database: 'b', table: 'c', line: 3, column: 8 },
  ]);
});
