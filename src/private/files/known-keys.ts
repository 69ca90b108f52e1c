import { FileProblem, JsonFile } from './json-file';
import { DocumentSchema } from '../document/document-schema';
import { didYouMean } from '../errors/suggestion';

/** A file's object with the keys that its schema knows, and what is to be said of the others. */
export interface KnownKeys {
  readonly document: { readonly [key: string]: unknown };
  readonly problems: FileProblem[];
  /** Of keys that nobody knows. They may be somebody's own notes. */
  readonly warnings: string[];
}

/** `$schema` is for editors. A key that is nearly a known one is a slip; another is somebody's own, and said. */
export function knownKeys(file: JsonFile, schema: DocumentSchema): KnownKeys {
  const problems: FileProblem[] = [];
  const warnings: string[] = [];
  const known = Object.entries(file.value).filter(([key]) => schema.keys.includes(key));
  for (const key of Object.keys(file.value).filter(each => !schema.keys.includes(each) && each !== '$schema')) {
    const question = didYouMean(key, schema.keys);
    if (question) {
      problems.push(file.locate({ code: 'UNKNOWN_KEY', key, found: 'is not a known key', remedy: question.trim() }));
    } else {
      warnings.push(`${file.placeOf(key)}: unknown key, ignored: "${key}".`);
    }
  }
  return { document: Object.fromEntries(known), problems, warnings };
}
