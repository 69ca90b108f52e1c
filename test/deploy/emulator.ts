import * as path from 'path';
import { isComplete, makePart, partName, withCacheLocked } from '../../src/cli/cache';
import { Child, cleanEnvironment, GUARD, LOCAL_GLUE } from '../../src/cli/child';
import { Progress } from '../../src/cli/progress';
import { findPython } from '../../src/cli/python';

const TEMPLATES = path.join(__dirname, '..', '..', 'glue-templates');
const OURS = path.join(TEMPLATES, 'tests', 'deploy');
const LOCKED = path.join(TEMPLATES, 'requirements', 'deploy.txt');

/** The account of ministack, and the region of this test. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

/** Settings of the clients, which know of this endpoint and of no account. */
export function clientEnvironment(endpoint: string, added: Record<string, string> = {}): NodeJS.ProcessEnv {
  return cleanEnvironment({
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    NO_PROXY: '127.0.0.1',
    ...added,
  });
}

/** Starts the emulator and gives its endpoint, once it answers. It ends with this process. */
export async function startEmulator(python: string, scratch: string, log: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = cleanEnvironment({ PYTHONPATH: [OURS, LOCAL_GLUE].join(path.delimiter), TMPDIR: scratch, HOME: scratch, NO_PROXY: '127.0.0.1' });
    const emulator = new Child(python, [path.join(OURS, 'start.py')], { env, log, onLine: line => line.startsWith('http://') && resolve(line) });
    void emulator.exit.then(code => reject(new Error(`the emulator ended with ${code}`)), reject);
  });
}

/** A Python with the emulator and boto3, kept in the same cache as those of `medallion run`. */
export async function setUpPython(progress: Progress): Promise<string> {
  const base = findPython();
  const part = partName(`deploy-python${base.version}`, [LOCKED]);
  const python = path.join(part, 'bin', 'python');
  if (!isComplete(part)) {
    const log = `${part}.log`;
    const run = async (...command: string[]) => {
      const child = new Child(base.executable, [GUARD, ...command], { env: cleanEnvironment({}), log, onLine: () => undefined });
      if (await child.exit !== 0) {
        throw new Error(`${command.join(' ')} failed; see ${log}`);
      }
    };
    await progress.step('Setting up the emulator (20 MB)', () => withCacheLocked(() => undefined, () => makePart(part, async () => {
      await run(base.executable, '-m', 'venv', part);
      await run(python, '-m', 'pip', 'install', '--quiet', '--require-hashes', '--disable-pip-version-check', '-r', LOCKED);
    })));
  }
  return python;
}
