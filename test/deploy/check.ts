import { isDeepStrictEqual } from 'util';
import { Answer, Aws } from './aws';
import { NOT_IMPLEMENTED } from './not-implemented';

/** A resource, how to ask for it, and what AWS must say of it. */
export interface Expectation {
  /** The resource, in words. */
  readonly what: string;
  /** Its type in CloudFormation, to look up what the emulator does not implement. */
  readonly type: string;
  readonly call: [service: string, operation: string, parameters?: object];
  /** The part of the response that holds the properties. */
  readonly of?: (response: any) => any;
  /** What its properties are, each exactly; or that there is no such resource: the code of the error. */
  readonly is: { readonly [property: string]: unknown } | string;
}

/** What came out of an expectation. */
export interface Result {
  readonly what: string;
  readonly good: string[];
  readonly notImplemented: string[];
  /** A line for each property that is not as expected. */
  readonly wrong: string[];
}

/** Asks for each resource and compares. */
export async function check(aws: Aws, expectations: Expectation[]): Promise<Result[]> {
  const results = [];
  for (const expectation of expectations) {
    results.push(compare(expectation, await aws.call(...expectation.call)));
  }
  return results;
}

function compare({ what, type, of = response => response, is }: Expectation, answer: Answer): Result {
  const result: Result = { what, good: [], notImplemented: [], wrong: [] };
  const error = 'error' in answer ? answer.error : undefined;
  if (typeof is === 'string') {
    (error === is ? result.good : result.wrong).push(
      error === is ? 'not there' : `is ${error ?? 'there'}, expected ${is}`,
    );
    return result;
  }
  const properties = 'error' in answer ? {} : of(answer.response) ?? {};
  for (const [property, expected] of Object.entries(is)) {
    const found = error ?? properties[property];
    const instead = NOT_IMPLEMENTED[type] ?? {};
    if (property in instead && isDeepStrictEqual(found, instead[property])) {
      result.notImplemented.push(property);
    } else if (property in instead) {
      result.wrong.push(
        `${property} is ${JSON.stringify(found)}: the emulator implements it now, so change NOT_IMPLEMENTED`,
      );
    } else if (isDeepStrictEqual(found, expected)) {
      result.good.push(property);
    } else {
      result.wrong.push(`${property} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    }
  }
  return result;
}
