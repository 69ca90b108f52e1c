import { spawn, ChildProcess } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import * as readline from 'readline';

/** Options of a child process. */
export interface ChildOptions {
  /** All environment variables of the process. */
  readonly env: NodeJS.ProcessEnv;
  /** The working directory; by default, the working directory of this process. */
  readonly cwd?: string;
  /** The file to which standard error is appended, or a function that is called with each of its lines. */
  readonly log: string | ((line: string) => void);
  /** Called with each line of standard output. */
  readonly onLine: (line: string) => void;
  /** Called after {@link interrupt} has stopped the process. Processes without this function are stopped last. */
  readonly onInterrupt?: () => Promise<void>;
}

const running = new Set<Child>();

/**
 * A child process in its own process group. When the child process is stopped, or when this process ends, all processes
 * of the group end.
 *
 * Standard input of the child process is a pipe that contains only the lines of {@link send}. The Python scripts of
 * {@link LOCAL_GLUE} end when the pipe is closed. Start other programs with {@link GUARD}, which stops them when the
 * pipe is closed.
 */
export class Child {
  /** Resolves with the exit code, or undefined after a signal. Never resolves after {@link interrupt}. */
  public readonly exit: Promise<number | undefined>;
  private readonly closed: Promise<void>;
  private readonly process: ChildProcess;
  private isInterrupted = false;

  public constructor(command: string, args: string[], private readonly options: ChildOptions) {
    const log = typeof options.log === 'string' ? fs.openSync(options.log, 'a') : undefined;
    const { cwd, env } = options;
    this.process = spawn(command, args, { cwd, detached: true, env, stdio: ['pipe', 'pipe', log ?? 'pipe'] });
    if (log !== undefined) {
      fs.closeSync(log);
    }
    running.add(this);
    const { stdin, stdout, stderr } = this.process;
    // Writing to a process that has ended fails. The error is ignored, because the exit code shows the reason.
    stdin?.on('error', () => undefined);
    if (stdout) {
      readline.createInterface({ input: stdout }).on('line', options.onLine);
    }
    if (stderr && typeof options.log === 'function') {
      readline.createInterface({ input: stderr }).on('line', options.log);
    }
    this.exit = new Promise((resolve, reject) => {
      this.process.on('error', reject);
      this.process.on('close', code => this.isInterrupted || resolve(code ?? undefined));
    });
    this.closed = new Promise(resolve => {
      this.process.on('error', () => resolve());
      this.process.on('close', () => resolve());
    });
    void this.closed.then(() => running.delete(this));
  }

  /** {@link ChildOptions.onInterrupt} */
  public get onInterrupt(): (() => Promise<void>) | undefined {
    return this.options.onInterrupt;
  }

  /** Writes a line to standard input. */
  public send(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  /** After this call, {@link exit} does not resolve when the process ends. */
  public ignoreExit(): void {
    this.isInterrupted = true;
  }

  /**
   * Kills the process group and waits until the process has ended. SIGKILL is safe: run_job.py and emulator.py write
   * files atomically.
   */
  public async stop(): Promise<void> {
    const pid = this.process.pid;
    if (pid !== undefined && this.process.exitCode === null && this.process.signalCode === null) {
      process.kill(-pid, 'SIGKILL');
    }
    await this.closed;
  }
}

/**
 * Stops all child processes. Code that waits for one of them is not resumed.
 *
 * @param isUrgent whether to skip `onInterrupt` of the processes
 */
export async function interrupt(isUrgent = false): Promise<void> {
  const children = [...running];
  const closing = isUrgent ? [] : children.filter(child => child.onInterrupt);
  children.forEach(child => child.ignoreExit());
  await Promise.all(closing.map(async child => {
    await child.stop();
    await child.onInterrupt?.();
  }));
  await Promise.all([...running].map(child => child.stop()));
}

/** The Python scripts of the local substitute for Glue. */
export const LOCAL_GLUE = path.join(__dirname, '..', '..', 'glue-templates', 'local_glue');

/** The script that runs a given command and stops it when this process ends. */
export const GUARD = path.join(LOCAL_GLUE, 'parent.py');

/**
 * The environment variables of this process, without variables that change the behavior of Python, Spark or Java, and
 * without AWS variables, so that no AWS account is accessed.
 */
export function cleanEnvironment(added: Record<string, string>): NodeJS.ProcessEnv {
  const unwanted =
    /^(AWS_|PYTHON|PYSPARK|SPARK_|HADOOP_|VIRTUAL_ENV|CONDA_|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|JAVA_TOOL_OPTIONS|PIP_USER|PIP_TARGET|PIP_PREFIX|PIP_REQUIRE_VIRTUALENV)/;
  const kept = Object.entries(process.env).filter(([name]) => !unwanted.test(name));
  return { ...Object.fromEntries(kept), PYTHONUTF8: '1', PYTHONUNBUFFERED: '1', ...added };
}
