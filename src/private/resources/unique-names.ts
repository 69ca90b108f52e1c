import { Stack, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { synthError } from '../errors/synth-error';

const takenByStage = new WeakMap<IConstruct, Map<string, IConstruct>>();

/**
 * Takes a name for a construct, and fails when another construct has taken it already.
 *
 * Names are compared within one stage, and within one environment unless the name counts in all regions of its account:
 * the same app may deploy one lake to several accounts.
 */
export function claimName(scope: IConstruct, kind: string, name: string, within = Stack.of(scope).environment): void {
  const stage = Stage.of(scope) ?? scope.node.root;
  const taken = takenByStage.get(stage) ?? new Map<string, IConstruct>();
  takenByStage.set(stage, taken);

  const key = JSON.stringify([within, kind, name]);
  const owner = taken.get(key);
  if (owner) {
    throw synthError(
      scope,
      'NAME_TAKEN',
      `the ${kind} "${name}" is already used by "${owner.node.path}".`,
      'Rename one of them.',
    );
  }
  taken.set(key, scope);
}
