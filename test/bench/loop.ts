/**
 * Benchmarks `medallion run` with a dataset of the quickstart: the time to its first line of output, to the first line
 * of the job, and to the end.
 *
 * Run by `npm run bench:loop -- [--rounds 3] [--cold]`. A warm-up run fills the cache and is not measured. Then each
 * round measures a run with an empty lake, and a second run of the same lake with `--force`. With `--cold`, the first
 * measured run uses an empty cache and downloads 500 MB.
 */
import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import { tmpdir } from 'os';
import * as path from 'path';
import { parseArgs } from 'util';
import { zipSync } from 'fflate';
import { CommandFixture, ROOT, sample } from '../cli/command-fixture';

/** Seconds since the start of the command. */
interface Times {
  readonly firstLine: number;
  readonly job: number;
  readonly end: number;
}

/** Matches the first line of output of the job. */
const JOB_OUTPUT = /run_id/;

async function time(medallion: CommandFixture, args: string[], env: Record<string, string> = {}): Promise<Times> {
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const run = medallion.start(['run', 'zipcodes', ...args], env);
  let [firstLine, job, printed] = [NaN, NaN, ''];
  for (const stream of [run.process.stdout, run.process.stderr]) {
    stream?.on('data', data => {
      printed += String(data);
      firstLine = isNaN(firstLine) ? seconds() : firstLine;
      job = isNaN(job) && JOB_OUTPUT.test(printed) ? seconds() : job;
    });
  }
  if (await run.ended !== 0) {
    throw new Error(printed);
  }
  return { firstLine, job, end: seconds() };
}

function median(values: number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}

function print(what: string, times: Times[]): void {
  const columns = [times.map(each => each.firstLine), times.map(each => each.job), times.map(each => each.end)];
  console.log(what.padEnd(34) + columns.map(values => median(values).toFixed(1).padStart(11)).join(''));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '3' }, cold: { type: 'boolean', default: false } },
  });
  const archive = zipSync({ 'zipcodes.csv': Buffer.from(sample('zipcodes.csv')) });
  const server = http.createServer((_request, response) => response.writeHead(200).end(archive));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const medallion = new CommandFixture(path.join(ROOT, 'integ', 'quickstart', 'app.ts'));
  try {
    medallion.synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    console.log(
      'medallion run zipcodes, s'.padEnd(34)
        + ['first line', 'job starts', 'end'].map(each => each.padStart(11)).join(''),
    );
    if (values.cold) {
      const cache = fs.mkdtempSync(path.join(tmpdir(), 'bench-loop-'));
      print('with an empty cache', [await time(medallion, [], { MEDALLION_CACHE: cache })]);
      fs.rmSync(cache, { recursive: true });
    }
    await time(medallion, ['--force']);
    const [fresh, again]: [Times[], Times[]] = [[], []];
    for (let round = 0; round < Number(values.rounds); round++) {
      fs.rmSync(medallion.lake, { recursive: true });
      fresh.push(await time(medallion, []));
      again.push(await time(medallion, ['--force']));
    }
    print('with an empty lake', fresh);
    print('second run, with --force', again);
  } finally {
    server.close();
    medallion.remove();
  }
}

void main();
