import { Token } from 'aws-cdk-lib';
import { Problem } from '../errors/problem';

/**
 * Reports the lists and numbers, at any depth of a value, that are only known at deployment.
 *
 * CDK encodes such a list as one string and such a number as a negative number. In a text file, neither is resolved
 * during deployment, and calculations with the number give wrong results. String tokens are resolved.
 */
export function* unresolvedValues(value: unknown, key = ''): Generator<Problem> {
  if (typeof value === 'string') {
    const kind = encodedKind(value);
    if (kind !== undefined) {
      yield problem(key, 'contains', kind);
    }
  } else if (Token.isUnresolved(value)) {
    yield problem(key, 'is', typeof value === 'number' ? 'number' : Array.isArray(value) ? 'list' : 'value');
  } else if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) {
      yield* unresolvedValues(each, `${key}[${index}]`);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, each] of Object.entries(value)) {
      const kind = encodedKind(name);
      if (kind !== undefined) {
        yield problem(key, 'has a name with', kind);
      } else {
        yield* unresolvedValues(each, key === '' ? name : `${key}.${name}`);
      }
    }
  }
}

/** Reports the dynamic references in a document, such as {{resolve:ssm:name}}. They are resolved only in templates. */
export function* dynamicReferences(document: object, key = ''): Generator<Problem> {
  for (const [name, value] of Object.entries(document)) {
    const path = Array.isArray(document) ? `${key}[${name}]` : key === '' ? name : `${key}.${name}`;
    if (typeof value === 'string' && value.includes('{{resolve:')) {
      yield {
        code: 'TOKEN_NOT_ALLOWED',
        key: path,
        found: 'contains a dynamic reference, which CloudFormation does not resolve in files',
        remedy: 'Use a token, for example StringParameter.valueForStringParameter(…), and auth for secrets.',
      };
    } else if (typeof value === 'object' && value !== null) {
      yield* dynamicReferences(value as object, path);
    }
  }
}

type Kind = keyof typeof REMEDIES;

const REMEDIES = {
  list: 'Write the list in the code. Its elements can be tokens, for example Fn.select(0, list).',
  number: 'Write the number in the code.',
  value: 'Write the value in the code.',
};

function problem(key: string, verb: string, kind: Kind): Problem {
  return {
    code: 'TOKEN_NOT_ALLOWED',
    key,
    found: `${verb} a ${kind} that is only known at deployment`,
    remedy: REMEDIES[kind],
  };
}

/** The kind of an encoded list or number within a string, which Token.isUnresolved does not detect. */
function encodedKind(text: string): Kind | undefined {
  if (text.includes('#{Token[')) {
    return 'list';
  }
  return text.match(/-\d\.\d+e\+\d+/g)?.some(number => Token.isUnresolved(Number(number))) ? 'number' : undefined;
}
