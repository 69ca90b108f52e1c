/** A part of an event pattern: what is said of the fields of an object. */
interface Pattern {
  readonly [field: string]: Pattern | Pattern[] | (string | Matcher)[];
}

type Matcher = { readonly prefix: string } | { readonly suffix: string };

/**
 * Whether EventBridge would take an event, as far as our patterns go: values, prefix, suffix and `$or`; anything else
 * is an error.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export function takes(pattern: Pattern, event: unknown): boolean {
  return Object.entries(pattern).every(([field, expected]) => {
    if (field === '$or') {
      return (expected as Pattern[]).some(alternative => takes(alternative, event));
    }
    const value = (event as { [field: string]: unknown } | undefined)?.[field];
    return Array.isArray(expected)
      ? (expected as (string | Matcher)[]).some(each => takesValue(each, value))
      : takes(expected, value);
  });
}

function takesValue(expected: string | Matcher, value: unknown): boolean {
  if (typeof expected === 'string') {
    return value === expected;
  }
  const operators = Object.keys(expected).join();
  if (operators !== 'prefix' && operators !== 'suffix') {
    throw new Error(`no operator known here: ${operators}`);
  }
  return (
    typeof value === 'string'
    && ('prefix' in expected ? value.startsWith(expected.prefix) : value.endsWith(expected.suffix))
  );
}
