import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { CommandFixture } from './command-fixture';
import { EXPECTED_TABLES, EXPECTED_VERSIONS, Row } from './example-lake/expected-tables';
import { FORMULARIES } from './example-lake/source-files';
import { API_KEY, SourceServer } from './example-lake/source-server';

const FOLDER = path.join(__dirname, 'example-lake');
/** The URL in the files of the lake. */
const PUBLIC_URL = 'https://source.example.org';

const medallion = new CommandFixture(path.join(FOLDER, 'app.ts'));
const server = new SourceServer();
const lake = temporaryFolder();
let url: string;

/** A result in the output of `--json`. */
interface Result {
  readonly dataset: string;
  readonly status: string;
  readonly run_id: string;
  readonly error?: string;
  readonly ran_first?: Result[];
}

beforeAll(async () => {
  url = await server.start();
  copyLake(path.join(FOLDER, 'lake'), lake);
  medallion.synthesize(lake);
});

afterAll(() => {
  server.stop();
  medallion.remove();
  fs.rmSync(lake, { recursive: true });
});

/** Copies the files of the lake, with the URL of the local server. */
function copyLake(from: string, to: string): void {
  for (const entry of fs.readdirSync(from, { recursive: true, withFileTypes: true }).filter(each => each.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const target = path.join(to, path.relative(from, file));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, fs.readFileSync(file, 'utf8').replaceAll(PUBLIC_URL, url));
  }
}

async function run<T>(...args: string[]): Promise<T> {
  const command = medallion.start(['run', ...args, '--json'], { MEDALLION_SECRET_UMLS_API_KEY: API_KEY });
  expect(await command.ended === 0 ? '' : command.stderr()).toBe('');
  return JSON.parse(command.stdout()) as T;
}

/** All values of tables as text. Lists and structs are JSON. */
function rowsOf(tables: string[]): Row[][] {
  const nested: { readonly [table: string]: string } = {
    'rx_lake_bronze.drug_classes_members':
      'class_id, to_json(min_concept) AS min_concept, to_json(node_attr) AS node_attr, meta_rescued',
    'rx_lake_bronze.adverse_events': 'id, rxcui, to_json(reactions) AS reactions, serious, reported, meta_rescued',
  };
  const statements = tables.map(table => {
    const columns = nested[table] ?? '* EXCLUDE (meta_run_id)';
    return `SELECT COLUMNS(*)::VARCHAR FROM (SELECT ${columns} FROM ${table})`;
  });
  return medallion.query(statements.join(';\n')) as unknown as Row[][];
}

const sorted = (rows: Row[]) => rows.map(row => JSON.stringify(Object.entries(row).sort())).sort();

/** The IDs of the runs of the history. */
const historyRuns: string[] = [];

test('the lake has 13 datasets in all layers', () => {
  const folders = ['bronze', 'silver', 'gold'].map(layer => fs.readdirSync(path.join(lake, layer)).length);
  expect(folders).toEqual([8, 3, 2]);
});

test('the source refuses the RxNorm files without a ticket and a session', async () => {
  const files = ['download', 'files/RxNorm_full.zip', 'files/RxNorm_full.zip?ticket=ST-9'];
  const responses = await Promise.all(files.map(file => fetch(`${url}/${file}`)));
  expect(responses.map(({ status }) => status)).toEqual([401, 403, 403]);
});

test('run --all publishes all datasets', async () => {
  const results = await run<Result[]>('--all');
  expect(results.map(({ dataset, status, error }) => [dataset, status, error]).sort()).toEqual([
    'adverse-events', 'class-sizes', 'drug-classes', 'drug-directory', 'drugs', 'exchange-rates', 'fda-cder',
    'formulary', 'formulary-history', 'price-report', 'publications', 'rxnorm', 'unit-prices',
  ].map(dataset => [dataset, 'published', undefined]));
  historyRuns.push(results.find(({ dataset }) => dataset === 'formulary-history')!.run_id);
});

test('every value of every table equals the value in the sources', () => {
  const tables = Object.keys(EXPECTED_TABLES);
  const found = Object.fromEntries(rowsOf(tables).map((rows, index) => [tables[index], sorted(rows)]));
  expect(found).toEqual(
    Object.fromEntries(Object.entries(EXPECTED_TABLES).map(([table, rows]) => [table, sorted(rows)])),
  );
});

test('the history has all versions of a source that changes between three runs', async () => {
  for (const version of FORMULARIES.keys()) {
    if (version > 0) {
      server.formulary = version;
      historyRuns.push((await run<Result>('formulary-history', '--with-inputs')).run_id);
    }
  }
  const versions = medallion.query(
    'SELECT COLUMNS(*)::VARCHAR FROM rx_lake_silver.formulary_history ORDER BY code, valid_from',
  ) as Row[];
  const isImported = (each: Row) => each.valid_from! < '2021-12-31';
  const times = historyRuns.map(id => {
    const ofRun = versions.filter(each => each.meta_run_id === id && !isImported(each));
    const [time, ...others] = new Set(ofRun.map(each => each.valid_from));
    expect(others).toEqual([]);
    return time;
  });
  expect(times).toEqual([...times].sort());
  const timeOf = (time: number | string) => typeof time === 'number' ? times[time] : `${time} 00:00:00`;
  expect(sorted(versions)).toEqual(sorted(EXPECTED_VERSIONS.map(({ row, from, to, changeType }) => ({
    ...row,
    valid_from: timeOf(from),
    valid_to: timeOf(to ?? '9999-12-31'),
    is_current: String(to === null),
    change_type: changeType,
    meta_run_id: historyRuns[typeof from === 'number' ? from : 0],
  }))));
  expect(new Set(versions.map(each => each.change_type))).toEqual(new Set(['insert', 'update', 'delete']));
});
