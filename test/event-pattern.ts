/** An event pattern, or the part of an event pattern for a nested object. */
interface Pattern {
  readonly [field: string]: Pattern | Pattern[] | (string | Matcher)[];
}

type Matcher = { readonly prefix: string } | { readonly suffix: string };

/**
 * Whether an event matches a pattern of EventBridge. Supports the operators that the library uses: values, `prefix`,
 * `suffix` and `$or`. Fails for other operators.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export function matches(pattern: Pattern, event: unknown): boolean {
  return Object.entries(pattern).every(([field, expected]) => {
    if (field === '$or') {
      return (expected as Pattern[]).some(alternative => matches(alternative, event));
    }
    const value = (event as { [field: string]: unknown } | undefined)?.[field];
    return Array.isArray(expected)
      ? (expected as (string | Matcher)[]).some(each => matchesValue(each, value))
      : matches(expected, value);
  });
}

function matchesValue(expected: string | Matcher, value: unknown): boolean {
  if (typeof expected === 'string') {
    return value === expected;
  }
  const operators = Object.keys(expected).join();
  if (operators !== 'prefix' && operators !== 'suffix') {
    throw new Error(`unsupported operator: ${operators}`);
  }
  return (
    typeof value === 'string'
    && ('prefix' in expected ? value.startsWith(expected.prefix) : value.endsWith(expected.suffix))
  );
}
