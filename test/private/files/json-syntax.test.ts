import { ParseError, parseTree } from '../../../src/private/dependencies/jsonc-parser';
import { syntaxCause } from '../../../src/private/files/json-syntax';

/** Returns the text with ^ at the first error, what was found, and the remedy. */
function causeIn(text: string): string[] {
  const errors: ParseError[] = [];
  parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const { offset, found, remedy } = syntaxCause(text, errors[0]);
  return [`${text.slice(0, offset)}^${text.slice(offset)}`, found, remedy];
}

test.each([
  ['{"a": 1^,\n}', 'a comma after the last value', 'Remove this comma.'],
  ['{"a": [1, 2^, ]}', 'a comma after the last value', 'Remove this comma.'],
  ['{"a": 1,^, "b": 2}', 'a comma without a value before it', 'Remove this comma.'],
  ['{"a": [^, 1]}', 'a comma without a value before it', 'Remove this comma.'],
  ['{\n  "a": 1^\n  "b": 2\n}', 'comma expected', 'Add a comma at this position.'],
  ['{"a": "x"^ "b": 2}', 'comma expected', 'Add a comma at this position.'],
  ['{"a": [1^ 2]}', 'comma expected', 'Add a comma at this position.'],
  ['{"a": {"b": 1}^\n"c": 2}', 'comma expected', 'Add a comma at this position.'],
  ['{"a": "x^"y"}', 'a quote within a string', 'Write \\" for this quote.'],
  ['{"a": ^"x,\n"b": 2}', 'a string without a closing quote', 'Add " at the end of the string.'],
  ['{"a"^ 1}', 'colon expected', 'Add a colon after the key, and check its quotes.'],
  ['{^// mine\n"a": 1}', 'invalid comment token', 'Remove the comment: JSON does not support comments.'],
  ['{"a": 1 ^/* mine */}', 'invalid comment token', 'Remove the comment: JSON does not support comments.'],
  ['{^# mine\n"a": 1}', 'invalid comment token', 'Remove the comment: JSON does not support comments.'],
  ["{^'a': 1}", "the quote '", 'Use double quotes: ".'],
  ["{\"a\": ^'x'}", "the quote '", 'Use double quotes: ".'],
  ['{^“a”: 1}', 'the quote “', 'Use double quotes: ".'],
  ['{^a: 1}', 'the key a without quotes', 'Write "a".'],
  ['{"a": ^True}', 'the value True', 'Write true.'],
  ['{"a": ^None}', 'the value None', 'Write null.'],
  ['{"a": ^small}', 'the value small', 'Write "small".'],
  ['{"a":^}', 'value expected', 'Add the value at this position.'],
  ['{"a":^, "b": 1}', 'a key without a value', 'Add the value at this position.'],
  ['{"a": 1^', 'close brace expected', 'Add } at this position.'],
  ['{"a": [1^', 'close bracket expected', 'Add ] at this position.'],
])('the cause in %s is at ^', (marked, found, remedy) => {
  expect(causeIn(marked.replace('^', ''))).toEqual([marked, found, remedy]);
});
