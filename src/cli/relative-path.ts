import * as path from 'path';

/** The path relative to the current folder, if the file is in it. */
export function relativePath(file: string): string {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? file : relative;
}
