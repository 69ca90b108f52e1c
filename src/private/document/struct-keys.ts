import { camelCase, snakeCase } from '../errors/unknown-key';

/** A camelCase name in snake_case. */
type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : '';

/** A struct of the public API with the keys of a document. */
export type SnakeKeys<Struct> = { [Key in keyof Struct as SnakeCase<Key & string>]: Struct[Key] };

/**
 * Converts the camelCase keys of a struct to snake_case, and leaves out undefined values. Keys in snake_case, which
 * Python passes in dicts, do not change.
 *
 * Unknown keys keep their spelling, and so does a key that is set in both spellings. No value is lost, and schema
 * validation reports the key as it was written. A value that is not an object is returned unchanged for schema
 * validation to report.
 *
 * @param known all keys in snake_case
 */
export function snakeKeys<Struct extends object>(struct: Struct, known: ReadonlySet<string>): SnakeKeys<Struct> {
  if (!isStruct(struct)) {
    return struct as SnakeKeys<Struct>;
  }
  const entries = Object.entries(plainCopy(struct)).filter(([, value]) => value !== undefined);
  const keys = entries.map(([key]) => key);
  return Object.fromEntries(entries.map(([key, value]) => {
    const snake = snakeCase(key);
    return [known.has(snake) && !keys.includes(snake) ? snake : key, value];
  })) as SnakeKeys<Struct>;
}

/**
 * Converts the snake_case keys of a struct, which Python passes in dicts, to camelCase. Keeps unknown keys, and a key
 * that is set in both spellings.
 *
 * @param known all keys in camelCase
 */
export function camelKeys<Struct extends object>(struct: Struct, known: string[]): Struct {
  if (!isStruct(struct)) {
    return struct;
  }
  const entries = Object.entries(plainCopy(struct));
  const keys = entries.map(([key]) => key);
  return Object.fromEntries(entries.map(([key, value]) => {
    const camel = camelCase(key);
    return [known.includes(camel) && !keys.includes(camel) ? camel : key, value];
  })) as Struct;
}

export function isStruct(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy of a struct that can be spread and destructured: the getters of its class become properties. */
export function plainCopy<Struct extends object>(struct: Struct): Struct {
  const keys = new Set(Object.keys(struct));
  let type = Object.getPrototypeOf(struct);
  for (; type !== null && type !== Object.prototype; type = Object.getPrototypeOf(type)) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(type))) {
      if (get !== undefined) {
        keys.add(name);
      }
    }
  }
  return Object.fromEntries([...keys].map(key => [key, struct[key as keyof Struct]])) as Struct;
}
