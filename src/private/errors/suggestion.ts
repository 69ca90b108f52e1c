import { existsSync, readdirSync } from 'fs';
import * as path from 'path';

/**
 * The question that begins a remedy: `Did you mean "dataset"? `. Empty if no known name is similar.
 *
 * @param word the unknown name
 * @param known the known names
 * @param isQualified whether the known names start with a database or a layer, which `word` may omit
 */
export function didYouMean(word: string, known: readonly string[], isQualified = false): string {
  const similar = similarNames(word, known, isQualified);
  return similar.length === 0 ? '' : `Did you mean ${similar.map(name => `"${name}"`).join(' or ')}? `;
}

/**
 * The question that begins the remedy for a file that does not exist. It names a file of the same folder.
 *
 * @param file the path as it was written
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
 * The known names that were probably meant. There are several only if `word` omits the database or layer and matches
 * all of them.
 *
 * They have the smallest edit distance, which ignores the case of letters, and whether words are separated by `_`, `-`
 * or a space.
 */
function similarNames(word: string, known: readonly string[], isQualified = false): string[] {
  const partOf = (name: string) => normalized(isQualified ? name.replace(/^.*[./]/, '') : name);
  const hasQualifier = partOf(word) !== normalized(word);
  const limit = Math.max(2, partOf(word).length / 3);
  // A number such as a version is not misspelled.
  const ranked = [...new Set(/\p{L}/u.test(word) ? known : [])]
    .map(name => {
      const edits = distance(partOf(word), partOf(name));
      const isSimilar = edits <= limit && edits < partOf(word).length;
      // Names that differ only in their qualifiers are compared as a whole.
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

/** The Levenshtein distance of two words. */
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
