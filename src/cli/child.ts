import { spawn, ChildProcess } from 'child_process';
import * as path from 'path';
import * as readline from 'readline';

/** How to start a process. */
export interface ChildOptions {
  /** Its whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** File descriptor for its standard error. */
  readonly log: number;
  /** Called with each line of its standard output. Without it, standard output goes to the log too. */
  readonly onLine?: (line: string) => void;
}

const running = new Set<Child>();

/**
 * A process of ours, with a process group of its own: it ends with everything it started, when we say so and when we die.
 *
 * We hold the other end of its standard input and never write: the Python scripts end when that end is gone.
 * Other programs are started through {@link GUARD}, which does it for them.
 */
export class Child {
  /** Resolves with the exit code, or undefined when a signal ended it. */
  public readonly exit: Promise<number | undefined>;
  private readonly process: ChildProcess;

  public constructor(command: string, args: string[], options: ChildOptions) {
    this.process = spawn(command, args, {
      detached: true,
      env: options.env,
      stdio: ['pipe', options.onLine ? 'pipe' : options.log, options.log],
    });
    running.add(this);
    if (options.onLine && this.process.stdout) {
      readline.createInterface({ input: this.process.stdout }).on('line', options.onLine);
    }
    this.exit = new Promise((resolve, reject) => {
      this.process.on('error', reject);
      this.process.on('close', code => {
        running.delete(this);
        resolve(code ?? undefined);
      });
    });
  }

  /** Ends the process and all of its group at once, and waits until it is gone. Nothing that matters is half written: see run_job.py and emulator.py. */
  public async stop(): Promise<void> {
    const pid = this.process.pid;
    if (pid !== undefined && this.process.exitCode === null && this.process.signalCode === null) {
      process.kill(-pid, 'SIGKILL');
    }
    await this.exit.catch(() => undefined);
  }
}

/** Ends every process that was started here. */
export async function stopChildren(): Promise<void> {
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
  const unwanted = /^(AWS_|PYTHON|PYSPARK|SPARK_|HADOOP_|VIRTUAL_ENV|CONDA_|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|JAVA_TOOL_OPTIONS|PIP_USER|PIP_TARGET|PIP_PREFIX|PIP_REQUIRE_VIRTUALENV)/;
  const kept = Object.entries(process.env).filter(([name]) => !unwanted.test(name));
  return { ...Object.fromEntries(kept), PYTHONUTF8: '1', PYTHONUNBUFFERED: '1', ...added };
}
