import { Stack, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * State that all constructs of a stage share, such as the names that are taken.
 *
 * It is stored on the stage itself and not in a variable of a module: an app can contain several copies of this
 * package, for example because of workspaces or `npm link`, and each copy has its own variables.
 *
 * @param name the name of the state, which must stand for the same type in all versions of the package
 */
export function stageState<T>(scope: IConstruct, name: string, create: () => T): T {
  return stateOf(Stage.of(scope) ?? scope.node.root, name, create);
}

/**
 * State that the datasets of a lake share within a stage.
 *
 * @param resourcePrefix the prefix of the lake, which is unique in an environment
 */
export function lakeState<T>(scope: IConstruct, name: string, resourcePrefix: string, create: () => T): T {
  const lakes = stageState(scope, name, () => new Map<string, T>());
  const key = JSON.stringify([Stack.of(scope).environment, resourcePrefix]);
  const state = lakes.get(key) ?? create();
  lakes.set(key, state);
  return state;
}

/**
 * The states of a lake in every environment that could be the environment of the scope. An account or a Region that is
 * only known at deployment could be any account or Region.
 */
export function lakeStates<T>(scope: IConstruct, name: string, resourcePrefix: string): T[] {
  const own = Stack.of(scope).environment;
  const lakes = stageState(scope, name, () => new Map<string, T>());
  return [...lakes].flatMap(([key, state]) => {
    const [environment, prefix] = JSON.parse(key) as string[];
    return prefix === resourcePrefix && canBeSame(environment, own) ? [state] : [];
  });
}

/** Environments are `aws://account/region`. */
function canBeSame(environment: string, other: string): boolean {
  const parts = other.split('/');
  return environment.split('/').every((part, index) =>
    part === parts[index] || [part, parts[index]].some(each => each?.startsWith('unknown-')));
}

/** State that all constructs of an app share. */
export function appState<T>(scope: IConstruct, name: string, create: () => T): T {
  return stateOf(scope.node.root, name, create);
}

function stateOf<T>(owner: IConstruct, name: string, create: () => T): T {
  const states = owner as IConstruct & { [state: symbol]: T | undefined };
  return states[Symbol.for(`cdk-glue-medallion.${name}`)] ??= create();
}
