import { DocumentSchema, Violation } from './document-schema';
import { isStruct } from './struct-keys';
import { Problem } from '../errors/problem';

/**
 * Documents that can result when the user corrects the schema violations of a document.
 *
 * They are used to find other problems before the user corrects the violations. All their values have a valid type.
 */
export function correctedDocuments(schema: DocumentSchema, document: object, violations: Violation[]): object[] {
  const values = violations.map(violation => (
    { path: violation.path, values: validValues(schema, document, violation) }
  ));
  const count = Math.max(1, ...values.map(each => each.values.length));
  return Array.from({ length: count }, (_unused, index) => {
    const corrected = structuredClone(document);
    for (const { path, values: [...options] } of values) {
      replace(corrected, path, options[index % Math.max(1, options.length)]);
    }
    return corrected;
  });
}

/**
 * The problems that all corrected documents have in common: they do not depend on how the user corrects the violations.
 */
export function commonProblems<Document extends object>(
  documents: Document[], problemsOf: (document: Document) => Problem[],
): Problem[] {
  const [first = [], ...others] = documents.flatMap(document => {
    try {
      return [problemsOf(document)];
    } catch (error) {
      if (documents.length === 1) {
        throw error;
      }
      // An example from the schema can contradict another key.
      return [];
    }
  });
  const texts = others.map(problems => problems.map(problem => JSON.stringify(problem)));
  return first.filter(problem => texts.every(each => each.includes(JSON.stringify(problem))));
}

/**
 * The values that can replace an invalid value: the value itself if its type is valid, and the examples of the schema.
 */
function validValues(schema: DocumentSchema, document: object, { path, isMissing }: Violation): unknown[] {
  let value: unknown = document;
  let node = schema.node(document);
  for (const key of path) {
    value = (value as { [key: string]: unknown })[key];
    node = node.child(key, value);
  }
  const isKept = !isMissing && node.hasValidType;
  return isKept && typeof value === 'object' ? [value] : [...isKept ? [value] : [], ...node.validValues];
}

function replace(document: object, path: string[], value: unknown): void {
  const parent = path.slice(0, -1).reduce<unknown>(
    (object, key) => isContainer(object) ? object[key] : undefined, document,
  );
  const key = path[path.length - 1];
  if (!isContainer(parent) || key === undefined) {
    return;
  }
  if (value === undefined) {
    delete parent[key];
  } else {
    parent[key] = value;
  }
}

function isContainer(value: unknown): value is { [key: string]: unknown } {
  return isStruct(value) || Array.isArray(value);
}
