import { IConstruct } from 'constructs';
import { ErrorCode } from './error-code';

/** An error at synth, with the parts of its message. */
export class SynthError extends Error {
  constructor(path: string, readonly code: ErrorCode, readonly found: string, readonly remedy: string) {
    super(`${code}: ${path}: ${found} ${remedy}`);
  }
}

/** An error at synth: its code, the construct, what was found, and how to fix it. */
export function synthError(scope: IConstruct, code: ErrorCode, found: string, remedy: string): SynthError {
  return new SynthError(scope.node.path, code, found, remedy);
}
