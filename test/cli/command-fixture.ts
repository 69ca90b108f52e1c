import { ChildProcess, execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { onTerminal, TerminalOutput } from './terminal';
import { LOAD_TYPESCRIPT } from '../load-typescript';

export const ROOT = path.join(__dirname, '..', '..');
const MODULES = path.join(ROOT, 'node_modules');
const DATA = path.join(MODULES, 'vega-datasets', 'data');

/** The text of a sample data file. */
export function sample(name: string): string {
  return fs.readFileSync(path.join(DATA, name), 'utf8');
}

/** A running command. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** Runs the command as a child process with an app and a lake in a temporary folder. */
export class CommandFixture {
  public readonly lake: string;
  public readonly assembly: string;
  private readonly work = temporaryFolder();
  private readonly command: string[];

  /**
   * @param app the file of the app
   * @param main the arguments of Node that run the command; by default, from its sources
   */
  public constructor(
    private readonly app: string, main = [...LOAD_TYPESCRIPT, path.join(ROOT, 'src', 'cli', 'main.ts')],
  ) {
    this.lake = path.join(this.work, '.medallion');
    this.assembly = path.join(this.work, 'cdk.out');
    this.command = [...main, '--app', this.assembly, '--data', this.lake];
  }

  /** Writes the cloud assembly of the app as `cdk synth` does, with the library from src/. */
  public synthesize(source: string): void {
    const library = path.join(this.work, 'modules', 'cdk-glue-medallion');
    fs.mkdirSync(library, { recursive: true });
    fs.writeFileSync(
      path.join(library, 'package.json'),
      JSON.stringify({ main: path.relative(library, path.join(ROOT, 'src', 'index.ts')) }),
    );
    const env = environment({
      NODE_PATH: [path.dirname(library), MODULES].join(path.delimiter),
      CDK_OUTDIR: this.assembly,
      CDK_CONTEXT_JSON: JSON.stringify({ source }),
    });
    execFileSync(process.execPath, [...LOAD_TYPESCRIPT, this.app], { env, cwd: path.dirname(this.app) });
  }

  public start(args: string[], env: Record<string, string> = {}): Running {
    const child = spawn(process.execPath, [...this.command, ...args], { env: environment(env) });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', data => { stdout += data; });
    child.stderr.on('data', data => { stderr += data; });
    return {
      process: child,
      ended: new Promise(resolve => child.once('close', resolve)),
      stdout: () => stdout,
      stderr: () => stderr,
    };
  }

  /**
   * Runs the command on a terminal.
   *
   * @param stdout the file for standard output; by default, the terminal
   */
  public onTerminal(args: string[], columns: number, stdout?: string): Promise<TerminalOutput> {
    return onTerminal([process.execPath, ...this.command, ...args], columns, environment({}), stdout);
  }

  /** The rows of a query. */
  public query(sql: string): Record<string, string | number>[] {
    const rows = execFileSync(process.execPath, [...this.command, 'query', sql, '--json'], {
      encoding: 'utf8',
      env: environment({}),
      maxBuffer: 2 ** 28,
    });
    return JSON.parse(rows) as Record<string, string | number>[];
  }

  /** The newest run record of a bronze dataset. */
  public lastRecord(dataset: string): Record<string, unknown> {
    const [record] = fs
      .readdirSync(this.lake, { recursive: true, encoding: 'utf8' })
      .filter(file => new RegExp(`/etl/${dataset}/runs/bronze/run_id=[^/.]*\\.json$`).test(file))
      .sort()
      .reverse();
    return JSON.parse(fs.readFileSync(path.join(this.lake, record), 'utf8')) as Record<string, unknown>;
  }

  /** The IDs of the processes that the command started. */
  public processes(): number[] {
    return processesOf(this.lake);
  }

  /** The IDs of the JVMs that the command started. */
  public jvms(): number[] {
    const jvms = this.processes().filter(pid => {
      // The JVM of the launcher of Spark, which starts before it, has less memory.
      return read(`/proc/${pid}/cmdline`).split('\0').includes('-Xmx2g');
    });
    // A process that a JVM starts has the command line of the JVM at first.
    return jvms.filter(pid => !jvms.includes(Number(/^PPid:\s+(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1])));
  }

  /** The IDs of the processes that still run five seconds after the command ended. */
  public async remainingProcesses(): Promise<number[]> {
    for (let attempts = 0; this.processes().length > 0 && attempts < 50; attempts++) {
      await wait(100);
    }
    return this.processes();
  }

  public remove(): void {
    fs.rmSync(this.work, { recursive: true });
  }
}

/** The IDs of the processes that commands started for a lake. They store their temporary files in it. */
export function processesOf(lake: string): number[] {
  return fs.readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && read(`/proc/${name}/environ`).includes(`TMPDIR=${lake}`))
    .map(Number);
}

/** A file of a process. Empty if the process has ended. */
function read(file: string): string {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

export function wait(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

function environment(added: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, ...added };
}
