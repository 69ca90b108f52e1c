import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { CommandFixture, wait } from './command-fixture';
import { RUNS_ALL } from './e2e-scope';

const AIRPORTS = 'iata,city\nBOS,Boston\nJFK,New York\nSFO,San Francisco\n';

const medallion = new CommandFixture(path.join(__dirname, 'script-app.ts'));
let server: http.Server;

beforeAll(async () => {
  server = http.createServer((_, response) => response.end(AIRPORTS));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  medallion.synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await medallion.start(['run', 'airports']).ended).toBe(0);
});

afterAll(() => {
  server.close();
  medallion.remove();
});

(RUNS_ALL ? test : test.skip)('no job runs in the JVM of a custom script afterwards', async () => {
  const run = medallion.start(['run', '--all', '--jobs', '1']);
  const jvms = new Set<number>();
  while (run.process.exitCode === null) {
    medallion.jvms().forEach(pid => jvms.add(pid));
    await wait(20);
  }
  await run.ended;
  const scripts = run.stderr().match(/^Running pp-dw-gold-\S+/gm) ?? [];
  expect(scripts.length).toBeGreaterThan(1);
  // Each script has its own JVM. The bronze job shares the JVM of the first script of its Glue version.
  expect(jvms.size).toBe(scripts.length);
});

describe.each(RUNS_ALL ? ['5-0', '6-0'] : ['5-0'])('on Glue %s', version => {
  test('an ordinary Glue script runs, and the command says that it published nothing', async () => {
    const run = medallion.start(['run', `ordinary-${version}`, '--json']);
    expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
    expect(run.stderr()).toContain('INFO wrote 2 rows, optional=False');
    expect(run.stderr()).toContain(
      `warning: ordinary-${version}: The script published nothing: it ended without calling run_gold. To publish `
        + 'tables, import `from etl_runtime.gold import run_gold` and call `run_gold(sys.argv, transform)`.',
    );
    expect(JSON.parse(run.stdout())).toMatchObject({
      status: 'succeeded', run_id: null, tables: [], warning: expect.stringContaining('published nothing'),
    });
  });

  test('a script publishes the rows of a DynamicFrame', async () => {
    const run = medallion.start(['run', `publishing-${version}`, '--json']);
    expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
    const result = JSON.parse(run.stdout()) as Record<string, unknown>;
    expect(result).toMatchObject({ status: 'published', tables: [{ rows: 3 }] });
    expect(result).not.toHaveProperty('warning');
  });

  test('a script fails with one line of the error of Spark', async () => {
    const run = medallion.start(['run', `denied-${version}`, '--json']);
    expect(await run.ended).toBe(1);
    const { error } = JSON.parse(run.stdout()) as { error: string };
    expect(error).toMatch(/^UNEXPECTED_ERROR: Py4JJavaError: .*AccessDeniedException: s3:.*bronze\/airports/);
    expect(error).not.toMatch(/ at org\.apache/);
  });

  test('a part of awsglue that local runs lack fails with what to use instead', async () => {
    const run = medallion.start(['run', `catalog-${version}`, '--json']);
    expect(await run.ended).toBe(1);
    const { error } = JSON.parse(run.stdout()) as { error: string };
    expect(error).toContain('create_dynamic_frame.from_catalog is not available in local runs.');
    expect(error).toContain('Read files with create_dynamic_frame.from_options');
  });
});
