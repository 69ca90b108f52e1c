import * as fs from 'fs';
import * as path from 'path';

/** The list of error codes, which the package contains. */
const LIST = path.join(__dirname, '..', '..', 'docs', 'reference', 'error-codes.md');
/** A row of its tables: code, which can be a link, meaning, fix. */
const ROW = /^\| \[?`([A-Z_]+)`(?:\]\([^)]*\))? \| (.*) \| (.*) \|$/gm;

let fixes: Map<string, string> | undefined;

/** What to do about an error, as text with code in backquotes. Undefined for a code that the list does not contain. */
export function fixOf(code: string): string | undefined {
  fixes ??= readFixes();
  return fixes.get(code);
}

function readFixes(): Map<string, string> {
  const text = fs.existsSync(LIST) ? fs.readFileSync(LIST, 'utf8') : '';
  return new Map([...text.matchAll(ROW)].map(([, code, , fix]) => [code, withoutLinks(fix)]));
}

/** The text of Markdown links. */
function withoutLinks(markdown: string): string {
  return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
}
