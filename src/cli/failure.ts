import * as fs from 'fs';

export type FailureCode = 'USAGE' | 'FAILED';

/** An error to show in one line, without a stack trace: what was found, where, and what to do. */
export class Failure extends Error {
  /** `USAGE` for a usage error, `FAILED` for a command that failed. `--json` prints it. */
  public readonly code: FailureCode;

  /**
   * @param message what was found, where, and what to do
   * @param exitCode 1: the command failed, 2: usage error
   */
  public constructor(message: string, public readonly exitCode: 1 | 2) {
    super(message);
    this.code = exitCode === 2 ? 'USAGE' : 'FAILED';
  }
}

/**
 * Makes a folder, if it is not there.
 *
 * @param what is kept in it
 * @param setting the option or variable that names another
 */
export function makeFolder(folder: string, what: string, setting: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') {
      throw new Failure(`${folder} is a file, and the ${what} is a folder. Name one with ${setting}.`, 2);
    }
    if (code === 'ENOTDIR') {
      throw new Failure(
        `${folder} cannot be made: a file is where one of its folders should be. Name another folder with ${setting}.`,
        2,
      );
    }
    throw error;
  }
}

/** The one line of an unknown error. */
export function messageOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const path = (error as NodeJS.ErrnoException).path;
  if (code === 'ENOSPC') {
    return `The disk is full${path ? ` (${path})` : ''}. Free some space and run the command again.`;
  }
  if (code === 'EACCES' || code === 'EROFS') {
    return (
      `${path ?? 'A folder'} cannot be written. Choose another with --data (the lake) or MEDALLION_CACHE (the `
      + 'environments).'
    );
  }
  return error instanceof Error ? error.message : String(error);
}
