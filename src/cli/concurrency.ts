import * as os from 'os';
import { Ended, Limits, nextDatasets, SkippedDataset } from './pipeline-rules';
import { PipelineNode } from '../private/state-machines/pipeline-machine';

/**
 * The maximum memory of a run, in bytes: the Spark heap of 2 GB, and the overhead of Java and Python. A small dataset
 * uses 0.5 to 0.8 GB.
 */
const RUN_BYTES = 3e9;

/** The number of concurrent runs that the cores and the free memory of this machine allow. */
export function defaultConcurrency(): number {
  // macOS counts the file cache as used memory.
  const memory = process.platform === 'darwin' ? os.totalmem() / 2 : os.freemem();
  return Math.max(1, Math.min(os.availableParallelism(), Math.floor(memory / RUN_BYTES)));
}

/** Processes datasets. */
export interface DatasetProcessor {
  /** Processes one dataset. */
  process(dataset: string): Promise<Ended>;
  /** Called for each dataset that is not processed, because an input failed or was skipped. */
  skip(result: SkippedDataset): void;
}

/**
 * Processes datasets concurrently, each as soon as its inputs have ended.
 *
 * @param nodes the datasets, each after its inputs
 * @param before the datasets that have already ended and are not processed
 */
export async function runConcurrently(
  nodes: readonly PipelineNode[],
  before: ReadonlyMap<string, Ended>,
  limits: Limits,
  processor: DatasetProcessor,
): Promise<void> {
  const done = new Map(before);
  const running = new Map<string, Promise<void>>();
  for (;;) {
    const { skipped, ready } = nextDatasets(nodes, done, running.keys(), limits);
    for (const result of skipped) {
      done.set(result.dataset, result);
      processor.skip(result);
    }
    for (const dataset of ready) {
      running.set(
        dataset,
        processor.process(dataset).then(result => {
          done.set(dataset, result);
          running.delete(dataset);
        }),
      );
    }
    if (running.size === 0) {
      return;
    }
    await Promise.race(running.values());
  }
}
