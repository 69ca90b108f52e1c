import * as fs from 'fs';
import { getNodeValue, parseTree } from '../private/dependencies/jsonc-parser';

/** The object in a JSON file. Undefined if the file is missing or does not contain an object. Comments are allowed. */
export function readJsonObject(file: string): Record<string, unknown> | undefined {
  try {
    const tree = parseTree(fs.readFileSync(file, 'utf8'));
    const content: unknown = tree && getNodeValue(tree);
    return typeof content === 'object' && content !== null ? content as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
