import { STRING_LITERAL } from './string-literal';
import { Layer } from '../../layer';
import { Problem } from '../errors/problem';
import { didYouMean } from '../errors/suggestion';
import { LAYERS } from '../layers';

/** The placeholders for database names in a query, each with its layer. */
const PLACEHOLDERS: ReadonlyMap<string, Layer> = new Map(LAYERS.map(layer => [`${layer}_database`, layer]));

/**
 * The parts of Spark SQL in which a placeholder is only text: string literals, quoted names and comments. The last
 * alternative matches a placeholder in the code.
 */
const PARTS = new RegExp([
  STRING_LITERAL, /`[^`]*`/, /--[^\n]*/, /\/\*[^]*?\*\//,
  /\$\{(?<name>\w+)\}/,
].map(part => part.source).join('|'), 'g');

/**
 * Replaces `${bronze_database}`, `${silver_database}` and `${gold_database}` in a query with the names of the
 * databases, so that lakes with different prefixes can use the same file.
 *
 * Other variables are not replaced, because they can be Spark variables.
 *
 * @param databaseOf the name of the database of a layer
 */
export function withDatabases(query: string, databaseOf: (layer: Layer) => string): string {
  return query.replace(PARTS, (part: string, name?: string) => {
    const layer = name === undefined ? undefined : PLACEHOLDERS.get(name);
    return layer === undefined ? part : databaseOf(layer);
  });
}

/** The misspelled placeholders of a query. */
export function* placeholderProblems(query: string): Generator<Problem> {
  const known = [...PLACEHOLDERS.keys()];
  for (const match of query.matchAll(PARTS)) {
    const name = match.groups?.name;
    const suggestion = name === undefined || PLACEHOLDERS.has(name) ? '' : suggestDatabase(name);
    if (suggestion !== '') {
      yield {
        code: 'PLACEHOLDER_INVALID',
        key: 'sql',
        found: `contains \${${name}}`,
        remedy: `${suggestion}The databases of the lake are `
          + `${known.map(each => `\${${each}}`).join(', ')}.`,
      };
    }
  }
}

/** "Did you mean …?" for a misspelled placeholder such as `bronze_db` or `sliver`. Empty for other variables. */
function suggestDatabase(name: string): string {
  const layer = /^(.+?)_?(db|schema|dat\w*|)$/.exec(name.toLowerCase())![1];
  return didYouMean(layer, LAYERS) === '' ? '' : didYouMean(`${layer}_database`, [...PLACEHOLDERS.keys()]);
}
