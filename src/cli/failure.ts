import * as fs from 'fs';

export type FailureCode = 'USAGE' | 'FAILED';

/** An error that the command prints as one line, without a stack trace: what was found, where, and what to do. */
export class Failure extends Error {
  /** `USAGE` for a usage error, `FAILED` for a command that failed. Printed with `--json`. */
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
 * Creates a folder if it does not exist.
 *
 * @param content what the folder contains, for error messages, such as `lake`
 * @param setting the option or environment variable that sets the folder, for error messages, such as `--data DIR`
 */
export function createFolder(folder: string, content: string, setting: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') {
      throw new Failure(
        `${folder} is a file, but the ${content} requires a folder. Set another folder with ${setting}.`,
        2,
      );
    }
    if (code === 'ENOTDIR') {
      throw new Failure(
        `Cannot create the folder ${folder}: a part of the path is a file. Set another folder with ${setting}.`,
        2,
      );
    }
    throw error;
  }
}

/** The message of any error, as one line. */
export function messageOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const path = (error as NodeJS.ErrnoException).path;
  if (code === 'ENOSPC') {
    return `The disk is full${path ? ` (${path})` : ''}. Free some space and run the command again.`;
  }
  if (code === 'EACCES' || code === 'EROFS') {
    return (
      `Cannot write to ${path ?? 'a folder'}: permission denied, or a read-only file system. Set another folder with `
      + '--data DIR (local lake) or MEDALLION_CACHE (Python environments).'
    );
  }
  return error instanceof Error ? error.message : String(error);
}
