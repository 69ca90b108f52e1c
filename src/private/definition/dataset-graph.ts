import { IConstruct } from 'constructs';
import { synthError } from '../errors/synth-error';
import { lakeState, lakeStates } from '../resources/stage-state';

/** The inputs of each dataset of a lake, keyed by `layer/dataset`. */
export type Graph = Map<string, string[]>;

/**
 * Registers the inputs of a dataset. Fails if the dataset depends on itself, directly or through other datasets.
 *
 * @param lake the resource prefix of the lake
 * @param dataset the dataset, as `layer/dataset`
 * @param inputs the inputs of the dataset, as `layer/dataset`
 */
export function registerInputs(scope: IConstruct, lake: string, dataset: string, inputs: string[]): void {
  const graph = lakeState(scope, 'inputs', lake, () => new Map<string, string[]>());
  graph.set(dataset, inputs);
  const path = pathTo(dataset, dataset, graph);
  if (path) {
    throw synthError(
      scope,
      'INPUTS_CYCLE',
      `inputs of dataset "${dataset}" form a cycle: ${[dataset, ...path].join(' ← ')}.`,
      'A dataset cannot depend on itself: remove one of these inputs.',
    );
  }
}

/**
 * The inputs of the datasets of a lake that are registered so far, including datasets in environment-agnostic stacks.
 */
export function datasetGraph(scope: IConstruct, lake: string): Graph {
  return new Map(lakeStates<Graph>(scope, 'inputs', lake).flatMap(graph => [...graph]));
}

/** Registers that a dataset, given as `layer/dataset`, has its own schedule. */
export function registerSchedule(scope: IConstruct, lake: string, dataset: string): void {
  lakeState(scope, 'schedules', lake, () => new Set<string>()).add(dataset);
}

/** Whether a dataset, given as `layer/dataset`, has its own schedule. */
export function hasSchedule(scope: IConstruct, lake: string, dataset: string): boolean {
  return lakeStates<Set<string>>(scope, 'schedules', lake).some(datasets => datasets.has(dataset));
}

/** Registers that the runs of a dataset, given as `layer/dataset`, wait for spare capacity. */
export function registerFlex(scope: IConstruct, lake: string, dataset: string): void {
  lakeState(scope, 'flex', lake, () => new Set<string>()).add(dataset);
}

/** Whether the runs of a dataset, given as `layer/dataset`, wait for spare capacity. */
export function hasFlex(scope: IConstruct, lake: string, dataset: string): boolean {
  return lakeStates<Set<string>>(scope, 'flex', lake).some(datasets => datasets.has(dataset));
}

/**
 * The path from a dataset to one of its direct or indirect inputs: the datasets after `from`, ending with `target`.
 * Undefined if `from` does not depend on `target`.
 */
export function pathTo(target: string, from: string, graph: Graph, seen = new Set<string>()): string[] | undefined {
  for (const input of graph.get(from) ?? []) {
    if (input === target) {
      return [target];
    }
    if (!seen.has(input)) {
      seen.add(input);
      const path = pathTo(target, input, graph, seen);
      if (path) {
        return [input, ...path];
      }
    }
  }
  return undefined;
}
