import { Edit } from './edit';
import { closestKey, isHidden, isNote, misspelledKey, replacementOf, UnusedKey } from './unused-keys';
import { JSONPath } from '../dependencies/jsonc-parser';
import { DocumentSchema } from '../document/document-schema';
import { SchemaNode } from '../document/schema-node';
import { isStruct } from '../document/struct-keys';

type JsonObject = { readonly [key: string]: unknown };

/** A document with the keys and values that the schema expects, and how it differs from its file. */
export interface Normalized {
  /** The document without unused keys and with all edits. */
  readonly document: JsonObject;
  readonly edits: Edit[];
  readonly unusedKeys: UnusedKey[];
}

/** Keys that other tools use with the same values. */
const ALIASES: { readonly [key: string]: string } = { worker_configs: 'glue_worker_configs' };

/** The keys whose values can be objects keyed by table. The schema does not restrict these table names. */
const KEYS_BY_TABLE = [
  'column_schema', 'column_descriptions', 'business_keys', 'data_quality.required_columns',
  'data_quality.expected_record_count_min', 'file_format.column_names',
];

/**
 * Corrects deviations from the schema whose meaning is clear: misspelled keys, a string instead of a list of strings,
 * and hyphens in the names of tables.
 */
export function normalize(document: JsonObject, schema: DocumentSchema): Normalized {
  const edits: Edit[] = [];
  const unusedKeys: UnusedKey[] = [];
  const normalizer = new Normalizer(edits, unusedKeys);
  return { document: normalizer.value(document, schema.node(document), []) as JsonObject, edits, unusedKeys };
}

class Normalizer {
  constructor(private readonly edits: Edit[], private readonly unusedKeys: UnusedKey[]) {}

  /**
   * @param path the path of the value in the file
   * @param names the names of the keys that lead to the value in the document
   * @param siblings the values of the same list or map
   */
  value(
    value: unknown, node: SchemaNode, path: JSONPath, names: string[] = [], siblings: readonly unknown[] = [],
  ): unknown {
    if (typeof value === 'string') {
      return this.text(value, node, path, siblings);
    }
    if (Array.isArray(value)) {
      return value.map((item, index) => this.value(item, node.child(index, item), [...path, index], names, value));
    }
    if (!isStruct(value)) {
      return value;
    }
    const known = node.keys;
    if (known !== undefined) {
      return this.object(value as JsonObject, node, known, path, names);
    }
    return node.isMap ? this.map(value as JsonObject, node, path, names) : value;
  }

  private text(text: string, node: SchemaNode, path: JSONPath, siblings: readonly unknown[]): unknown {
    if (node.isListOfTexts && text !== '') {
      const name = node.child(0, text).refersTo('table_key') ? tableName(text) : undefined;
      this.edits.push({
        path,
        target: 'value',
        oldValue: text,
        newValue: [name ?? text],
        ...name === undefined ? { reason: 'The key expects a list.', severity: 'none' } : TABLE_NAME,
      });
      return [name ?? text];
    }
    return node.refersTo('table_key') ? this.tableName(text, path, siblings) : text;
  }

  /** Normalizes an object with known keys. */
  private object(
    value: JsonObject, node: SchemaNode, known: string[], path: JSONPath, names: string[],
  ): JsonObject {
    const entries: [string, unknown][] = [];
    for (const [key, child] of Object.entries(value)) {
      const name = known.includes(key) ? key : this.unknownKey(key, value, known, path);
      if (name !== undefined) {
        entries.push([name, this.value(child, node.child(name, child), [...path, key], [...names, name])]);
      }
    }
    return Object.fromEntries(entries);
  }

  /** The known key that an unknown key stands for. Undefined if the unknown key has no effect. */
  private unknownKey(key: string, siblings: JsonObject, known: string[], path: JSONPath): string | undefined {
    const where = [...path, key];
    if (isNote(key) || (path.length === 0 && key === '$schema')) {
      this.unusedKeys.push({ path: where, severity: 'none' });
      return undefined;
    }
    const alias = known.find(each => each === ALIASES[key]);
    const meant = alias ?? misspelledKey(key, known);
    if (meant === undefined) {
      const remedy = replacementOf(key) ?? `The closest known key is "${closestKey(key, known)}".`;
      this.unusedKeys.push({ path: where, severity: 'warning', found: 'is an unknown key and is ignored', remedy });
      return undefined;
    }
    if (meant in siblings || this.edits.some(edit => isRenamed(edit, path, meant))) {
      const remedy = `Remove it: "${meant}" is also set.`;
      this.unusedKeys.push({ path: where, severity: 'error', found: 'is not a known key', remedy });
      return undefined;
    }
    this.edits.push({
      path: where,
      target: 'key',
      oldValue: key,
      newValue: meant,
      ...alias === undefined
        ? { reason: `Did you mean "${meant}"?`, severity: 'error' }
        : { reason: `The name of the key is "${meant}".`, severity: 'warning' },
    });
    return meant;
  }

  /** Normalizes an object whose keys are names that the user chose. */
  private map(value: JsonObject, node: SchemaNode, path: JSONPath, names: string[]): JsonObject {
    const hasTables = node.hasNamesOf('table_key') || KEYS_BY_TABLE.includes(names.join('.'));
    const entries: [string, unknown][] = [];
    const values = Object.values(value);
    for (const [key, child] of Object.entries(value)) {
      const where = [...path, key];
      const item = node.child(key, child);
      if (typeof child === 'string' && isNoteInMap(key, item, hasTables)) {
        this.unusedKeys.push({ path: where, severity: 'none' });
        continue;
      }
      const name = hasTables ? tableName(key) : undefined;
      const isFree = name !== undefined && !(name in value) && !entries.some(([other]) => other === name);
      if (isFree) {
        this.edits.push({ path: where, target: 'key', oldValue: key, newValue: name, ...TABLE_NAME });
      }
      entries.push([isFree ? name : key, this.value(child, item, where, [...names, key], values)]);
    }
    return Object.fromEntries(entries);
  }

  private tableName(text: string, path: JSONPath, siblings: readonly unknown[]): string {
    const name = tableName(text);
    // Two tables must not become one.
    if (name === undefined || siblings.includes(name)) {
      return text;
    }
    this.edits.push({ path, target: 'value', oldValue: text, newValue: name, ...TABLE_NAME });
    return name;
  }
}

const TABLE_NAME = { reason: 'The names of tables have underscores instead of hyphens.', severity: 'warning' } as const;

/**
 * The snake_case form of a table name that is written with hyphens. Undefined if the name has no hyphens or is
 * otherwise invalid.
 */
function tableName(text: string): string | undefined {
  return /^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/.test(text) && text.includes('-') ? text.replace(/-/g, '_') : undefined;
}

/**
 * Whether an entry of a map, whose value is a string, is a note without effect. Its key looks like the key of a note,
 * and the map cannot contain such an entry as data: names of tables never start with `_` or `//`, or the schema does
 * not accept a string as the value.
 */
function isNoteInMap(key: string, item: SchemaNode, hasTables: boolean): boolean {
  return isHidden(key) ? hasTables || !item.allowsText : isNote(key) && !item.allowsText && !item.isListOfTexts;
}

function isRenamed(edit: Edit, parent: JSONPath, name: string): boolean {
  return edit.target === 'key' && edit.newValue === name && edit.path.length === parent.length + 1
    && parent.every((step, index) => edit.path[index] === step);
}
