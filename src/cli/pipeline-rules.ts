import { DatasetResult } from './pipeline-result';
import { Publication } from './publication';
import { Layer } from '../layer';
import { PipelineNode } from '../private/state-machines/pipeline-machine';

/*
 * The rules of pipelines for local runs. In AWS, the state machines of the lake apply the same rules: the state machine
 * of the pipeline decides which datasets start next, and the dataset state machine decides whether a job is due. A test
 * compares both implementations.
 */

/** A dataset that has ended. */
export interface Ended {
  readonly status: string;
}

/** The limits for starting datasets. */
export interface Limits {
  /** The maximum number of datasets that run at the same time. */
  readonly max: number;
  /** Whether a dataset still runs if an input has failed. It then reads the published tables of this input. */
  readonly usesPublished: boolean;
}

/** A dataset that is skipped, because an input has failed or was skipped. */
export interface SkippedDataset extends DatasetResult {
  readonly reason: string;
}

/** The next steps of a pipeline. */
export interface NextDatasets {
  readonly skipped: SkippedDataset[];
  /** The datasets that start. */
  readonly ready: string[];
}

const UNSUCCESSFUL = ['failed', 'skipped'];

export function isUnsuccessful({ status }: Ended): boolean {
  return UNSUCCESSFUL.includes(status);
}

/**
 * Decides which datasets start next and which are skipped.
 *
 * @param nodes the datasets, each after its inputs
 * @param done the datasets that have ended
 * @param active the datasets that are running
 */
export function nextDatasets(
  nodes: readonly PipelineNode[],
  done: ReadonlyMap<string, Ended>,
  active: Iterable<string>,
  { max, usesPublished }: Limits,
): NextDatasets {
  const ended = new Map(done);
  const running = new Set(active);
  const skipped: SkippedDataset[] = [];
  for (const { dataset, inputs } of usesPublished ? [] : nodes) {
    const failed = inputs.flatMap(input => {
      const result = ended.get(input);
      return result !== undefined && isUnsuccessful(result) ? [`${input} (${result.status})`] : [];
    });
    if (!ended.has(dataset) && failed.length > 0) {
      const result = { dataset, status: 'skipped', reason: `not run because of ${failed.join(', ')}` };
      ended.set(dataset, result);
      skipped.push(result);
    }
  }
  const ready = nodes
    .filter(({ dataset, inputs }) =>
      !ended.has(dataset) && !running.has(dataset) && inputs.every(input => ended.has(input)))
    .map(({ dataset }) => dataset);
  return { skipped, ready: ready.slice(0, Math.max(0, max - running.size)) };
}

/**
 * Whether the job of a dataset starts. A bronze dataset always starts, because its job checks the source.
 *
 * @param dataset the dataset; `definition` is a hash that the stack passes to the job
 * @param published the publication of the dataset. Undefined if there is none
 * @param inputRuns the run ID of the current publication of each input. Omits inputs that have not been published
 */
export function isDue(
  { layer, inputs, definition }: {
    readonly layer: string;
    readonly inputs: readonly { readonly dataset: string }[];
    readonly definition?: string;
  },
  published: Pick<Publication, 'inputs' | 'definition'> | undefined,
  inputRuns: ReadonlyMap<string, string>,
): boolean {
  if (layer === Layer.BRONZE || inputs.length === 0 || published === undefined) {
    return true;
  }
  const read = new Map((published.inputs ?? []).map(input => [input.dataset, input.run_id]));
  const isNewer = ({ dataset }: { readonly dataset: string }) =>
    !inputRuns.has(dataset) || inputRuns.get(dataset) !== read.get(dataset);
  return inputs.some(isNewer) || definition === undefined || published.definition !== definition;
}

/**
 * The datasets that do not run again when a run is resumed, with their results. Datasets that failed or were skipped
 * run again, and so do the datasets that depend on them, which may have run with outdated inputs.
 *
 * @param previous the results of the run that is resumed. Empty if no run is resumed
 */
export function resumedResults(
  nodes: readonly PipelineNode[], previous: readonly DatasetResult[],
): Map<string, DatasetResult> {
  const ordered = new Set(nodes.map(({ dataset }) => dataset));
  const results = new Map(previous.map(result => [result.dataset, result]));
  const kept = new Map<string, DatasetResult>();
  for (const { dataset, inputs } of previous.length === 0 ? [] : nodes) {
    const result = results.get(dataset)
      ?? { dataset, status: 'not_run', reason: 'not in the list of the execution that is resumed' };
    const isRepeated = inputs.some(input => ordered.has(input) && !kept.has(input));
    if (!isUnsuccessful(result) && !isRepeated) {
      kept.set(dataset, result);
    }
  }
  return kept;
}
