/** A character that has no width of its own: a combining mark, a joiner or another format character. */
const ZERO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff]/u;
/** An emoji that terminals show as a picture, by default or because of a variation selector. Includes flags. */
const EMOJI = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|^[\d#*]\ufe0f?\u20e3|\p{Regional_Indicator}{2}/u;
/**
 * The characters with the East Asian Width W or F in Unicode Standard Annex #11, without emoji. Code points that are
 * reserved for future ideographs are included.
 */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u3247\u3250-\ua4c6\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2fb}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]/u;
const PRINTABLE_ASCII = /^[ -~]*$/;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
/** Characters that change the direction of the text after them, and can therefore disguise what it says. */
const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/;

let segmenter: Intl.Segmenter | undefined;

/** The grapheme clusters of a string. Readers see each cluster as a single character. */
function graphemes(text: string): Iterable<{ readonly segment: string }> {
  // Created only when needed, because it takes about 10 ms, and most strings are ASCII.
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** The number of terminal columns that a string without control characters occupies. */
export function displayWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) {
    return text.length;
  }
  let width = 0;
  for (const { segment } of graphemes(text)) {
    width += widthOf(segment);
  }
  return width;
}

function widthOf(grapheme: string): number {
  if (EMOJI.test(grapheme)) {
    return 2;
  }
  let width = 0;
  for (const character of grapheme) {
    width += ZERO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** Truncates a string to a maximum width. The last character of a truncated string is `…`. */
export function truncate(text: string, maxWidth: number): string {
  if (maxWidth === Infinity || displayWidth(text) <= maxWidth) {
    return text;
  }
  let truncated = '';
  let width = 0;
  for (const { segment } of graphemes(text)) {
    width += widthOf(segment);
    if (width > maxWidth - 1) {
      break;
    }
    truncated += segment;
  }
  return `${truncated}…`;
}

/** Wraps text into lines with a maximum width. Lines break at spaces. Only words that exceed the width are split. */
export function wrap(text: string, maxWidth: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap(each => split(each, maxWidth))) {
    const longer = line ? `${line} ${word}` : word;
    if (line && displayWidth(longer) > maxWidth) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** Splits a word into parts that do not exceed a maximum width. */
function split(word: string, maxWidth: number): string[] {
  if (displayWidth(word) <= maxWidth) {
    return [word];
  }
  const parts = [''];
  for (const { segment } of graphemes(word)) {
    const last = parts.length - 1;
    if (parts[last] && displayWidth(parts[last] + segment) > maxWidth) {
      parts.push(segment);
    } else {
      parts[last] += segment;
    }
  }
  return parts;
}

/** Pads a string to a width with spaces: at the end, or at the start if the string is right-aligned. */
export function pad(text: string, width: number, right = false): string {
  const spaces = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return right ? spaces + text : text + spaces;
}

/**
 * Converts text to one line, without characters that move the cursor or change the terminal. Line breaks and tabs are
 * replaced with spaces, other control characters with their symbols, such as ␛ for an escape, and characters that
 * change the text direction with �.
 */
export function oneLine(text: string): string {
  return text.replace(CONTROL, character => {
    const code = character.charCodeAt(0);
    if (DIRECTION.test(character)) {
      return '\ufffd';
    }
    return /[\t\n\r\u0085\u2028\u2029]/.test(character) ? ' ' : code < 0x20 ? String.fromCharCode(0x2400 + code) : '␡';
  });
}
