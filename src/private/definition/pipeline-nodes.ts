import { Graph } from './dataset-graph';
import { PipelineNode } from '../state-machines/pipeline-machine';

/**
 * The datasets of a pipeline, each after its inputs.
 *
 * An input that another app deploys is part of the pipeline only if it is listed.
 *
 * @param listed the datasets that the pipeline lists, as `layer/dataset`
 * @param withInputs whether the inputs of the listed datasets are part of the pipeline
 * @param graph the inputs of the datasets that this app deploys
 */
export function pipelineNodes(listed: string[], withInputs: boolean, graph: Graph): PipelineNode[] {
  const members = new Set(listed);
  if (withInputs) {
    // The loop also visits elements that are added to the set while it runs.
    for (const member of members) {
      (graph.get(member) ?? []).filter(input => graph.has(input)).forEach(input => members.add(input));
    }
  }
  const ordered = new Map<string, PipelineNode>();
  const add = (dataset: string): void => {
    if (!members.has(dataset) || ordered.has(dataset)) {
      return;
    }
    const inputs = graph.get(dataset) ?? [];
    inputs.forEach(add);
    ordered.set(dataset, { dataset, inputs: inputs.filter(input => members.has(input)) });
  };
  [...members].sort().forEach(add);
  return [...ordered.values()];
}
