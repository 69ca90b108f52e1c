import { Stack, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { synthError } from '../errors/synth-error';

const takenByStage = new WeakMap<IConstruct, Map<string, IConstruct>>();

/**
 * Reserves a name for a construct. Fails if another construct already has the name.
 *
 * By default, a name must be unique in its stage and environment: one app can deploy a lake to several accounts.
 *
 * @param type the type of the resource, for example `bucket`
 * @param within the scope of a name that must be unique across environments, for example in all regions of an account
 */
export function claimName(scope: IConstruct, type: string, name: string, within = Stack.of(scope).environment): void {
  const stage = Stage.of(scope) ?? scope.node.root;
  const taken = takenByStage.get(stage) ?? new Map<string, IConstruct>();
  takenByStage.set(stage, taken);

  const key = JSON.stringify([within, type, name]);
  const owner = taken.get(key);
  if (owner) {
    throw synthError(
      scope,
      'NAME_TAKEN',
      `the ${type} "${name}" is already used by "${owner.node.path}".`,
      'Rename one of them.',
    );
  }
  taken.set(key, scope);
}
