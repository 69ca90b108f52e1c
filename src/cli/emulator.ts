import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Failure } from './failure';
import { Lake } from './lake';

/** The exit code of the emulator if an object cannot be stored. */
const STORAGE_FAILED = 74;

/** The S3 API of a local lake while a command runs. It only listens on 127.0.0.1, on a free port. */
export class Emulator {
  /**
   * Starts the emulator and waits until it accepts requests.
   *
   * @param python the Python interpreter of the lake's environment
   */
  public static async start(python: string, lake: Lake): Promise<Emulator> {
    const log = path.join(lake.scratch, 'emulator.log');
    let onEndpoint: (line: string) => void = () => undefined;
    const firstLine = new Promise<string>(resolve => { onEndpoint = resolve; });
    const child = new Child(python, [path.join(LOCAL_GLUE, 'emulator.py'), '--data', lake.buckets], {
      env: cleanEnvironment({ TMPDIR: lake.scratch }),
      log,
      onLine: onEndpoint,
    });
    const endpoint = await Promise.race([firstLine, child.exit.then(() => undefined)]);
    if (endpoint === undefined) {
      throw new Failure(`The local S3 emulator did not start: ${lastLine(log)}`, 1);
    }
    return new Emulator(endpoint, child, log);
  }

  /** Environment variables that send the requests of all AWS clients to the emulator, and none to AWS. */
  public readonly clientEnvironment: Record<string, string>;

  private constructor(public readonly endpoint: string, private readonly child: Child, private readonly log: string) {
    this.clientEnvironment = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      NO_PROXY: [process.env.NO_PROXY, '127.0.0.1', 'localhost'].filter(Boolean).join(','),
    };
  }

  /** Rejects if the emulator ends unexpectedly, for example because the disk is full. */
  public async failure(): Promise<never> {
    const code = await this.child.exit;
    const message = lastLine(this.log);
    const cause = /No space left/.test(message) ? 'the disk is full' : message;
    throw new Failure(code === STORAGE_FAILED
      ? `Cannot write to the local lake: ${cause}. Free some space, or set another folder with --data DIR.`
      : `The local S3 emulator ended unexpectedly: ${message}`, 1);
  }

  public async stop(): Promise<void> {
    await this.child.stop();
  }
}

function lastLine(file: string): string {
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  return lines[lines.length - 1] || 'it printed no message';
}
