import { IConstruct } from 'constructs';

/** An error at synth that says at which construct, what was found, and what to do about it. */
export function synthError(scope: IConstruct, found: string, remedy: string): Error {
  return new Error(`${scope.node.path}: ${found} ${remedy}`);
}
