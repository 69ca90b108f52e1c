import * as os from 'os';
import { Ordered } from './run-order';

/**
 * What a run may take, in bytes: Spark's heap of 2 GB, and Java and Python beside it. Of a small dataset it is 0.5 to
 * 0.8 GB.
 */
const RUN_BYTES = 3e9;

/** How many runs fit this machine at once, by its cores and its free memory. */
export function defaultConcurrency(): number {
  // macOS counts what it keeps for files as used.
  const memory = process.platform === 'darwin' ? os.totalmem() / 2 : os.freemem();
  return Math.max(1, Math.min(os.availableParallelism(), Math.floor(memory / RUN_BYTES)));
}

/**
 * Does the work of each dataset after that of its inputs, several at once.
 *
 * @param order the datasets, each after its inputs; inputs that are not among them are not waited for
 * @param jobs how many at once
 * @param work of one dataset
 */
export async function runConcurrently<D extends Pick<Ordered, 'runs' | 'inputs'>>(
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
