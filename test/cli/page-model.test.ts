import * as fs from 'fs';
import * as path from 'path';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';
import { readDatasets } from '../../src/cli/dataset';
import { Lake } from '../../src/cli/lake';
import { LakeHistory } from '../../src/cli/lake-history';
import { renderPage } from '../../src/cli/page';
import { PageDataset, PageDocument } from '../../src/cli/page-document';
import { pageDocument, withoutSecrets } from '../../src/cli/page-model';
import { record, runIdOf, table, timeOf, writeAllRecords, writeExampleLake } from '../page/example-lake';

const folder = temporaryFolder();
const NOW = new Date(timeOf(0));

beforeAll(() => writeExampleLake(folder));
afterAll(() => fs.rmSync(folder, { recursive: true }));

function documentOf(lake = folder): PageDocument {
  const app = path.join(lake, 'cdk.out');
  const objects = Lake.objectsIn(path.join(lake, '.medallion'));
  const history = new LakeHistory({ datasets: readDatasets(app), objects });
  return pageDocument({ app, values: {}, history, origin: 'local lake', now: NOW });
}

function dataset(id: string, document = documentOf()): PageDataset {
  return document.datasets.find(each => each.id === id)!;
}

/** A lake of datasets without documents, with the records of some of them. */
function lakeOf(jobs: Parameters<typeof glueJob>[0][], records: Parameters<typeof writeAllRecords>[1]): PageDocument {
  const lake = temporaryFolder();
  const app = path.join(lake, 'cdk.out');
  fs.mkdirSync(app);
  const resources = Object.fromEntries(jobs.map((job, index) => [`Job${index}`, glueJob(job)]));
  writeAssembly({ Lake: { resources } }, {}, app);
  writeAllRecords(lake, records);
  return documentOf(lake);
}

test.each([
  ['https://example.org/data/zip.csv?token=SECRET', 'example.org/data/zip.csv'],
  ['https://example.org/data.csv#SECRET', 'example.org/data.csv'],
  ['https://user:SECRET@example.org/data.csv', 'example.org/data.csv'],
  ['HTTP://example.org:8080/?a=SECRET\nb', 'example.org:8080/'],
  ['https://api.example.org/v1/products/{value}/prices', 'api.example.org/v1/products/{value}/prices'],
  ['s3://vendor/files/*.csv', 's3://vendor/files/*.csv'],
])('the source %j is shown as %j', (url, shown) => {
  expect(withoutSecrets(url)).toBe(shown);
});

test('a dataset has the settings of its document and its job', () => {
  expect(dataset('bronze/airports')).toMatchObject({
    description: 'Airports of the United States',
    sources: ['example.org/data/airports.csv'],
    schedule: 'cron(0 6 * * ? *) America/New_York',
    pipelines: ['daily'],
    size: {
      category: 'small', worker_type: 'G.1X', workers: 2, timeout_minutes: 30, max_retries: 1, max_dpu_hours: 2,
    },
    gates: [
      { gate: 'required_columns', setting: 'iata, city' }, { gate: 'shrink', setting: 'max_shrink: 0.1' },
      { gate: 'business_key', setting: 'unique: iata' },
    ],
  });
});

test('a failed dataset has its error, the fix of its code, and keeps the columns of its publication', () => {
  const airports = dataset('bronze/airports');
  expect(airports).toMatchObject({ state: 'failed', stale: true, age_hours: 29.99, max_age_hours: 26 });
  expect(airports.error).toMatchObject({
    run_id: runIdOf(6),
    code: 'GATE_MAX_SHRINK',
    fix: 'Check the source, or allow the `shrink` gate to fail once.',
    commands: [`npx medallion runs ${runIdOf(6)}`, 'npx medallion logs bronze/airports'],
  });
  expect(airports.tables[0].columns[0]).toEqual({
    name: 'iata', type: 'string', nulls: 0, description: 'Code of the airport',
  });
});

test('a table is compared with the previous publication and with the publication of the day before', () => {
  expect(dataset('bronze/airports').tables[0]).toMatchObject({
    change: {
      rows_before: 3366, added: ['state'], removed: [], retyped: [{ column: 'latitude', from: 'string', to: 'double' }],
    },
    // The current publication is older than a day.
    day_change: null,
  });
  expect(dataset('bronze/zipcodes').tables[0].day_change).toMatchObject({ rows_before: 42_049, added: ['state'] });
  expect(dataset('bronze/hostile').tables[0].day_change).toMatchObject({ rows_before: null });
});

test('inputs that have published since are newer', () => {
  expect(dataset('gold/airport-cities').newer_inputs).toEqual(['bronze/zipcodes']);
  expect(dataset('silver/airports-clean').newer_inputs).toEqual([]);
});

test('tables that are built from the current publications of all inputs are confirmed when the inputs are', () => {
  const tables = (name: string) => ({ tables: [table(name, 1, { a: 'string' })] });
  const inputs = [{ dataset: 'bronze/zipcodes', run_id: runIdOf(50) }];
  const confirmed = (gold: object) => dataset('gold/states', lakeOf(
    [{ dataset: 'zipcodes' }, { dataset: 'states', layer: 'gold', inputs: ['bronze/zipcodes'] }],
    {
      'bronze/zipcodes': [record(50, 'published', tables('zipcodes')), record(1, 'unchanged')],
      'gold/states': [record(49, 'published', { ...tables('states'), ...gold })],
    },
  )).age_hours;
  expect(confirmed({ inputs })).toBe(0.99);
  expect(confirmed({ inputs: [{ dataset: 'bronze/zipcodes', run_id: runIdOf(60) }] })).toBe(48.99);
});

test('records that are damaged or of other versions are skipped, and names are compared as text', () => {
  const lake = temporaryFolder();
  const app = path.join(lake, 'cdk.out');
  fs.mkdirSync(app);
  writeAssembly({ Lake: { resources: { Job: glueJob({ dataset: 'zipcodes' }) } } }, {}, app);
  const runs = Lake.pathIn(path.join(lake, '.medallion'), readDatasets(app)[0].runs);
  fs.mkdirSync(runs, { recursive: true });
  const files: Record<string, unknown> = {
    'run_id=1.json': '{"status": "publi',
    'run_id=2.json': [],
    'run_id=3.json': { status: 'published', tables: 7 },
    'published.json': { run_id: 3, tables: { zipcodes: null } },
    'run_id=4.json': { status: 'failed', gates: [{ gate: 'shrink' }, 'x'], rules: [null], lineage: { t: 'x' } },
  };
  Object.entries(files).forEach(([name, content]) =>
    fs.writeFileSync(path.join(runs, name), typeof content === 'string' ? content : JSON.stringify(content)));
  const [zipcodes] = documentOf(lake).datasets;
  expect(zipcodes).toMatchObject({
    state: 'failed',
    error: { code: 'UNEXPECTED_ERROR', message: 'UNEXPECTED_ERROR: The run ended without an error message.' },
    tables: [{ name: 'pp_dw_bronze.zipcodes', rows: null, columns: [] }],
  });
  expect(zipcodes.runs.map(run => run.run_id)).toEqual(['4', '3']);
});

test('a run whose record has no numbers of rows has no rows, not 0', () => {
  const tables = [{ name: 'zipcodes' }, { name: 'cities', rows: 'x', bytes: 5 }];
  const [{ runs }] = lakeOf([{ dataset: 'zipcodes' }], { 'bronze/zipcodes': [record(1, 'published', { tables })] })
    .datasets;
  expect(runs).toMatchObject([{ rows: null, bytes: 5 }]);
});

test('a dataset of several stages has an ID per stage', () => {
  const lake = temporaryFolder();
  const app = path.join(lake, 'cdk.out');
  fs.mkdirSync(app);
  const stage = (stack: string) => ({
    [stack]: {
      resources: {
        Zipcodes: glueJob({ dataset: 'zipcodes' }),
        States: glueJob({ dataset: 'states', layer: 'gold', inputs: ['bronze/zipcodes'] }),
      },
    },
  });
  writeAssembly({}, { 'assembly-Dev': stage('Dev'), 'assembly-Prod': stage('Prod') }, app);
  expect(documentOf(lake).datasets.map(({ id, inputs }) => [id, inputs])).toEqual([
    ['bronze/zipcodes@Dev', []], ['gold/states@Dev', ['bronze/zipcodes@Dev']],
    ['bronze/zipcodes@Prod', []], ['gold/states@Prod', ['bronze/zipcodes@Prod']],
  ]);
});

test('an input that another app deploys is a node of the graph', () => {
  const { graph } = lakeOf([{ dataset: 'states', layer: 'gold', inputs: ['bronze/zipcodes'] }], {});
  expect(graph.nodes.map(({ id, layer }) => [id, layer]))
    .toEqual([['gold/states', 'gold'], ['bronze/zipcodes', 'bronze']]);
  expect(graph.edges).toMatchObject([{ from: 'bronze/zipcodes', to: 'gold/states' }]);
});

test('JSON in the page cannot end its element, and has no characters that change what a reader sees', () => {
  const html = renderPage({ ...documentOf(), origin: '</script><!-- \u2028 \u202E \u0000 \ud800 end' });
  const [, json] = /id="lake">(.*)<\/script>/.exec(html)!;
  expect(json).not.toContain('<');
  expect((JSON.parse(json) as PageDocument).origin).toBe('</script><!-- \u2028 \\u202e \\u0000 \\ud800 end');
});
