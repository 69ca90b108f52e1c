import { ParseError, printParseErrorCode } from '../dependencies/jsonc-parser';

/** The cause of a syntax error in JSON: its offset in the text, what was found, and what to do. */
export interface SyntaxCause {
  readonly offset: number;
  readonly found: string;
  readonly remedy: string;
}

const PYTHON_VALUES: ReadonlyMap<string, string> = new Map([['True', 'true'], ['False', 'false'], ['None', 'null']]);

/** The cause of the first syntax error, which is often before the position where the parser stops. */
export function syntaxCause(text: string, { error, offset }: ParseError): SyntaxCause {
  const code = printParseErrorCode(error);
  const before = text.slice(0, offset).trimEnd().length;
  const previous = text[before - 1];
  const next = text[offset];
  const word = /^[^\s,:[\]{}"]+/.exec(text.slice(offset))?.[0] ?? '';
  if (code === 'InvalidCommentToken' || /^(\/\/|\/\*|#)/.test(word)) {
    return { offset, found: 'invalid comment token', remedy: 'Remove the comment: JSON does not support comments.' };
  }
  if (previous === ',' && (next === '}' || next === ']')) {
    return { offset: before - 1, found: 'a comma after the last value', remedy: 'Remove this comma.' };
  }
  if (next === ',' && /[,[{:]/.test(previous ?? '')) {
    return previous === ':'
      ? { offset: before, found: 'a key without a value', remedy: 'Add the value at this position.' }
      : { offset, found: 'a comma without a value before it', remedy: 'Remove this comma.' };
  }
  if (/^['‘’‚“”„`]/.test(word)) {
    return { offset, found: `the quote ${word[0]}`, remedy: 'Use double quotes: ".' };
  }
  if (previous === '"' && before === offset && word !== '') {
    return { offset: before - 1, found: 'a quote within a string', remedy: 'Write \\" for this quote.' };
  }
  if (word !== '' && /^\s*:/.test(text.slice(offset + word.length))) {
    return { offset, found: `the key ${word} without quotes`, remedy: `Write "${word}".` };
  }
  switch (code) {
    case 'UnexpectedEndOfString':
      return { offset, found: 'a string without a closing quote', remedy: 'Add " at the end of the string.' };
    case 'InvalidCharacter':
    case 'InvalidEscapeCharacter':
    case 'InvalidUnicode':
      return { offset, found: errorText(code), remedy: 'Write \\\\ for a backslash and \\n for a line break.' };
    case 'CommaExpected':
      return { offset: before, found: errorText(code), remedy: 'Add a comma at this position.' };
    case 'ColonExpected':
      return { offset: before, found: errorText(code), remedy: 'Add a colon after the key, and check its quotes.' };
    case 'CloseBraceExpected':
      return { offset, found: errorText(code), remedy: 'Add } at this position.' };
    case 'CloseBracketExpected':
      return { offset, found: errorText(code), remedy: 'Add ] at this position.' };
    case 'PropertyNameExpected':
      return { offset, found: errorText(code), remedy: 'Write a key in double quotes.' };
    case 'InvalidSymbol':
    case 'ValueExpected': {
      const value = PYTHON_VALUES.get(word) ?? `"${word}"`;
      return word === ''
        ? { offset, found: errorText(code), remedy: 'Add the value at this position.' }
        : { offset, found: `the value ${word}`, remedy: `Write ${value}.` };
    }
    default:
      return { offset, found: errorText(code), remedy: 'Correct the syntax at this position.' };
  }
}

/** Splits an error code of jsonc-parser, such as CommaExpected, into words. */
function errorText(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
