/**
 * The bronze job beside other ways to make Parquet of the same file. What it takes and prints:
 * glue-templates/bench/README.md.
 *
 * Run by `npm run bench`. Sets up what the other ways need, then runs glue-templates/bench/compare.py as `npx projen
 * test:python` runs a tool.
 */
import { spawnSync } from 'child_process';
import * as path from 'path';
import { setUpPackages } from '../../src/cli/environment';
import { Progress } from '../../src/cli/progress';
import { lockedPython } from '../locked-python';

async function main(args: string[]): Promise<void> {
  const base = await setUpPackages(new Progress());
  const dlt = await lockedPython({
    name: 'bench',
    title: 'Setting up dlt, with which the job is compared',
    base,
    locked: 'bench.txt',
  });
  const script = path.join(__dirname, '..', 'python.ts');
  const command = ['--require', 'ts-node/register', script, 'python', '-m', 'bench.compare', ...args];
  const { status } = spawnSync(process.execPath, command, {
    env: { ...process.env, DLT_PYTHON: path.join(dlt, 'bin', 'python') },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

void main(process.argv.slice(2));
