import { FreshnessNode } from './freshness-machine';
import { Layer } from '../../layer';
import { LakeNames } from '../../naming';

/** A dataset that declares freshness. */
export interface FreshnessDeclaration {
  /** As `layer/dataset`. */
  readonly dataset: string;
  readonly maxAgeHours: number;
  /** The inputs of the datasets in its stage. */
  readonly graph: ReadonlyMap<string, string[]>;
}

/**
 * The datasets that a freshness check reads, each after its inputs: the datasets that declare freshness, and their
 * direct and indirect inputs. The inputs of a bronze dataset do not count, because a pipeline always runs its job.
 */
export function freshnessNodes(declarations: FreshnessDeclaration[], lake: LakeNames): FreshnessNode[] {
  const inputs = new Map<string, string[]>();
  const ages = new Map<string, number[]>();
  const add = (dataset: string, { maxAgeHours, graph }: FreshnessDeclaration, visited: Set<string>): void => {
    if (visited.has(dataset)) {
      return;
    }
    visited.add(dataset);
    const ofDataset = dataset.startsWith(`${Layer.BRONZE}/`) ? [] : graph.get(dataset) ?? [];
    for (const input of ofDataset) {
      add(input, { dataset, maxAgeHours, graph }, visited);
    }
    // A map keeps its keys in the order in which they were added, so inputs come first.
    inputs.set(dataset, ofDataset);
    ages.set(dataset, [...ages.get(dataset) ?? [], maxAgeHours]);
  };
  for (const each of declarations) {
    add(each.dataset, each, new Set());
  }
  const declared = new Map(declarations.map(({ dataset, maxAgeHours }) => [dataset, maxAgeHours]));
  return [...inputs].map(([dataset, ofDataset]) => {
    const [layer, name] = dataset.split('/');
    return {
      dataset,
      runs: lake.runs(layer as Layer, name).slice(lake.uri('').length),
      inputs: ofDataset,
      max_age: declared.get(dataset),
      shortest: Math.min(...ages.get(dataset)!),
      longest: Math.max(...ages.get(dataset)!),
    };
  });
}
