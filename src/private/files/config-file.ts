import { Edit, jsonPointer, pathInFile } from './edit';
import { FileProblem } from './file-problem';
import { ChangedLine, JsonFile } from './json-file';
import { normalize } from './normalize';
import { UnusedKey } from './unused-keys';
import { JSONPath } from '../dependencies/jsonc-parser';
import { DocumentSchema } from '../document/document-schema';
import { Problem } from '../errors/problem';

/** A configuration file: the document in the form that the schema expects, and the file's differences from it. */
export class ConfigFile {
  /** @param file the path of the file, relative to the folder where cdk runs */
  static read(file: string, schema: DocumentSchema): ConfigFile {
    const json = new JsonFile(file);
    const normalized = json.value === undefined ? { edits: [], unusedKeys: [] } : normalize(json.value, schema);
    return new ConfigFile(json, normalized);
  }

  /** The path of the file, relative to the folder where cdk runs. */
  readonly file: string;
  /** The document with all edits and without unused keys. Undefined if the file cannot be read. */
  readonly document?: { readonly [key: string]: unknown };
  readonly edits: readonly Edit[];
  private readonly unusedKeys: readonly UnusedKey[];

  private constructor(private readonly json: JsonFile, normalized: {
    readonly document?: { readonly [key: string]: unknown };
    readonly edits: readonly Edit[];
    readonly unusedKeys: readonly UnusedKey[];
  }) {
    this.file = json.file;
    this.document = normalized.document;
    this.edits = normalized.edits;
    this.unusedKeys = normalized.unusedKeys;
  }

  /** The same file with a changed value at a key of the document, and the edits that describe the change. */
  withValue(key: string, value: unknown, edits: Edit[]): ConfigFile {
    return new ConfigFile(this.json, {
      document: { ...this.document, [key]: value },
      // An edit of the same value includes the change of the earlier one.
      edits: [...this.edits.filter(each => !edits.some(edit => isOfSameValue(edit, each))), ...edits],
      unusedKeys: this.unusedKeys,
    });
  }

  /** The text of the file with all edits. Notes, unused keys and whitespace do not change. */
  get editedText(): string {
    return this.json.textWith(this.edits);
  }

  /** The lines that the edits change. */
  get changedLines(): ChangedLine[] {
    return this.json.changedLines(this.edits.map(edit => isMisspelling(edit)
      ? { ...edit, reason: `${JSON.stringify(edit.oldValue)} is not a known key.` }
      : edit));
  }

  /** The problems that the edits correct: misspelled keys. */
  get correctedProblems(): FileProblem[] {
    return this.edits.filter(isMisspelling).map(({ path, reason }) =>
      this.json.at(path, {
        code: 'UNKNOWN_KEY', key: jsonPointer(path), found: 'is not a known key', remedy: reason,
      }));
  }

  /** The problems of the file itself: syntax errors and misspelled keys. */
  get problems(): FileProblem[] {
    return [
      ...this.json.problems,
      ...this.correctedProblems,
      ...this.unusedKeys.flatMap(key => key.severity === 'error'
        ? [this.json.at(key.path, {
          code: 'UNKNOWN_KEY', key: jsonPointer(key.path), found: key.found, remedy: key.remedy,
        })]
        : []),
    ];
  }

  /** Warnings about keys that have no effect. */
  get unusedKeyWarnings(): string[] {
    return this.unusedKeys.flatMap(key => key.severity === 'warning'
      ? [`${this.json.locationOf(key.path)}: ${jsonPointer(key.path)} ${key.found}. ${key.remedy}`]
      : []);
  }

  /** What the user should know about the file, even if it is valid. */
  get warnings(): string[] {
    return [
      ...this.edits.filter(({ severity }) => severity === 'warning').map(({ path, newValue, reason }) =>
        `${this.json.locationOf(path)}: ${jsonPointer(path)} is read as ${JSON.stringify(newValue)}. ${reason}`),
      ...this.unusedKeyWarnings,
    ];
  }

  /** A problem of the document with its location in the file. */
  locate(problem: Problem): FileProblem {
    return this.json.at(this.pathOf(problem.key), problem);
  }

  /** The path in the file of a key of the document. */
  pathOf(key: string): JSONPath {
    return pathInFile(pathOfKey(this.document, key), this.edits);
  }
}

function isMisspelling({ severity, target }: Edit): boolean {
  return severity === 'error' && target === 'key';
}

function isOfSameValue(edit: Edit, other: Edit): boolean {
  return edit.target === other.target && jsonPointer(edit.path) === jsonPointer(other.path);
}

/**
 * The path of a key such as column_schema.products.Unit Price.type, up to the last part that exists. Names can contain
 * dots: the longest matching name applies.
 */
function pathOfKey(value: unknown, key: string): JSONPath {
  if (typeof value !== 'object' || value === null || key === '') {
    return [];
  }
  const rest = key.replace(/^\./, '');
  const index = Array.isArray(value) ? /^\[(\d+)\]/.exec(rest) : null;
  const name = index
    ? index[0]
    : Object.keys(value)
      .filter(each => rest === each || rest.startsWith(`${each}.`) || rest.startsWith(`${each}[`))
      .sort((a, b) => b.length - a.length)[0];
  if (name === undefined) {
    return [];
  }
  const step = index ? Number(index[1]) : name;
  return [step, ...pathOfKey((value as { [key: string]: unknown })[step], rest.slice(name.length))];
}
