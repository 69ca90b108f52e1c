import { displayWidth } from '../../src/cli/display-width';
import { formatTable } from '../../src/cli/table';

const columns = [{ name: 'zip_code' }, { name: 'n', right: true }, { name: 'city' }];
const rows = [['00501', '1', 'Holtsville'], ['02101', '54', null]];

test('numbers are right-aligned, and null is an empty cell', () => {
  expect(formatTable(columns, rows, Infinity)).toEqual([
    'zip_code   n  city',
    '00501      1  Holtsville',
    '02101     54',
  ]);
});

test('the heading shows the number of omitted columns', () => {
  expect(formatTable(columns, rows, 14)).toEqual(['zip_code   n  (+ 1 more column)', '00501      1', '02101     54']);
});

test.each([
  ['a\tb\nc', 'a b c'],
  ['x'.repeat(50), `${'x'.repeat(39)}…`],
])('on a terminal, a cell is one line with a maximum of 40 characters: %j', (cell, displayed) => {
  expect(formatTable([{ name: 'a' }], [[cell]], 80)[1]).toBe(displayed);
});

test('without a terminal, cells are not truncated, and a long cell does not widen its column', () => {
  expect(formatTable([{ name: 'a' }, { name: 'b' }], [['x'.repeat(360), '1'], ['y', '2']], Infinity))
    .toEqual([`a${' '.repeat(61)}b`, `${'x'.repeat(360)}  1`, `y${' '.repeat(61)}2`]);
});

test('a column that can shrink is truncated before other columns are omitted', () => {
  const shrinking = [{ name: 'zip_code' }, { name: 'city', canShrink: true }, { name: 'state' }];
  expect(formatTable(shrinking, [['00501', 'Holtsville', 'NY']], 23)).toEqual([
    'zip_code  city    state',
    '00501     Holts…  NY',
  ]);
});

test('a column that can shrink gets the remaining width of the line', () => {
  const shrinking = [{ name: 'dataset' }, { name: 'error', canShrink: true }];
  expect(formatTable(shrinking, [['zipcodes', 'x'.repeat(80)]], 70)[1]).toBe(`zipcodes  ${'x'.repeat(59)}…`);
});

test('the widest of the columns that can shrink is truncated first, up to its minimum width', () => {
  const shrinking = [{ name: 'a', canShrink: true }, { name: 'b', canShrink: true, minWidth: 8 }, { name: 'c' }];
  const row = ['x'.repeat(30), 'y'.repeat(12), 'z'.repeat(10)];
  expect(formatTable(shrinking, [row], 40)[1]).toBe(`${'x'.repeat(13)}…  ${row[1]}  ${row[2]}`);
  expect(formatTable(shrinking, [row], 23)[1]).toBe(`…  ${'y'.repeat(7)}…  ${'z'.repeat(10)}`);
});

test('the number of omitted columns does not make the heading longer than the line', () => {
  const named = ['a_long_name_of_a_column', 'another_long_name', 'third'].map(name => ({ name }));
  expect(formatTable(named, [['1', '2', '3']], 44)).toEqual([
    'a_long_name_of_a_column …  (+ 1 more column)',
    `1${' '.repeat(24)}2`,
  ]);
});

test.each([80, 44, 20])('columns with wide characters fit into %d columns', width => {
  const named = ['名前', '標高', 'd'].map(name => ({ name, canShrink: true }));
  const cells = [['観測所'.repeat(9), '東京'.repeat(12), 'x'.repeat(30)]];
  formatTable(named, cells, width).forEach(line => expect(displayWidth(line)).toBeLessThanOrEqual(width));
});

test('a table can have 500,000 rows', () => {
  const line = ['00501', '1', 'Holtsville'];
  expect(formatTable(columns, Array.from({ length: 500_000 }, () => line), Infinity).length).toBe(500_001);
});
