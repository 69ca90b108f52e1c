import { spawnSync } from 'child_process';
import { cleanEnvironment } from './child';
import { Failure } from './failure';

/**
 * The Python versions for which the packages of all Glue versions are available. Glue 5.0 and 5.1 use the first of
 * these versions, and Glue 6.0 uses the last one.
 */
export const PYTHON_VERSIONS = ['3.11', '3.12', '3.13'];

const PROBE = 'import sys\nprint("%d.%d" % sys.version_info[:2], sys.executable)\nimport venv, ensurepip';

/** A Python interpreter on this machine. */
export interface Python {
  /** For example `3.11`. */
  readonly version: string;
  readonly executable: string;
}

/** The Python interpreter for virtual environments: MEDALLION_PYTHON, or the first supported version on the PATH. */
export function findPython(): Python {
  const configured = process.env.MEDALLION_PYTHON;
  const unsuitable: string[] = [];
  for (const command of configured
    ? [configured]
    : [...PYTHON_VERSIONS.map(version => `python${version}`), 'python3', 'python']) {
    const probe = spawnSync(command, ['-c', PROBE], { encoding: 'utf8', env: cleanEnvironment({}), timeout: 20_000 });
    const [version, executable] = (probe.stdout ?? '').trim().split(' ');
    if (PYTHON_VERSIONS.includes(version) && probe.status === 0) {
      return { version, executable };
    }
    if (PYTHON_VERSIONS.includes(version)) {
      unsuitable.push(
        `${executable} is version ${version} without the venv module (on Debian and Ubuntu: apt install `
          + `python${version}-venv)`,
      );
    } else if (version) {
      unsuitable.push(`${executable} is version ${version}`);
    }
  }
  const found = unsuitable.length
    ? [...new Set(unsuitable)].join('; ')
    : configured
      ? `MEDALLION_PYTHON=${configured} does not start`
      : 'no Python was found on the PATH';
  throw new Failure(
    `Python ${PYTHON_VERSIONS.slice(0, -1).join(', ')} or ${PYTHON_VERSIONS.at(-1)} is required: ${found}. `
      + 'Install Python 3.11, or set MEDALLION_PYTHON to an interpreter.',
    1,
  );
}
