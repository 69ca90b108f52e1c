import { JSONPath } from '../dependencies/jsonc-parser';

/**
 * A correction of a configuration file. It is applied in memory when the file is loaded, and `medallion init --from`
 * proposes it for the file.
 */
export interface Edit {
  /** The path of the value in the file. */
  readonly path: JSONPath;
  /** What changes: the value, or its key, which is the last step of the path. */
  readonly target: 'key' | 'value';
  readonly oldValue: unknown;
  readonly newValue: unknown;
  /** A sentence for the user. */
  readonly reason: string;
  /** How the correction is reported when the file is loaded. The severity is `error` if the meaning is uncertain. */
  readonly severity: 'none' | 'warning' | 'error';
}

/** The JSON pointer of a path. */
export function jsonPointer(path: JSONPath): string {
  return path.map(step => `/${`${step}`.replace(/~/g, '~0').replace(/\//g, '~1')}`).join('');
}

/** The path in the file of a value in the edited document. */
export function pathInFile(edited: JSONPath, edits: readonly Edit[]): JSONPath {
  const path: JSONPath = [];
  for (const step of edited) {
    const isAt = (each: Edit, where: JSONPath) => jsonPointer(each.path) === jsonPointer(where);
    // A string that was converted to a list with one item is not a list in the file.
    if (edits.some(each => each.target === 'value' && Array.isArray(each.newValue) && isAt(each, path))) {
      return path;
    }
    const renamed = edits.find(each =>
      each.target === 'key' && each.newValue === step && isAt(each, [...path, `${each.oldValue}`]));
    path.push(renamed === undefined ? step : `${renamed.oldValue}`);
  }
  return path;
}
