import * as fs from 'fs';
import * as path from 'path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { EtlCore, EtlPipeline, Schedule, Source, Transform } from '../../src';
import { Dataset, readDatasets } from '../../src/cli/dataset';
import { Lake } from '../../src/cli/lake';
import { bronze, derived } from '../layouts';

const HOUR = 3_600_000;
const NOW = Date.now();

/** Names and values that a page must show as text. */
export const HOSTILE = {
  script: '<script>alert(1)</script>',
  endOfElement: '</script><img src=x onerror=alert(2)>',
  comment: '<!-- <script>',
  quotes: '"\'`&amp;&lt;',
  rightToLeft: 'عمود السعر',
  override: 'safe\u202Etxt.exe',
  long: 'column_with_a_very_long_name_'.repeat(8).slice(0, 200),
  emoji: 'price 💶 👩‍👩‍👧',
  halfPair: 'half \ud83d pair',
  prototype: '__proto__',
  constructorName: 'constructor',
  path: 'a/b?c#d%2F',
};

/** The ID of a run that started some hours ago. */
export function runIdOf(hours: number): string {
  return `${new Date(NOW - hours * HOUR).toISOString().replace(/[-:.]/g, '')}-${String(hours).padStart(6, '0')}`;
}

export function timeOf(hours: number): string {
  return new Date(NOW - hours * HOUR).toISOString();
}

/** A run record as the job writes it, with additional or changed keys. */
export function record(hours: number, status: string, others: object = {}): Record<string, unknown> {
  return {
    run_id: runIdOf(hours),
    status,
    started_at: timeOf(hours),
    finished_at: status === 'running' ? null : timeOf(hours - 0.01),
    seconds: 36 + hours / 10,
    error: null,
    error_code: null,
    steps: {},
    sources: [],
    gates: [],
    allowed: [],
    tables: [],
    ...others,
  };
}

/** A table in a record. */
export function table(name: string, rows: number, columns: Record<string, string>, others: object = {}): object {
  return {
    name,
    location: `s3://bucket/${name}/`,
    rows,
    bytes: rows * 40,
    files: [],
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type, source: column })),
    nulls: Object.fromEntries(Object.keys(columns).map((column, index) => [column, index])),
    ...others,
  };
}

/** Writes the records of datasets, keyed by `layer/dataset`, to a local lake. */
export function writeAllRecords(folder: string, records: Record<string, Record<string, unknown>[]>): void {
  for (const dataset of readDatasets(path.join(folder, 'cdk.out'))) {
    const ofDataset = records[`${dataset.layer}/${dataset.dataset}`];
    if (ofDataset) {
      write(folder, dataset, ofDataset);
    }
  }
}

function writeRecords(folder: string, id: string, records: Record<string, unknown>[]): void {
  writeAllRecords(folder, { [id]: records });
}

/** The newest record with the status `published` is the current publication. */
function write(folder: string, dataset: Dataset, records: Record<string, unknown>[]): void {
  const { database, tables: names } = JSON.parse(dataset.arguments['--names']) as {
    database: string;
    tables: Record<string, { name: string }>;
  };
  const runs = Lake.pathIn(path.join(folder, '.medallion'), dataset.runs);
  fs.mkdirSync(runs, { recursive: true });
  for (const each of records) {
    fs.writeFileSync(path.join(runs, `run_id=${String(each.run_id)}.json`), JSON.stringify(each));
  }
  const current = [...records].sort((a, b) => String(b.run_id).localeCompare(String(a.run_id)))
    .find(each => each.status === 'published');
  if (current) {
    const tables = current.tables as { name: string }[];
    const keys = Object.entries(names).map(([key, { name }]) => [key, tables.find(each => each.name === name)]);
    fs.writeFileSync(path.join(runs, 'published.json'), JSON.stringify({
      run_id: current.run_id,
      database,
      published_at: current.finished_at,
      inputs: current.inputs ?? [],
      tables: Object.fromEntries(keys),
    }));
  }
}

/** Synthesizes an app without datasets to cdk.out in a folder. */
export function writeEmptyLake(folder: string): void {
  const app = new App({ outdir: path.join(folder, 'cdk.out') });
  new EtlCore(new Stack(app, 'Lake'), 'Core', { resourcePrefix: 'pp-dw' });
  app.synth();
}

/** Synthesizes an app with datasets of all layers and states to cdk.out in a folder, and writes a local lake. */
export function writeExampleLake(folder: string): void {
  synthesize(folder);
  writeAirports(folder);
  const zips = { zip_code: 'string', city: 'string' };
  writeRecords(folder, 'bronze/zipcodes', [
    record(50, 'published', { tables: [table('zipcodes', 42_049, zips)] }),
    record(3, 'published', { tables: [table('zipcodes', 42_060, { ...zips, state: 'string' })] }),
    record(1, 'unchanged', { unchanged_since: runIdOf(3) }),
  ]);
  writeRecords(folder, 'silver/airports-clean', [
    record(26, 'published', {
      inputs: [{ dataset: 'bronze/airports', run_id: runIdOf(30) }],
      tables: [table('airports_clean', 3_300, { iata: 'string', city: 'string', altitude: 'double' })],
      lineage: {
        airports_clean: {
          columns: {
            iata: [{ table: 'pp_dw_bronze.airports', column: 'iata', kind: 'identity' }],
            city: [{ table: 'pp_dw_bronze.airports', column: 'city', kind: 'transformation' }],
            altitude: [],
          },
          filters: [{ table: 'pp_dw_bronze.airports', column: 'name' }],
        },
      },
    }),
  ]);
  writeRecords(folder, 'gold/airport-cities', [
    record(25, 'published', {
      inputs: [
        { dataset: 'silver/airports-clean', run_id: runIdOf(26) }, { dataset: 'bronze/zipcodes', run_id: runIdOf(50) },
      ],
      tables: [table('airport_cities', 812, { place: 'string', airports: 'bigint' })],
      lineage: {
        airport_cities: {
          columns: {
            place: [
              { table: 'pp_dw_silver.airports_clean', column: 'city', kind: 'identity' },
              { table: 'pp_dw_bronze.zipcodes', column: 'city', kind: 'transformation' },
            ],
            airports: [{ table: 'pp_dw_silver.airports_clean', column: 'iata', kind: 'aggregation' }],
          },
          filters: [],
        },
      },
      rules: [
        {
          name: 'has_airports',
          table: 'airport_cities',
          kind: 'condition',
          condition: 'airports > 0',
          severity: 'fail',
          rows: 812,
          violations: 0,
          status: 'passed',
          examples: [],
        },
        {
          name: 'place_is_short',
          table: 'airport_cities',
          kind: 'condition',
          condition: 'length(place) < 20',
          severity: 'warn',
          max_share: 0,
          rows: 812,
          violations: 2,
          status: 'warned',
          examples: [{ place: 'Lake Havasu City Municipal', airports: 1 }],
        },
      ],
      warnings: ['The rule place_is_short of airport_cities is violated by 2 of 812 rows.'],
    }),
  ]);
  writeHostile(folder);
}

function synthesize(folder: string): void {
  const app = new App({ outdir: path.join(folder, 'cdk.out') });
  const stack = new Stack(app, 'Lake');
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', alerts: {} });
  const lake = { core, stack };
  const airports = bronze(lake, {
    dataset: 'airports',
    description: 'Airports of the United States',
    source: Source.url('https://example.org/data/airports.csv?token=SECRET-TOKEN'),
    businessKey: ['iata'],
    schedule: Schedule.cron('0 6 * * ? *', { timezone: 'America/New_York' }),
    freshness: { maxAge: Duration.hours(26) },
    dataQuality: { requiredColumns: ['iata', 'city'], maxShrink: 0.1 },
    columnSchema: { airports: { iata: { description: 'Code of the airport' } } },
  }, 'Airports');
  const zipcodes = bronze(lake, {
    dataset: 'zipcodes',
    source: Source.url('https://example.org/zipcodes.zip'),
    freshness: { maxAge: Duration.hours(26) },
  }, 'Zipcodes');
  bronze(lake, {
    dataset: 'hostile',
    description: `${HOSTILE.script} ${HOSTILE.rightToLeft}`,
    source: Source.url('https://example.com/hostile.csv'),
  }, 'Hostile');
  const clean = derived('silver', lake, {
    dataset: 'airports-clean',
    inputs: [airports],
    transform: Transform.sql('SELECT iata, city, 1 AS altitude FROM pp_dw_bronze.airports'),
  }, 'AirportsClean');
  const cities = derived('gold', lake, {
    dataset: 'airport-cities',
    inputs: [clean, zipcodes],
    transform: Transform.sql('SELECT city AS place, count(*) AS airports FROM pp_dw_silver.airports_clean GROUP BY 1'),
  }, 'AirportCities');
  derived('gold', lake, {
    dataset: 'never-run', inputs: [cities], transform: Transform.sql('SELECT * FROM pp_dw_gold.airport_cities'),
  }, 'NeverRun');
  new EtlPipeline(new Stack(app, 'Pipeline'), 'Daily', {
    core, datasets: [airports, zipcodes, clean, cities], schedule: Schedule.cron('0 6 * * ? *'),
  });
  app.synth();
}

/** Ten publications, the last of which has another schema, an earlier failed run, and a last run that failed. */
function writeAirports(folder: string): void {
  const columns = { iata: 'string', name: 'string', city: 'string', latitude: 'double' };
  const bounds = { latitude: ['7.367222', '71.2854475'] };
  const sources = [{ url: 'https://example.org/data/airports.csv?token=SECRET-TOKEN' }];
  const published = Array.from({ length: 10 }, (_, index) => record(30 + 24 * index, 'published', {
    sources,
    tables: [table(
      'airports',
      3376 - 10 * index,
      { ...columns, ...index === 0 ? { state: 'string' } : { latitude: 'string' } },
      { bounds },
    )],
  }));
  writeRecords(folder, 'bronze/airports', [
    ...published,
    record(41, 'failed', {
      error_code: 'HTTP_ERROR', error: 'HTTP_ERROR: 503 from example.org after 5 retries',
    }),
    record(6, 'failed', {
      sources,
      error_code: 'GATE_MAX_SHRINK',
      error: 'GATE_MAX_SHRINK: airports has 1,200 rows, 64% less than 3,376. If this is correct, run once with '
        + 'run_options {"allow": ["shrink"]}.',
      gates: [{ gate: 'shrink', code: 'GATE_MAX_SHRINK', table: 'airports', found: '0.64', allowed: false }],
    }),
  ]);
}

function writeHostile(folder: string): void {
  const names = Object.values(HOSTILE);
  // Object.fromEntries can set __proto__, as JSON does.
  const columns = Object.fromEntries(names.map(name => [name, 'string']));
  const hostile = table('hostile', 12, columns) as { columns: { name: string }[] };
  const bounds = Object.fromEntries(names.map(name => [name, [name, HOSTILE.endOfElement]]));
  writeRecords(folder, 'bronze/hostile', [
    record(5, 'published', {
      tables: [{ ...hostile, bounds }],
      rules: [{
        name: HOSTILE.script,
        table: 'hostile',
        kind: 'condition',
        condition: HOSTILE.endOfElement,
        severity: 'fail',
        rows: 12,
        violations: 1,
        status: 'allowed',
        examples: [{ [HOSTILE.script]: HOSTILE.rightToLeft }],
      }],
    }),
    record(2, 'failed', {
      error_code: HOSTILE.script,
      error: `${HOSTILE.endOfElement} ${HOSTILE.override} ${HOSTILE.long}`,
      warnings: [HOSTILE.comment],
      gates: [{ gate: HOSTILE.quotes, code: 'X', table: HOSTILE.emoji, found: HOSTILE.rightToLeft, allowed: true }],
    }),
  ]);
}
