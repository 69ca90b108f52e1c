import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { CommandFixture, sample } from './command-fixture';
import { PipelineResult } from '../../src/cli/pipeline-result';

const ZIPCODES = sample('zipcodes.csv').trim().split(/\r?\n/);
const STATES = new Set(ZIPCODES.slice(1).map(line => line.split(',')[4])).size;

const medallion = new CommandFixture(path.join(__dirname, 'pipeline-app.ts'));
let isMissing = true;
let server: http.Server;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const isKnown = request.headers['if-none-match'] === '"1"';
    response.writeHead(isMissing ? 404 : isKnown ? 304 : 200, { ETag: '"1"' });
    response.end(isMissing || isKnown ? '' : ZIPCODES.join('\n'));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  medallion.synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterAll(() => {
  server.close();
  medallion.remove();
});

interface Run {
  readonly code: number | null;
  /** The jobs that started. */
  readonly jobs: string[];
  /** The command that resumes the run, if it is printed. */
  readonly next?: string;
  readonly result: PipelineResult;
}

async function run(...options: string[]): Promise<Run> {
  const command = medallion.start(['run', '--pipeline', 'daily', '--json', ...options]);
  const code = await command.ended;
  const jobs = command.stderr().match(/(?<=^Running )\S+/gm) ?? [];
  const next = /^To run only the datasets that failed or were skipped: (.*)$/m.exec(command.stderr())?.[1];
  return { code, jobs, next, result: JSON.parse(command.stdout()) as PipelineResult };
}

const JOBS = ['pp-dw-bronze-zipcodes', 'pp-dw-gold-states'];
const OTHER_APP = {
  dataset: 'silver/regions',
  status: 'not_run',
  reason: 'another app deploys it: to run it, pass the cloud assembly of that app to --app',
};

test('a failed run is resumed, and then a derived dataset runs only if an input has published', async () => {
  const failed = await run();
  expect(failed).toEqual({
    code: 1,
    jobs: [JOBS[0]],
    next: `npx medallion --app ${medallion.assembly} --data ${medallion.lake} run --pipeline daily --resume`,
    result: {
      pipeline: 'daily',
      datasets: [
        {
          dataset: 'bronze/zipcodes',
          status: 'failed',
          seconds: expect.any(Number),
          run_id: expect.any(String),
          reason: expect.stringMatching(/^SOURCE_NOT_FOUND: .*404/),
        },
        { dataset: 'gold/states', status: 'skipped', reason: 'not run because of bronze/zipcodes (failed)' },
        OTHER_APP,
      ],
    },
  });

  isMissing = false;
  const resumed = await run('--resume');
  expect(resumed).toMatchObject({
    code: 0,
    jobs: JOBS,
    next: undefined,
    result: {
      datasets: [
        { dataset: 'bronze/zipcodes', status: 'published', rows: ZIPCODES.length - 1 },
        { dataset: 'gold/states', status: 'published', rows: STATES },
        OTHER_APP,
      ],
    },
  });

  const unchanged = await run();
  expect(unchanged).toMatchObject({
    code: 0,
    jobs: [JOBS[0]],
    result: {
      datasets: [
        {
          dataset: 'bronze/zipcodes', status: 'unchanged', rows: ZIPCODES.length - 1, reason: 'the source is unchanged',
        },
        {
          dataset: 'gold/states',
          status: 'unchanged',
          rows: STATES,
          run_id: resumed.result.datasets[1].run_id,
          reason: 'no input has published since the last run',
        },
        OTHER_APP,
      ],
    },
  });

  const again = medallion.start(['run', '--pipeline', 'daily', '--resume']);
  expect(await again.ended).toBe(2);
  expect(again.stderr()).toContain(
    'error: --resume requires a failed run, but the last local run of the pipeline "daily" succeeded',
  );
});
