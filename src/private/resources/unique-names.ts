import { Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { stageState } from './stage-state';
import { synthError } from '../errors/synth-error';

/**
 * Reserves a name for a construct. Fails if another construct already has the name.
 *
 * By default, a name must be unique in its stage and environment: one app can deploy a lake to several accounts.
 *
 * @param type the type of the resource, for example `bucket`
 * @param within the scope of a name that must be unique across environments, for example in all regions of an account
 */
export function claimName(scope: IConstruct, type: string, name: string, within = Stack.of(scope).environment): void {
  const taken = stageState(scope, 'names', () => new Map<string, IConstruct>());

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
