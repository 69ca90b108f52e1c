import { isDeepStrictEqual } from 'util';
import { Aws, CallResult } from './aws';
import { NOT_IMPLEMENTED } from './not-implemented';

/** A resource, the call that describes it, and the expected response. */
export interface Expectation {
  /** A description of the resource. */
  readonly what: string;
  /** The CloudFormation type of the resource, to look up what the emulator does not implement. */
  readonly type: string;
  readonly call: [service: string, operation: string, parameters?: object];
  /** Returns the part of the response that contains the properties. */
  readonly of?: (response: any) => any;
  /** The exact values of the properties, or the error code if the resource must not exist. */
  readonly is: { readonly [property: string]: unknown } | string;
}

/** The result of one expectation. */
export interface Result {
  readonly what: string;
  readonly good: string[];
  readonly notImplemented: string[];
  /** One line per property with an unexpected value. */
  readonly wrong: string[];
}

/** Makes the call of each expectation and compares the response. */
export async function check(aws: Aws, expectations: Expectation[]): Promise<Result[]> {
  const results = [];
  for (const expectation of expectations) {
    results.push(compare(expectation, await aws.call(...expectation.call)));
  }
  return results;
}

function compare({ what, type, of = response => response, is }: Expectation, called: CallResult): Result {
  const result: Result = { what, good: [], notImplemented: [], wrong: [] };
  const error = 'error' in called ? called.error : undefined;
  if (typeof is === 'string') {
    (error === is ? result.good : result.wrong).push(
      error === is ? 'does not exist' : `${error ?? 'exists'}, expected ${is}`,
    );
    return result;
  }
  const properties = 'error' in called ? {} : of(called.response) ?? {};
  for (const [property, expected] of Object.entries(is)) {
    const found = error ?? properties[property];
    const emulated = NOT_IMPLEMENTED[type] ?? {};
    if (property in emulated && isDeepStrictEqual(found, emulated[property])) {
      result.notImplemented.push(property);
    } else if (property in emulated) {
      result.wrong.push(
        `${property} is ${JSON.stringify(found)}: the emulator implements it now. Update NOT_IMPLEMENTED.`,
      );
    } else if (isDeepStrictEqual(found, expected)) {
      result.good.push(property);
    } else {
      result.wrong.push(`${property} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    }
  }
  return result;
}
