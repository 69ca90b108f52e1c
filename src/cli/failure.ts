/** An error to show in one line, without a stack trace: what was found, where, and what to do. */
export class Failure extends Error {
  /**
   * @param message what was found, where, and what to do
   * @param exitCode 1: it could not be done, 2: the command was used wrongly
   */
  public constructor(message: string, public readonly exitCode: 1 | 2) {
    super(message);
  }
}

/** The one line of an unknown error. */
export function lineOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const path = (error as NodeJS.ErrnoException).path;
  if (code === 'ENOSPC') {
    return `The disk is full${path ? ` (${path})` : ''}. Free some space and run the command again.`;
  }
  if (code === 'EACCES' || code === 'EROFS') {
    return `${path ?? 'A folder'} cannot be written. Choose another with --data (the lake) or MEDALLION_CACHE (the environments).`;
  }
  return error instanceof Error ? error.message : String(error);
}
