import * as fs from 'fs';
import * as path from 'path';
import { isComplete, makePart, partName, withCacheLocked } from '../src/cli/cache';
import { Child, cleanEnvironment, GUARD } from '../src/cli/child';
import { sitePackages } from '../src/cli/environment';
import { Progress } from '../src/cli/progress';

const REQUIREMENTS = path.join(__dirname, '..', 'glue-templates', 'requirements');

/** What an environment of Python is made of. */
export interface LockedPython {
  /** What it is called in the cache of `medallion run`. */
  readonly name: string;
  /** What people read while it is made. */
  readonly title: string;
  /** The Python that it is made with. */
  readonly base: string;
  /** The file in `requirements/` that locks its packages by their hashes. */
  readonly locked: string;
  /** A folder of packages that it sees besides. */
  readonly sees?: string;
}

/** An environment of Python with locked packages, made once. Returns its folder. */
export async function lockedPython(
  { name, title, base, locked, sees }: LockedPython,
  progress = new Progress(),
): Promise<string> {
  const requirements = path.join(REQUIREMENTS, locked);
  const folder = partName(name, [requirements]);
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
        () =>
          makePart(folder, async () => {
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
            if (sees !== undefined) {
              fs.writeFileSync(path.join(sitePackages(folder), 'sees.pth'), `${sees}\n`);
            }
          }),
      ),
    );
  }
  return folder;
}
