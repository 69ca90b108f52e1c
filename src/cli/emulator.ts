import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Failure } from './failure';
import { Lake } from './lake';

/** The exit code of the emulator if an object cannot be stored. */
const STORAGE_FAILED = 74;

/** The access key of requests that are not limited to the permissions of a role. */
const UNLIMITED = 'test';

/** Serves the S3 and Glue APIs of a local lake on 127.0.0.1 while a command runs. */
export class Emulator {
  /**
   * Starts the emulator and waits until it accepts requests.
   *
   * @param python the Python interpreter of the lake's environment
   * @param port the port to listen on; default: a free port
   */
  public static async start(python: string, lake: Lake, port = 0): Promise<Emulator> {
    const log = path.join(lake.scratch, 'emulator.log');
    let onEndpoint: (line: string) => void = () => undefined;
    const firstLine = new Promise<string>(resolve => { onEndpoint = resolve; });
    const roles = path.join(lake.scratch, 'roles');
    fs.mkdirSync(roles, { recursive: true });
    const script = path.join(LOCAL_GLUE, 'emulator.py');
    const child = new Child(python, [script, '--data', lake.buckets, '--roles', roles, '--port', String(port)], {
      env: cleanEnvironment({ TMPDIR: lake.scratch }),
      log,
      onLine: onEndpoint,
    });
    const endpoint = await Promise.race([firstLine, child.exit.then(() => undefined)]);
    if (endpoint === undefined) {
      throw new Failure(`The local S3 emulator did not start: ${lastLine(log)}`, 1);
    }
    return new Emulator(endpoint, child, log, roles);
  }

  /** Environment variables that make all AWS clients send their requests to the emulator instead of AWS. */
  public readonly clientEnvironment: Record<string, string>;

  private constructor(
    public readonly endpoint: string,
    private readonly child: Child,
    private readonly log: string,
    private readonly roles: string,
  ) {
    this.clientEnvironment = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: UNLIMITED,
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      NO_PROXY: [process.env.NO_PROXY, '127.0.0.1', 'localhost'].filter(Boolean).join(','),
    };
  }

  /**
   * Limits the requests that use an access key to the permissions of a role. Denied requests get the same response as
   * in AWS.
   *
   * @param accessKey letters, digits, hyphens and underscores
   * @param policies the policy documents of the role
   */
  public limit(accessKey: string, policies: unknown[]): void {
    fs.writeFileSync(path.join(this.roles, `${accessKey}.json`), JSON.stringify(policies));
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
