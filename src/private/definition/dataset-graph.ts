import { Stack, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { synthError } from '../errors/synth-error';

/** What each dataset of a lake is made from, by its name as `layer/dataset`. */
export type Graph = Map<string, string[]>;

const graphsByStage = new WeakMap<IConstruct, Map<string, Graph>>();

/**
 * Notes what a dataset is made from, and fails when it would be made from itself, directly or through others.
 *
 * @param lake the prefix of the lake
 * @param dataset as `layer/dataset`, and so are its inputs
 */
export function registerInputs(scope: IConstruct, lake: string, dataset: string, inputs: string[]): void {
  const stage = Stage.of(scope) ?? scope.node.root;
  const graphs = graphsByStage.get(stage) ?? new Map<string, Graph>();
  graphsByStage.set(stage, graphs);
  const key = JSON.stringify([Stack.of(scope).environment, lake]);
  const graph = graphs.get(key) ?? new Map<string, string[]>();
  graphs.set(key, graph);

  graph.set(dataset, inputs);
  const way = pathTo(dataset, dataset, graph);
  if (way) {
    throw synthError(
      scope,
      'INPUTS_CYCLE',
      `inputs of dataset "${dataset}" form a cycle: ${[dataset, ...way].join(' ← ')}.`,
      'A dataset cannot depend on itself: remove one of these inputs.',
    );
  }
}

/**
 * The datasets between one and what it is made from, the target last, or undefined where it is not made from the
 * target.
 */
export function pathTo(target: string, from: string, graph: Graph, seen = new Set<string>()): string[] | undefined {
  for (const input of graph.get(from) ?? []) {
    if (input === target) {
      return [target];
    }
    if (!seen.has(input)) {
      seen.add(input);
      const way = pathTo(target, input, graph, seen);
      if (way) {
        return [input, ...way];
      }
    }
  }
  return undefined;
}
