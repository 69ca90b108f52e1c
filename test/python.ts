/**
 * The checks of the Python side: ruff, mypy, and pytest on real Spark and the emulator.
 *
 * Run by `npx projen test:python`. With arguments it runs one tool in the same environment: `npx projen test:python pytest -k zip`.
 * What is needed is set up as `medallion run` does it, with the tools on top.
 */
import { spawnSync } from 'child_process';
import * as path from 'path';
import { isComplete, makePart, partName, withCacheLocked } from '../src/cli/cache';
import { cleanEnvironment } from '../src/cli/child';
import { setUpLake, setUpRun } from '../src/cli/environment';
import { Progress } from '../src/cli/progress';
import { findPython } from '../src/cli/python';

const TEMPLATES = path.join(__dirname, '..', 'glue-templates');

async function main(args: string[]): Promise<void> {
  const progress = new Progress();
  const job = await setUpRun('5.0', progress);
  const lakePython = await setUpLake(progress);
  const tools = await setUpTools();
  const env = cleanEnvironment({ JAVA_HOME: job.javaHome, LAKE_PYTHON: lakePython });
  const run = (tool: string, ...toolArgs: string[]) => {
    const { status } = spawnSync(path.join(tools, 'bin', tool), toolArgs, { cwd: TEMPLATES, env, stdio: 'inherit' });
    if (status !== 0) {
      process.exit(status ?? 1);
    }
  };

  if (args.length > 0) {
    run(args[0], ...args.slice(1));
    return;
  }
  run('ruff', 'format', '--check', '.');
  run('ruff', 'check', '.');
  run('mypy');
  run('pytest');
}

/** A Python with the job's packages and the tools, kept in the same cache. */
async function setUpTools(): Promise<string> {
  const python = findPython();
  const locked = ['setuptools', 'dev'].map(name => path.join(TEMPLATES, 'requirements', `${name}.txt`));
  const tools = partName(`dev-python${python.version}`, locked);
  if (!isComplete(tools)) {
    console.error('Setting up the Python tools …');
    await withCacheLocked(() => undefined, () => makePart(tools, async () => {
      const pip = [path.join(tools, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', '--require-hashes', '--disable-pip-version-check'];
      const steps = [[python.executable, '-m', 'venv', tools], ...locked.map(file => [...pip, '--no-build-isolation', '-r', file])];
      for (const [command, ...commandArgs] of steps) {
        const { status } = spawnSync(command, commandArgs, { env: cleanEnvironment({}), stdio: ['ignore', 2, 2] });
        if (status !== 0) {
          throw new Error(`${[command, ...commandArgs].join(' ')} failed`);
        }
      }
    }));
  }
  return tools;
}

void main(process.argv.slice(2));
