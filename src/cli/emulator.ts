import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Failure } from './failure';
import { Lake } from './lake';

/** Exit code of the emulator when an object could not be written. */
const CANNOT_STORE = 74;

/** The S3 API of a lake, for as long as a command runs. It listens on 127.0.0.1 alone, on a port that was free. */
export class Emulator {
  /**
   * Starts it and waits until it answers.
   *
   * @param python of the lake's environment
   */
  public static async start(python: string, lake: Lake): Promise<Emulator> {
    const log = path.join(lake.scratch, 'emulator.log');
    let announce: (line: string) => void = () => undefined;
    const announced = new Promise<string>(resolve => { announce = resolve; });
    const child = new Child(python, [path.join(LOCAL_GLUE, 'emulator.py'), '--data', lake.buckets], {
      env: cleanEnvironment({ TMPDIR: lake.scratch }),
      log,
      onLine: announce,
    });
    const endpoint = await Promise.race([announced, child.exit.then(() => undefined)]);
    if (endpoint === undefined) {
      throw new Failure(`The S3 emulator did not start: ${lastLine(log)}`, 1);
    }
    return new Emulator(endpoint, child, log);
  }

  /** Settings that lead every AWS client to the emulator, and none to AWS. */
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

  /** Rejects when the emulator ends before it is stopped: a disk that is full, most of all. */
  public async broken(): Promise<never> {
    const code = await this.child.exit;
    const said = lastLine(this.log);
    const cause = /No space left/.test(said) ? 'its disk is full' : said;
    throw new Failure(code === CANNOT_STORE
      ? `The lake cannot be written: ${cause}. Free some space, or use another folder with --data DIR.`
      : `The S3 emulator ended: ${said}`, 1);
  }

  public async stop(): Promise<void> {
    await this.child.stop();
  }
}

function lastLine(file: string): string {
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  return lines[lines.length - 1] || 'it said nothing';
}
