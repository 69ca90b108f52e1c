import { spawnSync } from 'child_process';
import { cleanEnvironment } from './child';
import { Failure } from './failure';

/**
 * Versions that the packages of every Glue, or their nearest of kin, exist for; Glue 5.0 and 5.1 have the first, 6.0
 * the last.
 */
export const PYTHON_VERSIONS = ['3.11', '3.12', '3.13'];

const PROBE = 'import sys\nprint("%d.%d" % sys.version_info[:2], sys.executable)\nimport venv, ensurepip';

/** A Python on this machine. */
export interface Python {
  /** As in 3.11 */
  readonly version: string;
  readonly executable: string;
}

/**
 * Finds a Python to make environments with: MEDALLION_PYTHON, or the first on the PATH that fits.
 */
export function findPython(): Python {
  const given = process.env.MEDALLION_PYTHON;
  const seen: string[] = [];
  for (const command of given
    ? [given]
    : [...PYTHON_VERSIONS.map(version => `python${version}`), 'python3', 'python']) {
    const probe = spawnSync(command, ['-c', PROBE], { encoding: 'utf8', env: cleanEnvironment({}), timeout: 20_000 });
    const [version, executable] = (probe.stdout ?? '').trim().split(' ');
    if (PYTHON_VERSIONS.includes(version) && probe.status === 0) {
      return { version, executable };
    }
    if (PYTHON_VERSIONS.includes(version)) {
      seen.push(
        `${executable} is ${version} without its venv module (on Debian and Ubuntu: apt install python${version}-venv)`,
      );
    } else if (version) {
      seen.push(`${executable} is ${version}`);
    }
  }
  const found = seen.length
    ? [...new Set(seen)].join('; ')
    : given
      ? `MEDALLION_PYTHON=${given} does not start`
      : 'none was found on the PATH';
  throw new Failure(
    `Python ${PYTHON_VERSIONS.slice(0, -1).join(', ')} or ${PYTHON_VERSIONS.at(-1)} is needed: ${found}. `
      + 'Install Python 3.11, or name one with MEDALLION_PYTHON.',
    1,
  );
}
