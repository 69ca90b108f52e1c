import { Lazy } from 'aws-cdk-lib';

/**
 * The start of the values that `StringParameter.valueFromLookup` returns in the first synthesis. Afterwards, the CDK
 * CLI looks up the parameters and synthesizes again. Nothing is deployed in between.
 */
const DUMMY_VALUE = 'dummy-value-for-';
const DUMMY_VALUES = /dummy-value-for-\S*/g;

/** The tokens that replace dummy values. Equal values must get the same token, because values are compared. */
const tokens = new Map<string, string>();

/** Whether a string contains a value that the CDK CLI has not looked up yet. */
export function isPendingLookup(value: unknown): boolean {
  return typeof value === 'string' && value.includes(DUMMY_VALUE);
}

/** Replaces strings whose lookup is pending with tokens, so that checks accept them. */
export function withPendingLookups<Value>(value: Value): Value {
  if (typeof value === 'string') {
    return isPendingLookup(value) ? tokenOf(value) as Value : value;
  }
  if (Array.isArray(value)) {
    return value.map(withPendingLookups) as Value;
  }
  return isPlainObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withPendingLookups(each)])) as Value
    : value;
}

/**
 * Converts the dummy values in a string to kebab-case, so that they are valid in a name. The names of datasets cannot
 * be tokens, and the CDK validates the names of resources.
 */
export function pendingName(name: string): string {
  // A name of the wrong type is reported by the schema.
  return typeof name !== 'string' ? name : name.replace(DUMMY_VALUES, dummy =>
    dummy.replace(DUMMY_VALUE, 'pending-').toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 40).replace(/-$/, ''));
}

function tokenOf(text: string): string {
  const token = tokens.get(text) ?? Lazy.string({ produce: () => pendingName(text) });
  tokens.set(text, token);
  return token;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
