import { Annotations, Stack, Stage, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { appState, stageState } from './stage-state';
import { synthError } from '../errors/synth-error';

/**
 * Reserves a name for a construct. Fails if another construct of the app already has the name.
 *
 * A name must be unique in its environment: one app can deploy a lake to several accounts. Stages without an explicit
 * environment may be deployed to different accounts. If two such stages use the same name, synthesis prints a warning
 * once per stage.
 *
 * @param type the type of the resource, for example `bucket`
 * @param within the scope of a name that must be unique across environments, for example in all Regions of an account
 */
export function claimName(scope: IConstruct, type: string, name: string, within = Stack.of(scope).environment): void {
  const taken = appState(scope, 'names', () => new Map<string, IConstruct[]>());
  const key = JSON.stringify([within, type, name]);
  const owners = taken.get(key) ?? [];
  taken.set(key, [...owners, scope]);
  const owner = owners.find(each => Stage.of(each) === Stage.of(scope)) ?? owners[0];
  if (owner === undefined) {
    return;
  }
  const found = `the ${type} "${name}" is already used by "${owner.node.path}"`;
  if (Stage.of(owner) === Stage.of(scope) || isKnown(within)) {
    throw synthError(scope, 'NAME_TAKEN', `${found}.`, 'Rename one of them.');
  }
  const warning = stageState(scope, 'names-warning', () => ({ isGiven: false }));
  if (!warning.isGiven) {
    warning.isGiven = true;
    Annotations.of(scope).addWarningV2(
      'cdk-glue-medallion:same-names-in-stages',
      `${found}. Deploy the two stages to different accounts, or use different prefixes. Set env of the stages to `
        + 'check this at synth.',
    );
  }
}

/** Whether an account or an environment is known at synth. */
function isKnown(environment: string): boolean {
  return !Token.isUnresolved(environment) && !/unknown-(account|region)/.test(environment);
}
