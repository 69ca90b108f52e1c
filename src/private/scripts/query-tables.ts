import { STRING_LITERAL } from './string-literal';

/** A table that a query reads, in lower case and without backticks, because Spark ignores the case of names. */
export interface TableReference {
  /** Undefined for a name without a database. */
  readonly database?: string;
  readonly table: string;
  /** The position of the name in the query, from 1. */
  readonly line: number;
  readonly column: number;
}

interface QueryToken {
  /** The text in lower case. A quoted name has no backticks. */
  readonly text: string;
  readonly kind: 'name' | 'quoted' | 'literal' | 'symbol';
  readonly at: number;
}

interface FoundTable extends Pick<TableReference, 'database' | 'table'> {
  /** The offset in the query. */
  readonly at: number;
}

const COMMENT_BRACKET = /\/\*|\*\//g;
const TOKEN = new RegExp([
  /(?<comment>--[^\n]*)/, /(?<open>\/\*)/, new RegExp(`(?<literal>${STRING_LITERAL.source})`),
  /`(?<quoted>(?:[^`]|``)*)`/, /(?<name>[\p{L}\p{N}_]+)/u, /(?<symbol>\S)/,
].map(part => part.source).join('|'), 'gu');

/** The words and symbols that can follow the opening parenthesis of a subquery. */
const QUERY_STARTS = ['select', 'with', 'from', 'values', 'table', '('];

/** Words that can follow FROM or JOIN, but are not tables. */
const NO_TABLES = ['lateral', 'values', 'table', 'select'];

/** The words that follow a table in FROM and are not an alias. */
const AFTER_TABLE = new Set([
  'anti', 'cluster', 'cross', 'distribute', 'except', 'full', 'group', 'having', 'inner', 'intersect', 'join',
  'lateral', 'left', 'limit', 'minus', 'natural', 'offset', 'on', 'order', 'pivot', 'right', 'select', 'semi', 'sort',
  'tablesample', 'union', 'unpivot', 'using', 'where', 'window',
]);

/**
 * The tables that a Spark SQL query certainly reads: the names after FROM and JOIN, without those that the query itself
 * defines, such as common table expressions and views.
 *
 * This is not a parser. It leaves out what is not certain, such as FROM in `extract(year FROM day)`.
 */
export function tablesReadBy(query: string): TableReference[] {
  const tokens = tokensOf(query);
  const defined = namesDefinedIn(tokens);
  const found: FoundTable[] = [];
  /** Whether SELECT precedes the token: in the statement, and within each open parenthesis. */
  const selects = [false];
  for (const [index, { text, kind }] of tokens.entries()) {
    const isWord = kind === 'name' && !isField(tokens, index);
    if (kind === 'symbol' && text === '(') {
      selects.push(false);
    } else if (kind === 'symbol' && text === ')' && selects.length > 1) {
      selects.pop();
    } else if (kind === 'symbol' && text === ';') {
      selects.splice(0, selects.length, false);
    } else if (isWord && text === 'select') {
      selects[selects.length - 1] = true;
    } else if (isWord && (text === 'join' || (text === 'from' && isClause(tokens, index, selects)))) {
      found.push(...tablesAt(tokens, index + 1, text === 'from'));
    }
  }
  return found
    .filter(({ database, table }) => database !== undefined || !defined.has(table))
    .map(({ at, ...reference }) => ({ ...reference, ...positionOf(query, at) }));
}

function tokensOf(query: string): QueryToken[] {
  const tokens: QueryToken[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(query); match !== null; match = TOKEN.exec(query)) {
    const { open, quoted, name, literal, symbol } = match.groups!;
    const at = match.index;
    if (open !== undefined) {
      TOKEN.lastIndex = afterComment(query, TOKEN.lastIndex);
    } else if (quoted !== undefined) {
      tokens.push({ kind: 'quoted', text: quoted.replace(/``/g, '`').toLowerCase(), at });
    } else if (name !== undefined) {
      tokens.push({ kind: 'name', text: name.toLowerCase(), at });
    } else if (literal !== undefined || symbol !== undefined) {
      tokens.push({ kind: literal === undefined ? 'symbol' : 'literal', text: literal ?? symbol, at });
    }
  }
  return tokens;
}

/** The end of a comment, which can contain nested comments. */
function afterComment(query: string, from: number): number {
  let depth = 1;
  COMMENT_BRACKET.lastIndex = from;
  for (let match = COMMENT_BRACKET.exec(query); match !== null; match = COMMENT_BRACKET.exec(query)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) {
      return COMMENT_BRACKET.lastIndex;
    }
  }
  return query.length;
}

/** The names of the views and common table expressions that the query defines, regardless of their scope. */
function namesDefinedIn(tokens: QueryToken[]): Set<string> {
  const names = new Set<string>();
  for (const [index, { text }] of tokens.entries()) {
    if (text === '(' && QUERY_STARTS.includes(tokens[index + 1]?.text)) {
      const hasAs = tokens[index - 1]?.text === 'as';
      const end = hasAs ? index - 2 : index - 1;
      const name = tokens[end]?.text === ')' ? beforeBrackets(tokens, end) : tokens[end];
      names.add(name?.text ?? '');
    }
    if (text === 'view') {
      const exists = tokens[index + 1]?.text === 'if' ? 3 : 0; // IF NOT EXISTS
      names.add(tokens[index + 1 + exists]?.text ?? '');
    }
  }
  return names;
}

function beforeBrackets(tokens: QueryToken[], end: number): QueryToken | undefined {
  for (let depth = 0, index = end; index >= 0; index--) {
    depth += tokens[index].text === ')' ? 1 : tokens[index].text === '(' ? -1 : 0;
    if (depth === 0) {
      return tokens[index - 1];
    }
  }
  return undefined;
}

function isClause(tokens: QueryToken[], index: number, selects: boolean[]): boolean {
  const before = tokens[index - 1];
  const isComparison = before?.text === 'distinct' && ['is', 'not'].includes(tokens[index - 2]?.text);
  return !isComparison && (selects[selects.length - 1] || before === undefined || before.text === ';');
}

function isField(tokens: QueryToken[], index: number): boolean {
  return tokens[index - 1]?.text === '.' && tokens[index - 1].kind === 'symbol';
}

/** The tables whose names start at a token. In a FROM clause, a comma separates several tables. */
function tablesAt(tokens: QueryToken[], start: number, isList: boolean): FoundTable[] {
  const found: FoundTable[] = [];
  for (let next = start; ;) {
    const parts: QueryToken[] = [];
    while (isName(tokens[next])) {
      parts.push(tokens[next]);
      next += 1;
      if (!isDot(tokens[next])) {
        break;
      }
      next += 1;
    }
    const follows = tokens[next]?.text;
    if (parts.length === 0 || isDot(tokens[next - 1]) || follows === '(' || follows === '$') {
      return found;
    }
    const [first, second] = parts.map(part => part.text);
    if (parts.length === 1 && (parts[0].kind === 'quoted' || !NO_TABLES.includes(first))) {
      found.push({ table: first, at: parts[0].at });
    } else if (parts.length === 2) {
      found.push({ database: first, table: second, at: parts[0].at });
    }
    if (tokens[next]?.text === 'as') {
      next += 1;
    }
    if (isName(tokens[next]) && (tokens[next].kind === 'quoted' || !AFTER_TABLE.has(tokens[next].text))) {
      next += 1;
    }
    if (!isList || tokens[next]?.text !== ',') {
      return found;
    }
    next += 1;
  }
}

function isName(token?: QueryToken): boolean {
  return token?.kind === 'name' || token?.kind === 'quoted';
}

function isDot(token?: QueryToken): boolean {
  return token?.kind === 'symbol' && token.text === '.';
}

function positionOf(query: string, at: number): { line: number; column: number } {
  const lines = query.slice(0, at).split('\n');
  return { line: lines.length, column: lines[lines.length - 1].length + 1 };
}
