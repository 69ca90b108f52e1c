import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from '../../src/cli/child';
import { Progress } from '../../src/cli/progress';
import { findPython } from '../../src/cli/python';
import { lockedPython } from '../locked-python';

const TEMPLATES = path.join(__dirname, '..', '..', 'glue-templates');
const DEPLOY_TESTS = path.join(TEMPLATES, 'tests', 'deploy');

/** The account of the emulator (ministack), and the region of this test. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

/** Environment variables for clients of the emulator. They contain no real credentials. */
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

/** Starts the emulator and returns its endpoint when it is ready. The emulator stops with this process. */
export async function startEmulator(
  python: string, scratch: string, log: string, added: Record<string, string> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = cleanEnvironment({
      PYTHONPATH: [DEPLOY_TESTS, LOCAL_GLUE].join(path.delimiter),
      TMPDIR: scratch,
      HOME: scratch,
      NO_PROXY: '127.0.0.1',
      ...added,
    });
    const onLine = (line: string) => line.startsWith('http://') && resolve(line);
    const emulator = new Child(python, [path.join(DEPLOY_TESTS, 'start.py')], { env, log, onLine });
    void emulator.exit.then(code => reject(new Error(`The emulator exited with code ${code}.`)), reject);
  });
}

/** Creates a Python environment with the emulator and boto3, in the cache of `medallion run`. */
export async function setUpPython(progress: Progress): Promise<string> {
  const { version, executable } = findPython();
  const folder = await lockedPython(
    {
      name: `deploy-python${version}`,
      title: 'Setting up the emulator (20 MB)',
      base: executable,
      locked: 'deploy.txt',
    },
    progress,
  );
  return path.join(folder, 'bin', 'python');
}
