import { Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { deployedCore } from './deployed-core';
import { IEtlCore } from '../../i-etl-core';
import { synthError } from '../errors/synth-error';

/** The datasets and pipelines of a lake must be in the same account and Region as its core. */
export function checkEnvironment(scope: Construct, core: IEtlCore, subject = 'dataset'): void {
  const deployed = deployedCore(core);
  if (!deployed) {
    return;
  }
  const here = Stack.of(scope);
  const there = Stack.of(deployed);
  for (const [what, own, ofCore] of [
    ['account', here.account, there.account],
    ['region', here.region, there.region],
  ]) {
    if (!Token.isUnresolved(own) && !Token.isUnresolved(ofCore) && own !== ofCore) {
      throw synthError(
        scope,
        'ENVIRONMENT_MISMATCH',
        `the ${subject} is in the ${what} ${own}, and its core "${core.node.path}" is in ${ofCore}.`,
        'Deploy both to the same environment, or create a second core.',
      );
    }
  }
}
