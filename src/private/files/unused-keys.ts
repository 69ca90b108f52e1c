import { JSONPath } from '../dependencies/jsonc-parser';
import { distance } from '../errors/suggestion';
import { camelCase } from '../errors/unknown-key';

/** A key of a file that is not deployed. */
export type UnusedKey = { readonly path: JSONPath } & (
  /** A note that the user wrote. */
  | { readonly severity: 'none' }
  | { readonly severity: 'warning' | 'error'; readonly found: string; readonly remedy: string }
);

/** Keys for notes, which have no effect. */
const NOTES = ['description', 'comment', 'notes'];

/** Whether a key is the name of a note, in any object. */
export function isNote(key: string): boolean {
  return NOTES.includes(key) || isHidden(key);
}

/** Whether a key starts like the key of a note. */
export function isHidden(key: string): boolean {
  return key.startsWith('_') || key.startsWith('//');
}

/** Keys that are common in other tools, and what to use instead in a file of this library. */
const REPLACEMENTS: { readonly [key: string]: string } = {
  layer: 'The layer follows from source_datasets: a dataset without it is bronze.',
  tables: 'The tables are declared in file_table_mapping, api_endpoints or outputs. Without them, the table has the '
    + 'name of the dataset.',
  output_table: 'The table has the name of the dataset. For several tables, use outputs (silver, gold), '
    + 'file_table_mapping or api_endpoints.',
  dependencies: 'Use source_datasets, for example "source_datasets": ["bronze/fda-nsde"].',
  rrf_columns: 'Use file_format.column_names, with "delimiter": "|": RRF files have no header. For a ZIP file with '
    + 'several of them, list the names by table: "column_names": {"rxnconso": ["rxcui", …]}.',
  source_url_pattern: 'Use source_url, with the run date in braces: "https://example.org/prices-{yyyy-MM}.zip".',
  api_base_url: 'Write the complete URL of each endpoint in api_endpoints.',
  temporal_config: 'Use history in a silver or gold dataset: it keeps a row per version, with valid_from and '
    + 'valid_to.',
  python_version: 'The Glue version determines the version of Python: use glue_version, or glue_defaults.version for '
    + 'all datasets.',
  logging_arguments: 'Jobs always write their logs to CloudWatch. For other arguments, use '
    + 'glue_defaults.default_arguments.',
};

/** The advice for a key that other tools use. Undefined for all other keys. */
export function replacementOf(key: string): string | undefined {
  return Object.hasOwn(REPLACEMENTS, key) ? REPLACEMENTS[key] : undefined;
}

/** The known key with the fewest differences. Undefined if there are no known keys. */
export function closestKey(key: string, known: readonly string[]): string | undefined {
  const differences = (other: string) => distance(normalized(key), normalized(other));
  return [...known].sort((a, b) => differences(a) - differences(b))[0];
}

/**
 * The known key that was probably meant: each of its words differs in at most a third of the letters, or only in their
 * order.
 *
 * The words that both keys have do not count: `lookback_hours` is not `lookback_days`.
 */
export function misspelledKey(key: string, known: readonly string[]): string | undefined {
  const closest = closestKey(key, known);
  if (closest === undefined) {
    return undefined;
  }
  const [own, other] = [wordsOf(key), wordsOf(closest)];
  const isMisspelled = own.length === other.length
    ? own.every((word, index) => isMisspelledWord(word, other[index]))
    : isMisspelledWord(normalized(key), normalized(closest), 1);
  return isMisspelled ? closest : undefined;
}

function isMisspelledWord(
  word: string, other: string, limit = Math.max(1, Math.floor(word.length / 3)),
): boolean {
  return distance(word, other) <= limit || sortedLetters(word) === sortedLetters(other);
}

function wordsOf(key: string): string[] {
  return key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase().split(/[-_]/);
}

/** A form of a key that does not depend on whether the key is in snake_case, camelCase or kebab-case. */
function normalized(key: string): string {
  return camelCase(key.replace(/-/g, '_')).toLowerCase();
}

function sortedLetters(word: string): string {
  return [...word].sort().join('');
}
