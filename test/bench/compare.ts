/**
 * Benchmarks the bronze job against other tools that convert the same file to Parquet. For arguments and output, see
 * glue-templates/bench/README.md.
 *
 * Run by `npm run bench`. Sets up the other tools, then runs glue-templates/bench/compare.py in the environment of
 * `npx projen test:python`.
 */
import { spawnSync } from 'child_process';
import * as path from 'path';
import { setUpPackages } from '../../src/cli/environment';
import { Progress } from '../../src/cli/progress';
import { lockedPython } from '../locked-python';

async function main(args: string[]): Promise<void> {
  const base = await setUpPackages('5.0', new Progress());
  const dlt = await lockedPython({
    name: 'bench',
    title: 'Setting up dlt for the comparison',
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
