import * as fs from 'fs';
import * as path from 'path';
import { buildEntry, entryPath, isComplete, withCacheLocked } from '../src/cli/cache';
import { Child, cleanEnvironment, GUARD } from '../src/cli/child';
import { sitePackages } from '../src/cli/environment';
import { Progress } from '../src/cli/progress';

const REQUIREMENTS = path.join(__dirname, '..', 'glue-templates', 'requirements');

/** A Python virtual environment with locked packages. */
export interface LockedPython {
  /** Its name in the cache of `medallion run`. */
  readonly name: string;
  /** The progress text while it is created. */
  readonly title: string;
  /** The Python interpreter that creates it. */
  readonly base: string;
  /** The file in `requirements/` that locks its packages with hashes. */
  readonly locked: string;
  /** A folder with additional packages that it can import. */
  readonly additionalPackages?: string;
}

/** Creates a Python virtual environment with locked packages if it does not exist. Returns its folder. */
export async function lockedPython(
  { name, title, base, locked, additionalPackages }: LockedPython,
  progress = new Progress(),
): Promise<string> {
  const requirements = path.join(REQUIREMENTS, locked);
  const folder = entryPath(name, [requirements]);
  if (!isComplete(folder)) {
    const log = `${folder}.log`;
    const run = async (...command: string[]) => {
      const child = new Child(base, [GUARD, ...command], { env: cleanEnvironment({}), log, onLine: () => undefined });
      if ((await child.exit) !== 0) {
        throw new Error(`${command.join(' ')} failed; see ${log}`);
      }
    };
    await progress.step(title, () =>
      withCacheLocked(
        () => undefined,
        // Another process may have created it while this one waited for the lock.
        async () => isComplete(folder) ? undefined
          : buildEntry(folder, async () => {
            await run(base, '-m', 'venv', folder);
            await run(
              path.join(folder, 'bin', 'python'),
              '-m',
              'pip',
              'install',
              '--quiet',
              '--require-hashes',
              '--disable-pip-version-check',
              '-r',
              requirements,
            );
            if (additionalPackages !== undefined) {
              fs.writeFileSync(path.join(sitePackages(folder), 'additional-packages.pth'), `${additionalPackages}\n`);
            }
          }),
      ),
    );
  }
  return folder;
}
