import { Aws } from 'aws-cdk-lib';
import { limitDescription } from '../../../src/private/resources/description';

test.each([
  ['a description within the limit', 'Zürich', 'Zürich'],
  ['control characters', 'a\u0007b\u0000c\r\n\td', 'a b c\r\n\td'],
  ['a description with more bytes than characters', 'ü'.repeat(10), 'üüüü…'],
  ['characters of four bytes', '😀'.repeat(4), '😀😀…'],
  ['spaces at the cut', 'abcdefgh   ijkl', 'abcdefgh…'],
  ['a token', Aws.REGION, Aws.REGION],
])('%s', (_what, description, expected) => {
  expect(limitDescription(description, 12)).toBe(expected);
});
