import { ChildProcess, spawn } from 'child_process';
import * as fs from 'fs';

/** Where a program runs, and with what. */
export interface StepOptions {
  readonly cwd: string;
  /** What is added to this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
}

let running: ChildProcess | undefined;

/**
 * Runs a program to its end and returns what it printed on standard output; says what it is for, and then how long it
 * took. What it printed is shown only if it fails.
 */
export function step(what: string, command: string, args: string[], { cwd, env }: StepOptions): Promise<string> {
  process.stderr.write(`  ${what} … `);
  const began = Date.now();
  return new Promise((resolve, reject) => {
    let [stdout, printed] = ['', ''];
    // A group of its own, which ends with all that the program started.
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running = child;
    child.stdout.on('data', data => { stdout += data; printed += data; });
    child.stderr.on('data', data => { printed += data; });
    child.on('error', reject);
    child.on('close', code => {
      running = undefined;
      process.stderr.write(`${code === 0 ? '' : 'failed, '}${((Date.now() - began) / 1000).toFixed(0)} s\n`);
      return code === 0
        ? resolve(stdout)
        : reject(new Error(`${what}: ${[command, ...args].join(' ')} ended with ${code}\n${printed}`));
    });
  });
}

/**
 * Runs a program of ours with the arguments it was given, and takes its folder away however it ends: by itself, by an
 * error or by a signal.
 */
export function runToEnd(main: (given: string[]) => Promise<void>, work: string): void {
  const cleanUp = () => {
    if (running?.pid !== undefined) {
      process.kill(-running.pid, 'SIGKILL');
    }
    fs.rmSync(work, { recursive: true, force: true });
  };
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
    process.once(signal, () => {
      cleanUp();
      process.exit(code);
    });
  }
  main(process.argv.slice(2)).catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  }).finally(cleanUp);
}
