/** A value that is only known at deployment. */
export interface UnknownValue {
  /** The stack whose template has the value. */
  readonly stack: string;
  /** The NAME in `--value NAME=VALUE`: the name of a parameter, an export, a resource or an attribute. */
  readonly name: string;
  /** The description for errors, such as `the export landing-bucket of another stack`. */
  readonly description: string;
}

/**
 * The characters that enclose an unknown value in a resolved text. Names and URLs do not contain these private-use
 * characters.
 */
const START = '\uE000';
const END = '\uE001';
const MARKED = new RegExp(`${START}([^${END}]*)${END}`, 'g');

/** A placeholder for an unknown value. It can be part of a JSON text. */
export function markUnknown(value: UnknownValue): string {
  return `${START}${encodeURIComponent(JSON.stringify(value))}${END}`;
}

/** The unknown values in a resolved text. */
export function unknownValuesIn(text: string): UnknownValue[] {
  return [...text.matchAll(MARKED)].map(([, value]) => JSON.parse(decodeURIComponent(value)) as UnknownValue);
}

/** A text for output, with unknown values as `<name>`. */
export function showUnknown(text: string): string {
  return text.replace(MARKED, (_all, value: string) =>
    `<${(JSON.parse(decodeURIComponent(value)) as UnknownValue).name}>`);
}

/** An error message that says what depends on an unknown value, and how to set the value for a local run. */
export function unknownMessage(what: string, { name, description }: UnknownValue): string {
  const option = /^[\w./:@-]+$/.test(name) ? `${name}=VALUE` : `'${name}=VALUE'`;
  return `${what} depends on ${description}, which is only known at deployment. For a local run, add --value `
    + `${option}.`;
}
