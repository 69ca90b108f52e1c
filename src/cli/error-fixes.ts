import * as fs from 'fs';
import * as path from 'path';

/** The list of error codes, which the package contains. */
const LIST = path.join(__dirname, '..', '..', 'docs', 'reference', 'error-codes.md');
/** A row of the tables of error codes: the code, which can be a link, the meaning and the fix. */
const ROW = /^\| \[?`([A-Z_]+)`(?:\]\([^)]*\))? \| (.*) \| (.*) \|$/gm;

let fixes: Map<string, string> | undefined;

/** The fix for an error, as text with code in backticks. Undefined for a code that is not in the tables. */
export function fixOf(code: string): string | undefined {
  fixes ??= readFixes();
  return fixes.get(code);
}

function readFixes(): Map<string, string> {
  const text = fs.existsSync(LIST) ? fs.readFileSync(LIST, 'utf8') : '';
  return new Map([...text.matchAll(ROW)].map(([, code, , fix]) => [code, withoutLinks(fix)]));
}

/** Replaces Markdown links with their text. */
function withoutLinks(markdown: string): string {
  return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
}
