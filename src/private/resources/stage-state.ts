import { Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * State that all constructs of a stage share, such as the names that are taken.
 *
 * It is stored on the stage itself and not in a variable of a module: an app can contain several copies of this
 * package, for example because of workspaces or `npm link`, and each copy has its own variables.
 *
 * @param name the name of the state, which all versions of the package use for the same type
 */
export function stageState<T>(scope: IConstruct, name: string, create: () => T): T {
  return stateOf(Stage.of(scope) ?? scope.node.root, name, create);
}

/** State that all constructs of an app share. */
export function appState<T>(scope: IConstruct, name: string, create: () => T): T {
  return stateOf(scope.node.root, name, create);
}

function stateOf<T>(owner: IConstruct, name: string, create: () => T): T {
  const states = owner as IConstruct & { [state: symbol]: T | undefined };
  return states[Symbol.for(`cdk-glue-medallion.${name}`)] ??= create();
}
