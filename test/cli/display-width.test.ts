import { displayWidth, oneLine, pad, truncate } from '../../src/cli/display-width';
import { formatTable } from '../../src/cli/table';

test.each([
  ['Zürich', 6],
  ['u\u0308', 1],
  ['東京', 4],
  ['ｶﾞ', 2],
  ['ＡＢ', 4],
  ['한국', 4],
  ['\u1112\u1161\u11ab', 2],
  ['🎉', 2],
  ['🪿', 2],
  ['👩‍👩‍👧‍👦', 2],
  ['🇨🇭', 2],
  ['❤️', 2],
  ['1️⃣', 2],
  ['👍🏽', 2],
  ['𠮷', 2],
  ['שָׁלוֹם', 4],
  ['हिन्दी', 5],
  ['a\u200bb', 2],
  ['—…', 2],
  ['₿©', 2],
])('%s has the width %d', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test('a truncated text does not split a wide character or an emoji', () => {
  expect(truncate('東京都', 4)).toBe('東…');
  expect(truncate('東京都', 5)).toBe('東京…');
  expect(truncate('a👩‍👩‍👧‍👦b', 3)).toBe('a…');
});

test('pad aligns texts of different widths', () => {
  expect([pad('東京', 6), pad('Zug', 6), pad('7', 3, true)]).toEqual(['東京  ', 'Zug   ', '  7']);
});

test('columns are aligned in terminal columns', () => {
  const rows = [['東京', '1'], ['Zürich', '22'], ['👍🏽', '3']];
  const lines = formatTable([{ name: 'city' }, { name: 'n', right: true }], rows, 80);
  expect(lines).toEqual(['city     n', '東京     1', 'Zürich  22', '👍🏽       3']);
  expect(new Set(lines.map(displayWidth))).toEqual(new Set([10]));
});

test('a value cannot control the terminal', () => {
  expect(oneLine('a\x1b[2J\tb\r\nc\u2028d\x07\x9b')).toBe('a␛[2J b  c d␇␡');
  expect(oneLine('a\u202egpj.exe\u202c \u2066b\u2069 \u05d0\u200f')).toBe('a�gpj.exe� �b� \u05d0\u200f');
});
