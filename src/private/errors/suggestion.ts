import { existsSync, readdirSync } from 'fs';
import * as path from 'path';

/**
 * The question at the beginning of a remedy, such as `Did you mean "dataset"? `. Empty if no known name is similar.
 *
 * @param word the unknown name
 * @param known the known names
 * @param isQualified whether the known names start with a database or a layer, which `word` can omit
 */
export function didYouMean(word: string, known: readonly string[], isQualified = false): string {
  const similar = similarNames(word, known, isQualified);
  return similar.length === 0 ? '' : `Did you mean ${similar.map(name => `"${name}"`).join(' or ')}? `;
}

/**
 * The question at the beginning of the remedy for a file that does not exist. The question suggests a file in the same
 * folder. Empty if the folder contains no file with a similar name.
 *
 * @param file the path as specified by the user
 * @param folder the folder that the path is relative to
 */
export function didYouMeanFile(file: string, folder = '.'): string {
  const name = path.basename(file);
  const parent = file.slice(0, file.length - name.length);
  const directory = path.resolve(folder, parent);
  const entries = existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
  const names = entries.filter(each => !each.isDirectory()).map(each => each.name);
  return didYouMean(name, names).replace('"', () => `"${parent}`);
}

/**
 * The known names that were probably meant, which are the names with the smallest edit distance. The result contains
 * several names only if `word` omits the database or layer, and matches all of these names.
 *
 * The edit distance ignores upper and lower case, and treats `_`, `-` and spaces as equal.
 */
function similarNames(word: string, known: readonly string[], isQualified = false): string[] {
  const partOf = (name: string) => normalized(isQualified ? name.replace(/^.*[./]/, '') : name);
  const hasQualifier = partOf(word) !== normalized(word);
  const limit = Math.max(2, partOf(word).length / 3);
  // A word without letters, such as a version number, is not a misspelled name.
  const ranked = [...new Set(/\p{L}/u.test(word) ? known : [])]
    .map(name => {
      const edits = distance(partOf(word), partOf(name));
      const isSimilar = edits <= limit && edits < partOf(word).length;
      // Names that differ only in their qualifiers are ranked by the distance of the whole names.
      const whole = hasQualifier || !isQualified ? distance(normalized(word), normalized(name)) : 0;
      return { name, edits, whole, isSimilar };
    })
    .filter(({ isSimilar }) => isSimilar)
    .sort((a, b) => a.edits - b.edits || a.whole - b.whole);
  return ranked
    .filter(({ edits, whole }) => edits === ranked[0].edits && whole === ranked[0].whole)
    .slice(0, isQualified && !hasQualifier ? undefined : 1)
    .map(({ name }) => name);
}

function normalized(name: string): string {
  return name.toLowerCase().replace(/[-\s]+/g, '_');
}

/** The Levenshtein distance between two words. */
export function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_unused, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const current = [i];
    for (let j = 1; j <= to.length; j++) {
      current[j] = Math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1));
    }
    previous = current;
  }
  return previous[to.length];
}
