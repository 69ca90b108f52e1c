import { spawn, ChildProcess } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import * as readline from 'readline';

/** How to start a process. */
export interface ChildOptions {
  /** Its whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** File to which its standard error is added. */
  readonly log: string;
  /** Called with each line of its standard output. */
  readonly onLine: (line: string) => void;
}

const running = new Set<Child>();
let interrupted = false;

/**
 * A process of ours, with a process group of its own: it ends with everything it started, when we say so and when we
 * die.
 *
 * We hold the other end of its standard input and never write: the Python scripts end when that end is gone.
 * Other programs are started through {@link GUARD}, which does it for them.
 */
export class Child {
  /** Resolves with the exit code, or undefined when a signal ended it; never once the command was interrupted. */
  public readonly exit: Promise<number | undefined>;
  private readonly closed: Promise<void>;
  private readonly process: ChildProcess;

  public constructor(command: string, args: string[], options: ChildOptions) {
    const log = fs.openSync(options.log, 'a');
    this.process = spawn(command, args, { detached: true, env: options.env, stdio: ['pipe', 'pipe', log] });
    fs.closeSync(log);
    running.add(this);
    if (this.process.stdout) {
      readline.createInterface({ input: this.process.stdout }).on('line', options.onLine);
    }
    this.exit = new Promise((resolve, reject) => {
      this.process.on('error', reject);
      this.process.on('close', code => interrupted || resolve(code ?? undefined));
    });
    this.closed = new Promise(resolve => {
      this.process.on('error', () => resolve());
      this.process.on('close', () => resolve());
    });
    void this.closed.then(() => running.delete(this));
  }

  /**
   * Ends the process and all of its group at once, and waits until it is gone. Nothing that matters is half written:
   * see run_job.py and emulator.py.
   */
  public async stop(): Promise<void> {
    const pid = this.process.pid;
    if (pid !== undefined && this.process.exitCode === null && this.process.signalCode === null) {
      process.kill(-pid, 'SIGKILL');
    }
    await this.closed;
  }
}

/** Ends every process that was started here, for good: what waits for one of them is not resumed. */
export async function interrupt(): Promise<void> {
  interrupted = true;
  await Promise.all([...running].map(child => child.stop()));
}

/** Python scripts of the local stand-in for Glue. */
export const LOCAL_GLUE = path.join(__dirname, '..', '..', 'glue-templates', 'local_glue');

/** Runs any command so that it ends when we do. */
export const GUARD = path.join(LOCAL_GLUE, 'parent.py');

/**
 * Our environment without what would change what a child does: settings of Python, Spark and Java, and all of AWS's,
 * so that no real account is ever touched.
 */
export function cleanEnvironment(added: Record<string, string>): NodeJS.ProcessEnv {
  const unwanted =
    /^(AWS_|PYTHON|PYSPARK|SPARK_|HADOOP_|VIRTUAL_ENV|CONDA_|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|JAVA_TOOL_OPTIONS|PIP_USER|PIP_TARGET|PIP_PREFIX|PIP_REQUIRE_VIRTUALENV)/;
  const kept = Object.entries(process.env).filter(([name]) => !unwanted.test(name));
  return { ...Object.fromEntries(kept), PYTHONUTF8: '1', PYTHONUNBUFFERED: '1', ...added };
}
