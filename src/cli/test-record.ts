import * as fs from 'fs';
import * as path from 'path';
import { Dataset, fullName, readDatasets, selectDataset } from './dataset';
import { documentOf, requireKnownValues } from './dataset-document';
import { createFolder, Failure } from './failure';
import { inputTablesOf } from './input-tables';
import { Lake } from './lake';
import { Progress } from './progress';
import { relativePath } from './relative-path';
import { withGlueVersion } from './run-session';
import { TestOptions } from './sql-tests';
import { readValues } from './substitutes';
import { discoverTestFiles } from './test-discovery';
import { readTestFile } from './test-file';
import { RecordedFixture, runSession, SessionEvent } from './test-session';
import { Layer } from '../layer';
import { Document } from '../private/dependencies/yaml';

/** The options of `medallion test --record`. */
export interface RecordOptions extends TestOptions {
  /** The test file to write. */
  readonly output?: string;
  /** Replace an existing test file. */
  readonly force?: true;
}

/** The maximum number of result rows for which matching input rows are selected. */
const RESULT_ROWS = 3;

/** The time of the load of a recorded history. */
const RECORDED_AT = '2000-01-01 00:00:00';

/**
 * Writes a test of a dataset: matching input rows of the local lake, and the rows that the transform returns for them.
 */
export async function recordTest(name: string, options: RecordOptions): Promise<void> {
  const datasets = readDatasets(options.app, readValues(options.value));
  const dataset = withGlueVersion(selectDataset(datasets, name, options.stack), options);
  if (dataset.layer === Layer.BRONZE) {
    throw new Failure(`${fullName(dataset)} is a bronze dataset. Only silver and gold datasets can have tests.`, 2);
  }
  requireKnownValues(dataset);
  Lake.require(options.data, dataset.dataset);
  const { inputs, tables } = inputTablesOf(dataset, datasets, options.data);
  const missing = inputs.filter(input => !tables.some(each => each.dataset === input.dataset && each.columns));
  if (missing.length > 0) {
    const [first] = missing;
    throw new Failure(
      `The local lake has no tables of ${missing.map(each => each.dataset).join(', ')}. Run the datasets first: npx `
        + `medallion run ${first.dataset}`,
      2,
    );
  }
  const file = options.output ?? defaultFile(dataset, options);
  if (fs.existsSync(file) && !options.force) {
    throw new Failure(
      `${relativePath(path.resolve(file))} exists, and can contain tests that were written by hand. Specify another `
        + 'file with --output FILE, or replace it with --force.',
      2,
    );
  }
  const progress = new Progress();
  let event: SessionEvent = {};
  const record = {
    lake: path.join(Lake.pathIn(options.data, 's3://')), rows: RESULT_ROWS, at: RECORDED_AT,
  };
  await progress.during('recording', () =>
    runSession([{ id: 0, dataset, tables, loads: [] }], progress, each => { event = { ...event, ...each }; }, record));
  if (event.recorded === undefined) {
    throw new Failure(event.error ?? 'Spark ended without a result.', 1);
  }
  createFolder(path.dirname(file), 'test file', '--output FILE');
  fs.writeFileSync(file, testFileText(dataset, event.recorded, file));
  const rows = (recorded: RecordedFixture['inputs']) =>
    Object.entries(recorded).map(([table, each]) => ({ table, rows: each.rows.length }));
  const shown = relativePath(path.resolve(file));
  const result = { file: shown, inputs: rows(event.recorded.inputs), outputs: rows(event.recorded.outputs) };
  process.stdout.write(options.json
    ? `${JSON.stringify(result)}\n`
    : [
      `Wrote ${shown}`,
      ...result.inputs.map(each => `  ${each.table}: ${each.rows} rows`),
      ...result.outputs.map(each => `  expected ${each.table}: ${each.rows} rows`),
      'Check that the expected rows are correct: they are what the dataset returns now.',
      '',
    ].join('\n'));
}

/**
 * The default path of the test file: next to other tests of the dataset, in the folder `tests` next to its config.json,
 * or in the folder `tests` of the current folder.
 */
function defaultFile(dataset: Dataset, options: TestOptions): string {
  const name = `${dataset.dataset}.yaml`;
  for (const file of discoverTestFiles(options.tests)) {
    const content = readTestFile(file);
    if ('tests' in content && [dataset.dataset, fullName(dataset)].includes(content.tests.dataset ?? '')) {
      return path.join(path.dirname(file), name);
    }
  }
  const folder = folderOf(process.cwd(), dataset);
  return path.join(folder ?? '', 'tests', name);
}

/** Searches a folder and its subfolders for the folder `layer/dataset` that contains the config.json of a dataset. */
function folderOf(folder: string, { layer, dataset }: Dataset): string | undefined {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name.startsWith('.') || ['node_modules', 'cdk.out'].includes(entry.name)) {
      continue;
    }
    const child = path.join(folder, entry.name);
    const own = path.join(child, dataset);
    const found = entry.name === layer && fs.existsSync(path.join(own, 'config.json')) ? own : folderOf(child, {
      layer, dataset,
    } as Dataset);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** The text of a test file with one test. */
function testFileText(dataset: Dataset, recorded: RecordedFixture, file: string): string {
  const schema = path.join('node_modules', 'cdk-glue-medallion', 'glue-templates', 'tests.schema.json');
  const reference = path.relative(path.dirname(path.resolve(file)), path.resolve(schema)).split(path.sep).join('/');
  const outputs = Object.entries(recorded.outputs);
  const [[, only]] = outputs;
  const expect = outputs.length === 1
    ? { rows: only.rows }
    : { outputs: Object.fromEntries(outputs.map(([name, { rows }]) => [name, { rows }])) };
  const hasHistory = documentOf(dataset)?.history !== undefined;
  const document = new Document({
    dataset: fullName(dataset),
    tests: [{
      name: 'recorded from the local lake',
      inputs: recorded.inputs,
      ...hasHistory ? { loads: [{ at: RECORDED_AT }] } : {},
      expect,
    }],
  }, { version: '1.2', schema: 'core' });
  const rowsPaths = [
    ...Object.keys(recorded.inputs).map(table => ['tests', 0, 'inputs', table]),
    ...outputs.length === 1
      ? [['tests', 0, 'expect']]
      : outputs.map(([name]) => ['tests', 0, 'expect', 'outputs', name]),
  ];
  for (const where of rowsPaths) {
    const rows = document.getIn([...where, 'rows']) as { items: { flow?: boolean }[] };
    rows.items.forEach(each => { each.flow = true; });
    const columns = document.getIn([...where, 'columns']) as { flow?: boolean } | undefined;
    if (columns) {
      columns.flow = true;
    }
  }
  return [
    `# yaml-language-server: $schema=${reference}`,
    '# Written by `medallion test --record`. Check that the expected rows are correct.',
    document.toString({ lineWidth: 0, flowCollectionPadding: false }),
  ].join('\n');
}
