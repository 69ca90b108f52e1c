import { formatTable } from '../../src/cli/table';

const columns = [{ name: 'zip_code' }, { name: 'n', right: true }, { name: 'city' }];
const rows = [['00501', '1', 'Holtsville'], ['02101', '54', null]];

test('numbers stand at the right, and null is nothing', () => {
  expect(formatTable(columns, rows, Infinity)).toEqual([
    'zip_code   n  city',
    '00501      1  Holtsville',
    '02101     54',
  ]);
});

test('columns that do not fit are counted', () => {
  expect(formatTable(columns, rows, 14)).toEqual(['zip_code   n  (+ 1 more column)', '00501      1', '02101     54']);
});

test.each([
  ['a\tb\nc', 'a b c'],
  ['x'.repeat(50), `${'x'.repeat(39)}…`],
])('on a terminal, a cell is one line of 40 characters at most: %j', (cell, shown) => {
  expect(formatTable([{ name: 'a' }], [[cell]], 80)[1]).toBe(shown);
});

test('in a pipe, nothing is cut, and a long cell does not pad the others', () => {
  expect(formatTable([{ name: 'a' }, { name: 'b' }], [['x'.repeat(360), '1'], ['y', '2']], Infinity))
    .toEqual([`a${' '.repeat(61)}b`, `${'x'.repeat(360)}  1`, `y${' '.repeat(61)}2`]);
});

test('a column that gives way is cut before another one is left out', () => {
  const giving = [{ name: 'zip_code' }, { name: 'city', givesWay: true }, { name: 'state' }];
  expect(formatTable(giving, [['00501', 'Holtsville', 'NY']], 23)).toEqual([
    'zip_code  city    state',
    '00501     Holts…  NY',
  ]);
});

test('a column that gives way takes what the others leave, however long its cells are', () => {
  const giving = [{ name: 'dataset' }, { name: 'error', givesWay: true }];
  expect(formatTable(giving, [['zipcodes', 'x'.repeat(80)]], 70)[1]).toBe(`zipcodes  ${'x'.repeat(59)}…`);
});

test('half a million rows', () => {
  const line = ['00501', '1', 'Holtsville'];
  expect(formatTable(columns, Array.from({ length: 500_000 }, () => line), Infinity).length).toBe(500_001);
});
