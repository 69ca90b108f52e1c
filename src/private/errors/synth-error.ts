import { IConstruct } from 'constructs';
import { ErrorCode } from './error-code';

/** A synth error. Its properties are the parts of its message. */
export class SynthError extends Error {
  constructor(path: string, readonly code: ErrorCode, readonly found: string, readonly remedy: string) {
    super(`${code}: ${path}: ${found} ${remedy}`);
  }
}

/** Creates a synth error, whose message contains the code, the path of the construct, what was found, and the fix. */
export function synthError(scope: IConstruct, code: ErrorCode, found: string, remedy: string): SynthError {
  return new SynthError(scope.node.path, code, found, remedy);
}
