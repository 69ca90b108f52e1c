import { didYouMean } from './suggestion';

/** Suggests the known key that was probably meant, and lists the known keys in the same case style as the key. */
export function unknownKeyRemedy(key: string, known: string[]): string {
  const names = /[A-Z]/.test(key) ? known.map(camelCase) : key.includes('_') ? known.map(snakeCase) : known;
  return `${didYouMean(key, names)}Known keys: ${names.join(', ')}.`;
}

/**
 * The unknown keys in a list of keys. An unknown key that is similar to a known key is probably a typo. Any other
 * unknown key may be deliberate.
 */
export function unknownKeys(
  keys: string[],
  known: string[],
): { readonly typos: { readonly key: string; readonly suggestion: string }[]; readonly others: string[] } {
  const unknown = keys.filter(key => !known.includes(key)).map(key => ({ key, suggestion: didYouMean(key, known) }));
  return {
    typos: unknown.filter(({ suggestion }) => suggestion !== ''),
    others: unknown.filter(({ suggestion }) => suggestion === '').map(({ key }) => key),
  };
}

export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}
