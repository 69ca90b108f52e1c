import * as fs from 'fs';
import * as path from 'path';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';

export const BUCKET = 'pp-dw-123456789012';

/** The run IDs of the history, oldest first. */
export const RUN = {
  zipcodes: '20261123T010000000Z-000001',
  unchanged: '20261124T010000000Z-000002',
  failed: '20261125T010000000Z-000003',
  places: '20261123T020000000Z-000004',
  killed: '20261124T020000000Z-000005',
  rollback: '20261125T020000000Z-000006',
  old: '20261120T010000000Z-000007',
  hostile: '20261125T030000000Z-000008',
};

const table = (name: string, rows: number) => ({
  name,
  location: `s3://${BUCKET}/x/${name}/`,
  rows,
  bytes: rows * 10,
  columns: [{ name: 'zip', type: 'string' }],
  nulls: { zip: 0 },
  bounds: {},
  files: [`x/${name}.parquet`],
});

/** The time in a record that is a number of seconds after the time in the run ID. */
function at(runId: string, seconds = 0): string {
  const [year, month, day, hour] = [runId.slice(0, 4), runId.slice(4, 6), runId.slice(6, 8), runId.slice(9, 11)];
  return new Date(Date.UTC(+year, +month - 1, +day, +hour, 0, seconds)).toISOString().replace('.000', '');
}

function record(runId: string, dataset: string, layer: string, values: object): object {
  return {
    dataset,
    layer,
    run_id: runId,
    job_run_id: `jr_${runId.slice(-6)}`,
    status: 'published',
    started_at: at(runId),
    finished_at: at(runId, 61),
    seconds: 61.2,
    error: null,
    error_code: null,
    retryable: null,
    schema_changed_at: null,
    steps: { 'fetch': 0.2, 'start spark': 2.49 },
    gates: [],
    allowed: [],
    tables: [],
    ...values,
  };
}

/** An app with five datasets, one of which has never run. */
export function historyApp(): string {
  return writeAssembly({
    Datasets: {
      resources: {
        A: glueJob({ dataset: 'zipcodes' }),
        B: glueJob({ dataset: 'events' }),
        C: glueJob({ dataset: 'old' }),
        D: glueJob({ dataset: 'places', layer: 'gold', inputs: ['bronze/zipcodes'], isIceberg: true }),
        E: glueJob({ dataset: 'hostile' }),
      },
    },
  });
}

/** Writes an object of a lake. */
export function writeObject(data: string, key: string, content: object | string): void {
  const file = path.join(data, 's3', '000000000000', BUCKET, key);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

/** A lake with runs of every status, records of an old version, and records with hostile values. */
export function historyLake(): string {
  const data = path.join(temporaryFolder(), '.medallion');
  const zipcodes = 'etl/zipcodes/runs/bronze/';
  const write = (runs: string, runId: string, content: object | string) =>
    writeObject(data, `${runs}run_id=${runId}.json`, content);
  write(zipcodes, RUN.zipcodes, record(RUN.zipcodes, 'zipcodes', 'bronze', {
    sources: [{ url: 'https://example.org/zipcodes.zip', raw: `s3://${BUCKET}/raw/z.zip`, size_bytes: 1234 }],
    tables: [table('zipcodes', 42049)],
  }));
  write(zipcodes, RUN.unchanged, record(RUN.unchanged, 'zipcodes', 'bronze', {
    status: 'unchanged', unchanged_since: RUN.zipcodes,
  }));
  write(zipcodes, RUN.failed, record(RUN.failed, 'zipcodes', 'bronze', {
    status: 'failed',
    error: 'GATE_MAX_SHRINK: Quality gates failed: zipcodes: 12 rows, but 42,049 are published and max_shrink '
      + 'is 50% [GATE_MAX_SHRINK]. The published table is unchanged. Check the source. To publish once despite '
      + 'the failed gates, run with run_options {"allow": ["shrink"]}',
    error_code: 'GATE_MAX_SHRINK',
    retryable: false,
    dpu_seconds: 122.4,
    gates: [{ gate: 'shrink', code: 'GATE_MAX_SHRINK', table: 'zipcodes', found: '12 rows', allowed: false }],
    rules: [{
      name: 'has_zip',
      table: 'zipcodes',
      kind: 'not_null',
      condition: 'zip IS NOT NULL',
      severity: 'warn',
      rows: 12,
      violations: 2,
      status: 'warned',
      examples: [{ zip: null, city: 'Springfield' }],
    }],
  }));
  writeObject(data, `${zipcodes}published.json`, {
    run_id: RUN.zipcodes,
    database: 'pp_dw_bronze',
    published_at: at(RUN.zipcodes, 60),
    tables: { zipcodes: table('zipcodes', 42049) },
  });

  const places = 'etl/places/runs/gold/';
  const inputs = [{ dataset: 'bronze/zipcodes', run_id: RUN.old, published_at: at(RUN.old) }];
  write(places, RUN.places, record(RUN.places, 'places', 'gold', {
    inputs,
    tables: [table('places', 100)],
    allowed: ['places: 3 duplicates'],
    versions: { insert: 100 },
    gates: [{ gate: 'business_key', code: 'GATE_BUSINESS_KEY', table: 'places', found: '3 duplicates', allowed: true }],
  }));
  const unclosed = { status: 'running', finished_at: null, seconds: null };
  write(places, RUN.killed, record(RUN.killed, 'places', 'gold', unclosed));
  write(places, RUN.rollback, record(RUN.rollback, 'places', 'gold', {
    rolled_back_to: RUN.places, tables: [table('places', 100)],
  }));
  writeObject(data, `${places}published.json`, {
    run_id: RUN.places,
    database: 'pp_dw_gold',
    published_at: at(RUN.places, 60),
    inputs,
    tables: { places: { ...table('places', 100) } },
  });

  write('etl/old/runs/bronze/', RUN.old, { status: 'published', run_id: RUN.old });
  write('etl/old/runs/bronze/', RUN.hostile, '{"status": "published", "tabl');
  write('etl/hostile/runs/bronze/', RUN.hostile, record(RUN.hostile, 'hostile', 'bronze', {
    status: 'failed',
    error: 'UNEXPECTED_ERROR: \u001b[31mred\u001b[0m\r\n<script>alert(1)</script> \u202egnirts',
    error_code: 'UNEXPECTED_ERROR',
    steps: { '\u001b]0;title\u0007': 1, 'fetch': 'x' },
    sources: [{ url: `https://example.org/${'x'.repeat(300)}` }, 7],
  }));
  return data;
}

/** Writes the log of a run. Returns its path. */
export function writeLog(data: string, name: string, time: string, lines: string[]): string {
  const file = path.join(data, 'logs', `${name}-${time}.log`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
