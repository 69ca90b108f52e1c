import * as os from 'os';
import { DatasetNode } from './run-order';

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

/**
 * Processes datasets concurrently, each after its inputs.
 *
 * @param order the datasets, each after its inputs; inputs that are not in the list are ignored
 * @param jobs the maximum number of concurrent datasets
 * @param work processes one dataset
 */
export async function runConcurrently<D extends Pick<DatasetNode, 'runs' | 'inputs'>>(
  order: D[],
  jobs: number,
  work: (dataset: D) => Promise<void>,
): Promise<void> {
  const waiting = [...order];
  const unfinished = new Set(order.map(each => each.runs));
  const running = new Map<D, Promise<void>>();
  const isReady = (dataset: D) => !dataset.inputs.some(input => unfinished.has(input.runs));
  while (waiting.length > 0 || running.size > 0) {
    for (let next; running.size < jobs && (next = waiting.findIndex(isReady)) >= 0;) {
      const [dataset] = waiting.splice(next, 1);
      running.set(
        dataset,
        work(dataset).then(() => {
          unfinished.delete(dataset.runs);
          running.delete(dataset);
        }),
      );
    }
    await Promise.race(running.values());
  }
}
