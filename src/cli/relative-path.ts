import * as path from 'path';

/** The path of a file: relative if the file is in the current folder, otherwise unchanged. */
export function relativePath(file: string): string {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? file : relative;
}
