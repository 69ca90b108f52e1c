import { FileProblem, JsonFile } from './json-file';
import { DocumentSchema } from '../document/document-schema';
import { unknownKeys } from '../errors/unknown-key';

/** The known keys of a file, and the problems and warnings of the unknown keys. */
export interface KnownKeys {
  readonly document: { readonly [key: string]: unknown };
  readonly problems: FileProblem[];
  /** Warnings about unknown keys, which may be notes of the user. */
  readonly warnings: string[];
}

/**
 * Separates known and unknown keys. A key that is similar to a known key is an error, because it is probably a typo.
 * Other unknown keys are warnings. Ignores `$schema`, which editors use.
 */
export function knownKeys(file: JsonFile, schema: DocumentSchema): KnownKeys {
  const known = Object.entries(file.value).filter(([key]) => schema.keys.includes(key));
  const { typos, others } = unknownKeys(Object.keys(file.value).filter(key => key !== '$schema'), schema.keys);
  return {
    document: Object.fromEntries(known),
    problems: typos.map(({ key, suggestion }) =>
      file.locate({ code: 'UNKNOWN_KEY', key, found: 'is not a known key', remedy: suggestion.trim() })),
    warnings: others.map(key => `${file.locationOf(key)}: unknown key, ignored: "${key}".`),
  };
}
