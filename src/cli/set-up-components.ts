import { buildEntry } from './cache';
import { Failure, messageOf } from './failure';
import { Progress } from './progress';
import { SetUpPrograms, SetUpTools } from './set-up-tools';

/** A part of the local environment, with its own cache entry. */
export interface Component {
  /** The name that is used in file names. */
  readonly name: string;
  /** The title for progress and errors. */
  readonly title: string;
  /** The folder of its cache entry. */
  readonly entry: string;
  /** Downloads the component and installs it in the folder of its cache entry. */
  readonly build: (tools: SetUpTools) => Promise<void>;
}

/**
 * Sets up components in parallel. If some of them fail, the setup of the others is completed, so that the next command
 * finds them in the cache.
 */
export async function setUpComponents(
  components: readonly Component[], programs: SetUpPrograms, progress: Progress,
): Promise<void> {
  const results = await Promise.allSettled(components.map(({ name, title, entry, build }) =>
    progress.step(title, show => buildEntry(entry, () => build(new SetUpTools(name, programs, show))))));
  const failures = results.flatMap((result, index) =>
    result.status === 'rejected' ? [`${components[index].title}: ${messageOf(result.reason)}`] : []);
  if (failures.length > 0) {
    throw new Failure(failures.join('\n'), 1);
  }
}
