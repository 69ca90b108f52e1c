/**
 * Benchmarks `medallion test` with 20 tests: four copies of the tests of the quickstart, of a query with a join, and of
 * a history.
 *
 * Run by `npm run bench:tests -- [--rounds 3]`. A warm-up run fills the cache and is not measured. Prints the median
 * time of the command, and the load of the machine, because other processes make Spark slower.
 */
import * as fs from 'fs';
import { loadavg, availableParallelism } from 'os';
import * as path from 'path';
import { parseArgs } from 'util';
import { temporaryFolder } from '../cli/assembly-fixture';
import { CommandFixture, ROOT } from '../cli/command-fixture';

const TESTS = 20;
const TARGET_SECONDS = 30;
const QUICKSTART = path.join(ROOT, 'integ', 'quickstart');

/** Writes files with the tests of the quickstart, each four times. Returns their folder. */
function writeTests(): string {
  const folder = path.join(temporaryFolder(), 'tests');
  fs.mkdirSync(folder, { recursive: true });
  for (const name of ['airport-cities', 'airports-history']) {
    const text = fs.readFileSync(path.join(QUICKSTART, 'gold', 'tests', `${name}.yaml`), 'utf8');
    for (let copy = 0; copy < 4; copy++) {
      fs.writeFileSync(path.join(folder, `${name}-${copy}.yaml`), text);
    }
  }
  return folder;
}

async function seconds(medallion: CommandFixture, tests: string): Promise<number> {
  const begin = performance.now();
  const run = medallion.start(['test', '--tests', tests, '--json']);
  const code = await run.ended;
  const elapsed = (performance.now() - begin) / 1000;
  if (code !== 0 || (JSON.parse(run.stdout()) as { passed: number }).passed !== TESTS) {
    throw new Error(run.stdout() + run.stderr());
  }
  return elapsed;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
  const medallion = new CommandFixture(path.join(QUICKSTART, 'app.ts'));
  const tests = writeTests();
  try {
    medallion.synthesize('http://127.0.0.1:1');
    await seconds(medallion, tests);
    const measured: number[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      measured.push(await seconds(medallion, tests));
    }
    const median = measured.sort((one, other) => one - other)[Math.floor(measured.length / 2)];
    console.log(
      `${TESTS} tests, warm: ${median.toFixed(1)} s (target: < ${TARGET_SECONDS} s; ${availableParallelism()} cores, `
        + `load ${loadavg()[0].toFixed(1)})`,
    );
  } finally {
    medallion.remove();
    fs.rmSync(tests, { recursive: true });
  }
}

void main();
