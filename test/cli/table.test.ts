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

test('in a pipe, nothing is cut', () => {
  expect(formatTable([{ name: 'a' }], [['x'.repeat(50)]], Infinity)[1]).toBe('x'.repeat(50));
});
