import { IConstruct } from 'constructs';
import { ErrorCode } from './error-code';

/** An error at synth: its code, the construct, what was found, and how to fix it. */
export function synthError(scope: IConstruct, code: ErrorCode, found: string, remedy: string): Error {
  return new Error(`${code}: ${scope.node.path}: ${found} ${remedy}`);
}
