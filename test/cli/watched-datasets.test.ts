import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { temporaryFolder } from './assembly-fixture';
import {
  BronzeDataset, BronzeDatasetProps, DataSizeCategory, EtlCore, GlueVersion, GoldDataset, Schedule, Source, TableFormat,
  Transform,
} from '../../src';
import { WatchedDatasets } from '../../src/cli/watched-datasets';

const SMALL = DataSizeCategory.SMALL;

/** The props of `places` and the query of `states` that a test sets. */
interface Change {
  readonly places?: Partial<BronzeDatasetProps>;
  readonly query?: string;
}

/** Synthesizes places ◀ states ◀ largest, and a dataset without dependents, into one stack. */
function synthesize(outdir: string, { places: props, query = 'SELECT 1 AS one' }: Change = {}): void {
  fs.rmSync(outdir, { recursive: true, force: true });
  const app = new App({ outdir });
  const stack = new Stack(app, 'Lake');
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
  const bronze = (dataset: string, more?: Partial<BronzeDatasetProps>) => new BronzeDataset(stack, dataset, {
    core, dataset, dataSizeCategory: SMALL, source: Source.url('https://example.org/places.csv'), ...more,
  });
  const gold = (dataset: string, input: BronzeDataset | GoldDataset, sql: string) => new GoldDataset(stack, dataset, {
    core, dataset, dataSizeCategory: SMALL, inputs: [input], transform: Transform.sql(sql),
  });
  gold('largest', gold('states', bronze('places', props), query), 'SELECT 2 AS two');
  bronze('alone');
  app.synth();
}

const names = (datasets: readonly { readonly dataset: string }[]) => datasets.map(({ dataset }) => dataset).sort();

let outdir: string;
beforeEach(() => { outdir = path.join(temporaryFolder(), 'cdk.out'); });

function watched(...given: string[]): WatchedDatasets {
  synthesize(outdir);
  return new WatchedDatasets(given, { app: outdir, value: [] });
}

test.each<[string, Change, string[]]>([
  ['nothing', {}, []],
  ['a schedule', { places: { schedule: Schedule.cron('0 6 * * ? *') } }, []],
  ['a size', { places: { dataSizeCategory: DataSizeCategory.LARGE } }, []],
  ['a description', { places: { description: 'Places' } }, []],
  ['a source', { places: { source: Source.url('https://example.org/other.csv') } }, ['places']],
  ['a business key', { places: { businessKey: ['id'] } }, ['places']],
  ['a table format', { places: { tableFormat: TableFormat.ICEBERG } }, ['places']],
  ['a Glue version', { places: { glueVersion: GlueVersion.V6_0 } }, ['places']],
  ['a query', { query: 'SELECT 1 AS one, 2 AS two' }, ['states']],
])('after a change of %s, exactly the datasets with other tables have changed', (_what, change, expected) => {
  const datasets = watched();
  synthesize(outdir, change);
  expect(names(datasets.read())).toEqual(expected);
  expect(names(datasets.read())).toEqual([]);
});

test('a dataset has changed if a file of the app that it loads has changed', () => {
  const file = path.join(path.dirname(outdir), 'places.csv');
  fs.writeFileSync(file, 'id\n1\n');
  const change = { places: { source: Source.file(file) } };
  synthesize(outdir, change);
  const datasets = new WatchedDatasets([], { app: outdir, value: [] });
  fs.writeFileSync(file, 'id\n2\n');
  synthesize(outdir, change);
  expect(names(datasets.read())).toEqual(['places']);
});

test.each<[string[], string[]]>([
  [[], ['alone', 'largest', 'places', 'states']],
  [['states'], ['places', 'states']],
  [['largest'], ['largest', 'places', 'states']],
  [['gold/states', 'alone'], ['alone', 'places', 'states']],
])('the names %j watch these datasets and their inputs', (given, expected) => {
  expect(names(watched(...given).watched)).toEqual(expected);
});

test.each<[string[], string[], string[]]>([
  [['places'], ['states', 'largest'], ['largest', 'places', 'states']],
  [['places'], ['states'], ['places', 'states']],
  [['places'], ['largest'], ['places']],
  [['states'], ['largest', 'alone'], ['largest', 'states']],
])('after a change of %j, with tables of %j, these run', (changed, withTables, expected) => {
  const datasets = watched();
  const hasTable = (runs: string) => withTables.some(name => runs.includes(`/etl/${name}/`));
  const found = datasets.withDependents(datasets.all.filter(({ dataset }) => changed.includes(dataset)), hasTable);
  expect(names(found)).toEqual(expected);
});
