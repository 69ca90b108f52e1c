import { ChildProcess, spawn } from 'child_process';
import * as path from 'path';
import * as readline from 'readline';

const CALLS = path.join(__dirname, '..', '..', 'glue-templates', 'tests', 'deploy', 'calls.py');

/** The result of a call: the response of boto3, or the error code. */
export type CallResult = { readonly response: any } | { readonly error: string };

/** A client of the AWS API. Starts one Python process with boto3 for all calls. */
export class Aws {
  private readonly process: ChildProcess;
  private readonly responses: AsyncIterator<string>;

  constructor(python: string, env: NodeJS.ProcessEnv) {
    this.process = spawn(python, [CALLS], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.responses = readline.createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]();
  }

  /** Calls a boto3 operation, for example `call('glue', 'get_job', { JobName: '…' })`. Calls run one at a time. */
  async call(service: string, operation: string, parameters: object = {}): Promise<CallResult> {
    this.process.stdin!.write(`${JSON.stringify({ service, operation, parameters })}\n`);
    const { value, done } = await this.responses.next();
    if (done) {
      throw new Error(`boto3 stopped in ${service}.${operation}(${JSON.stringify(parameters)}). See the error above.`);
    }
    return JSON.parse(value);
  }

  /** Stops the Python process, which exits when its standard input ends. */
  close(): void {
    this.process.stdin!.end();
  }
}
