import { ChildProcess, spawn } from 'child_process';
import * as path from 'path';
import * as readline from 'readline';

const CALLS = path.join(__dirname, '..', '..', 'glue-templates', 'tests', 'deploy', 'calls.py');

/** What AWS says to a call: the response as boto3 gives it, or the code of the error. */
export type Answer = { readonly response: any } | { readonly error: string };

/** The AWS API, through a boto3 that is started once. */
export class Aws {
  private readonly process: ChildProcess;
  private readonly answers: AsyncIterator<string>;

  constructor(python: string, env: NodeJS.ProcessEnv) {
    this.process = spawn(python, [CALLS], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.answers = readline.createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]();
  }

  /** Asks boto3, one call after the other: `call('glue', 'get_job', { JobName: '…' })`. */
  async call(service: string, operation: string, parameters: object = {}): Promise<Answer> {
    this.process.stdin!.write(`${JSON.stringify({ service, operation, parameters })}\n`);
    const { value, done } = await this.answers.next();
    if (done) {
      throw new Error(`boto3 ended at ${service}.${operation}(${JSON.stringify(parameters)}); its error is above`);
    }
    return JSON.parse(value);
  }

  /** Ends boto3: it reads to the end of what it is asked. */
  close(): void {
    this.process.stdin!.end();
  }
}
