/**
 * The known word with the smallest edit distance, or undefined if no word is close.
 *
 * @param maxDistance the number of characters in which a close word may differ
 */
export function closestMatch(
  word: string, known: string[], maxDistance = Math.max(2, word.length / 3),
): string | undefined {
  const [closest] = [...known].sort((a, b) => distance(word, a) - distance(word, b));
  return closest !== undefined && distance(word, closest) <= maxDistance ? closest : undefined;
}

/** The question before a remedy: `Did you mean "dataset"? `. Empty if no known word is close. */
export function didYouMean(word: string, known: string[]): string {
  const closest = closestMatch(word, known);
  return closest === undefined ? '' : `Did you mean "${closest}"? `;
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
