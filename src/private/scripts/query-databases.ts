import { Layer } from '../../layer';
import { Problem } from '../errors/problem';
import { didYouMean } from '../errors/suggestion';

/** A placeholder in a query: the name of a database of the lake. */
const PLACEHOLDERS: { readonly [name: string]: Layer } = {
  bronze_database: Layer.BRONZE,
  gold_database: Layer.GOLD,
};

/**
 * The parts of Spark SQL in which a placeholder is text: string literals, quoted names and comments. Last, a
 * placeholder in the code.
 */
const PARTS = new RegExp([
  /\b[rR]'[^']*'/, /\b[rR]"[^"]*"/,
  /'(?:\\[^]|[^'\\])*'/, /"(?:\\[^]|[^"\\])*"/, /`[^`]*`/,
  /--[^\n]*/, /\/\*[^]*?\*\//,
  /\$\{(?<name>\w+)\}/,
].map(part => part.source).join('|'), 'g');

/**
 * A query with the names of databases in place of `${bronze_database}` and `${gold_database}`, so that lakes with
 * different prefixes can use the same file.
 *
 * Other variables stay, because they can be variables of Spark.
 *
 * @param databaseOf the name of the database of a layer
 */
export function withDatabases(query: string, databaseOf: (layer: Layer) => string): string {
  return query.replace(PARTS, (part: string, ...rest: unknown[]) => {
    const layer = PLACEHOLDERS[nameIn(rest) ?? ''];
    return layer === undefined ? part : databaseOf(layer);
  });
}

/** The misspelled placeholders of a query. */
export function* placeholderProblems(query: string): Generator<Problem> {
  for (const match of query.matchAll(PARTS)) {
    const name = match.groups?.name;
    const suggestion = name === undefined || name in PLACEHOLDERS
      ? ''
      : didYouMean(name, Object.keys(PLACEHOLDERS)) || didYouMean(`${name}_database`, Object.keys(PLACEHOLDERS));
    if (suggestion !== '') {
      yield {
        code: 'PLACEHOLDER_INVALID',
        key: 'sql',
        found: `contains \${${name}}`,
        remedy: `${suggestion}The databases of the lake are \${bronze_database} and \${gold_database}.`,
      };
    }
  }
}

/** The named group of a match, the last argument of a replacer. */
function nameIn(rest: unknown[]): string | undefined {
  return (rest[rest.length - 1] as { name?: string }).name;
}
