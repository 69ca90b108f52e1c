import { spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { ROOT } from './command-fixture';
import { LOAD_TYPESCRIPT } from '../load-typescript';

const MAIN = path.join(ROOT, 'src', 'cli', 'main.ts');

/** The exit code and the output of a process. */
export interface ProcessResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in a folder and blocks until it ends. */
export function medallionIn(cwd: string, args: string[]): ProcessResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...LOAD_TYPESCRIPT, MAIN, ...args], {
    encoding: 'utf8',
    cwd,
  });
  return { code: status, stdout, stderr };
}

/** Runs the command in a folder without blocking, so that a server in this process can respond to its requests. */
export async function startMedallionIn(cwd: string, args: string[]): Promise<ProcessResult> {
  const child = spawn(process.execPath, [...LOAD_TYPESCRIPT, MAIN, ...args], { cwd });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', data => { stdout += data; });
  child.stderr.on('data', data => { stderr += data; });
  const code = await new Promise<number | null>(resolve => child.once('close', resolve));
  return { code, stdout, stderr };
}

/** Installs the packages of an app from this repository: its node_modules, and the library from src/. */
export function installInto(app: string): void {
  const modules = path.join(app, 'node_modules');
  fs.mkdirSync(path.join(modules, 'cdk-glue-medallion'), { recursive: true });
  for (const name of ['aws-cdk-lib', 'constructs']) {
    fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  }
  fs.writeFileSync(
    path.join(modules, 'cdk-glue-medallion', 'package.json'),
    JSON.stringify({ main: path.join(ROOT, 'src', 'index.ts') }),
  );
}

/** Runs a file of an app. The app writes its cloud assembly to cdk.out. */
export function runIn(app: string, file: string): ProcessResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...LOAD_TYPESCRIPT, file], {
    encoding: 'utf8',
    env: { ...process.env, CDK_OUTDIR: path.join(app, 'cdk.out') },
    cwd: app,
  });
  return { code: status, stdout, stderr };
}
