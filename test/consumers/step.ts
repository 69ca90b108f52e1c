import { ChildProcess, spawn } from 'child_process';
import * as fs from 'fs';

/** The working directory and environment of a program. */
export interface StepOptions {
  readonly cwd: string;
  /** Environment variables to add to the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

let running: ChildProcess | undefined;

/**
 * Runs a program and returns its standard output. Prints the name of the step and its duration. The output of the
 * program is shown only if it fails.
 */
export function step(what: string, command: string, args: string[], { cwd, env }: StepOptions): Promise<string> {
  process.stderr.write(`  ${what} … `);
  const began = Date.now();
  return new Promise((resolve, reject) => {
    let [stdout, printed] = ['', ''];
    // In its own process group, so that child processes are killed with it.
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
        : reject(new Error(`${what}: ${[command, ...args].join(' ')} exited with code ${code}\n${printed}`));
    });
  });
}

/**
 * Calls `main` with the command line arguments, and deletes the work folder when it completes, fails or receives a
 * signal.
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
