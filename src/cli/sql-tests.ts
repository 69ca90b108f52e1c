import * as fs from 'fs';
import * as path from 'path';
import { Dataset, fullName, readDatasets, selectDataset, selectDatasets } from './dataset';
import { documentOf, requireKnownValues } from './dataset-document';
import { Failure } from './failure';
import { findInputTable, InputTables, inputTablesOf } from './input-tables';
import { readJsonObject } from './json-object';
import { junitOf } from './junit';
import { paint, Progress } from './progress';
import { relativePath } from './relative-path';
import { withGlueVersion } from './run-session';
import { readValues } from './substitutes';
import { changedSinceSynth } from './synth';
import { outputWidth } from './table';
import { discoverTestFiles } from './test-discovery';
import { FileTest, readTestFile, TestFile } from './test-file';
import { RequestLoad, RequestRows } from './test-request';
import { describeTestResult, summaryOf, TestResult } from './test-result';
import { runSession, sessionsOf, SessionTest } from './test-session';
import { Layer } from '../layer';
import { didYouMean } from '../private/errors/suggestion';

/** The options of `medallion test`. */
export interface TestOptions {
  readonly app: string;
  readonly data: string;
  readonly json: boolean;
  readonly value: string[];
  readonly glueVersion?: string;
  readonly stack?: string;
  /** Files and folders with tests. If empty, all folders named `tests` are searched. */
  readonly tests: string[];
  /** A part of a test name, or a pattern for the whole name, in which `*` stands for any characters. */
  readonly name?: string;
  /** The file for the JUnit report. */
  readonly junit?: string;
}

/** A test with its dataset. */
export interface PlannedTest extends SessionTest {
  readonly file: string;
  readonly test: FileTest;
}

/**
 * Runs the tests of derived datasets and prints the results.
 *
 * @param name run only the tests of this dataset
 * @returns whether all tests passed
 */
export async function test(name: string | undefined, options: TestOptions): Promise<boolean> {
  const started = Date.now();
  const progress = new Progress();
  const changed = changedSinceSynth(options.app, options.data);
  if (changed !== undefined) {
    progress.line(
      `${paint('red', 'warning')}: ${changed} has changed since \`cdk synth\`, and the tests do not use the change. `
        + 'Run `npx cdk synth`.',
    );
  }
  const datasets = readDatasets(options.app, readValues(options.value));
  const tests = selectTests(planTests(datasets, options, progress), name, datasets, options);
  const results: TestResult[] = [];
  const several = new Set(datasets.map(({ dataset }) => dataset)).size < datasets.length;
  for (const session of sessionsOf(tests)) {
    const byId = new Map(session.map(each => [each.id, each as PlannedTest]));
    await progress.during('testing', async show => {
      show('starting Spark');
      await runSession(session, progress, event => {
        show(`${results.length} of ${tests.length} done`);
        const planned = byId.get(event.id ?? -1);
        if (planned === undefined) {
          return;
        }
        const result: TestResult = {
          dataset: fullName(planned.dataset),
          name: planned.test.name,
          file: planned.file,
          line: planned.test.line,
          glue_version: planned.dataset.glueVersion,
          status: event.status!,
          seconds: event.seconds!,
          problems: event.problems ?? [],
        };
        results.push(result);
        if (!options.json) {
          const label = several ? fullName(planned.dataset) : planned.dataset.dataset;
          progress.output(describeTestResult(result, label, outputWidth()));
        }
      });
    });
  }
  const seconds = (Date.now() - started) / 1000;
  if (options.junit !== undefined) {
    writeReport(options.junit, junitOf(results));
  }
  const failed = results.filter(({ status }) => status === 'failed').length;
  process.stdout.write(options.json
    ? `${JSON.stringify({
      passed: results.length - failed, failed, seconds: Math.round(seconds * 10) / 10, tests: results,
    })}\n`
    : `\n${summaryOf(results, seconds)}\n`);
  return failed === 0;
}

/** All tests of the app. Fails if a test file is invalid. */
export function planTests(datasets: Dataset[], options: TestOptions, progress: Progress): PlannedTest[] {
  const derived = datasets.filter(({ layer }) => layer !== Layer.BRONZE);
  const tables = new Map<Dataset, InputTables>();
  const errors: string[] = [];
  const planned: PlannedTest[] = [];
  for (const file of discoverTestFiles(options.tests)) {
    const content = readTestFile(file);
    if ('skipped' in content) {
      progress.line(paint('dim', `skipped: ${content.skipped}`));
    } else if ('errors' in content) {
      errors.push(...content.errors);
    } else {
      const dataset = datasetOf(content.tests, derived);
      if ('error' in dataset) {
        errors.push(dataset.error);
        continue;
      }
      if (!tables.has(dataset)) {
        tables.set(dataset, inputTablesOf(dataset, datasets, options.data));
      }
      const known = tables.get(dataset)!;
      errors.push(...problemsOf(content.tests, dataset));
      planned.push(...content.tests.tests.map((each, index): PlannedTest => ({
        id: planned.length + index,
        dataset,
        tables: known.tables,
        file: relativePath(file),
        test: each,
        loads: each.loads.map(load => withTables(load, known, errors)),
      })));
    }
  }
  if (errors.length > 0) {
    throw new Failure(
      errors.length === 1
        ? errors[0]
        : [`${errors.length} problems in test files:`, ...errors.map(each => `  ${each}`)].join('\n'),
      2,
    );
  }
  return planned;
}

/** Replaces the names of input tables in a load with the names that these tables have in Athena. */
function withTables(load: RequestLoad, known: InputTables, errors: string[]): RequestLoad {
  const inputs: Record<string, RequestRows> = {};
  for (const [given, rows] of Object.entries(load.inputs)) {
    const table = findInputTable(given, known);
    if ('error' in table) {
      const line = `UNKNOWN_TABLE: ${rows.test_file}:${rows.line}: ${rows.what} ${table.error}`;
      if (!errors.includes(line)) {
        errors.push(line);
      }
    } else {
      inputs[table.name] = rows;
    }
  }
  return { ...load, inputs };
}

function problemsOf({ tests, locationOf }: TestFile, dataset: Dataset): string[] {
  if (documentOf(dataset)?.history !== undefined) {
    return [];
  }
  return tests.flatMap(({ loads }, index) => loads.length < 2 ? [] : [
    `SETTING_NOT_APPLICABLE: ${locationOf('tests', index, 'loads')}: /tests/${index}/loads has ${loads.length} loads, `
      + `but ${fullName(dataset)} has no history. Write one test per load.`,
  ]);
}

/** The dataset of a test file. */
function datasetOf(file: TestFile, derived: Dataset[]): Dataset | { readonly error: string } {
  const shown = relativePath(file.file);
  const named = file.dataset ?? datasetOfFolder(path.dirname(path.dirname(file.file)), derived);
  if (named === undefined) {
    const folder = relativePath(path.dirname(path.dirname(file.file)));
    return {
      error: `UNKNOWN_DATASET: ${shown}:1:1: the key dataset is missing, and ${folder} is not the folder of a silver `
        + `or gold dataset. Add dataset: NAME. ${datasetNames(derived)}`,
    };
  }
  const matches = derived.filter(each => each.dataset === named || fullName(each) === named);
  if (matches.length === 1) {
    return matches[0];
  }
  const where = file.dataset === undefined ? `${shown}:1:1` : file.locationOf('dataset');
  return {
    error: matches.length > 1
      ? `UNKNOWN_DATASET: ${where}: /dataset is "${named}", which matches ${matches.map(fullName).join(' and ')}. `
        + 'Specify layer/dataset.'
      : `UNKNOWN_DATASET: ${where}: /dataset is "${named}", which is not a silver or gold dataset of the app. `
        + `${didYouMean(named, derived.map(each => named.includes('/') ? fullName(each) : each.dataset))}`
        + `${datasetNames(derived)} Correct the name, or run \`npx cdk synth\` if the dataset is new.`,
  };
}

function datasetNames(derived: Dataset[]): string {
  const names = [...new Set(derived.map(each => each.dataset))];
  const more = names.length > 12 ? ` and ${names.length - 12} more` : '';
  return `The datasets are: ${names.slice(0, 12).join(', ') || 'none'}${more}.`;
}

/**
 * The derived dataset that config.json in a folder names, or that has the name of the folder. If there is no such
 * dataset, the name in config.json.
 */
function datasetOfFolder(folder: string, derived: Dataset[]): string | undefined {
  const declared = readJsonObject(path.join(folder, 'config.json'))?.dataset;
  const layer = path.basename(path.dirname(folder));
  const names = [declared, path.basename(folder), path.basename(folder).replaceAll('_', '-')]
    .filter((name): name is string => typeof name === 'string');
  const matches = derived.filter(({ dataset }) => names.includes(dataset));
  const match = matches.find(each => each.layer === layer) ?? matches[0];
  return match ? fullName(match) : typeof declared === 'string' ? declared : undefined;
}

/** The tests that the options select, with the Glue version in the options. Fails if there are none. */
function selectTests(
  planned: PlannedTest[], name: string | undefined, datasets: Dataset[], options: TestOptions,
): PlannedTest[] {
  const selected = name === undefined ? undefined : selectDataset(datasets, name, options.stack);
  if (selected?.layer === Layer.BRONZE) {
    throw new Failure(
      `${fullName(selected)} is a bronze dataset. Only silver and gold datasets can have tests. Test a dataset that `
        + 'reads it.',
      2,
    );
  }
  const inStack = options.stack === undefined ? datasets : selectDatasets(datasets, options.stack);
  const ofDatasets = planned.filter(({ dataset }) => selected ? dataset === selected : inStack.includes(dataset));
  if (ofDatasets.length === 0) {
    const where = options.tests.join(', ') || 'the folders named tests below the current folder';
    throw new Failure(
      `No tests of ${selected ? fullName(selected) : 'the app'} were found in ${where}. Write tests/NAME.yaml next to `
        + 'the dataset, or create a test from the local lake: npx medallion test --record '
        + `${selected?.dataset ?? 'DATASET'}`,
      2,
    );
  }
  const tests = ofDatasets.filter(each => matchesPattern(each.test.name, options.name));
  if (tests.length === 0) {
    throw new Failure(
      `No test has a name that matches "${options.name}". ${didYouMean(options.name ?? '', ofDatasets.map(each =>
        each.test.name))}`.trimEnd(),
      2,
    );
  }
  const used = [...new Set(tests.map(({ dataset }) => dataset))];
  used.forEach(requireKnownValues);
  const versions = new Map(used.map(dataset => [dataset, withGlueVersion(dataset, options)]));
  return tests.map(each => ({ ...each, dataset: versions.get(each.dataset)! }));
}

/** Whether a name matches a pattern. Case is ignored. */
export function matchesPattern(name: string, pattern: string | undefined): boolean {
  if (pattern === undefined) {
    return true;
  }
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return pattern.includes('*')
    ? new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`, 'isu').test(name)
    : name.toLowerCase().includes(pattern.toLowerCase());
}

function writeReport(file: string, report: string): void {
  try {
    fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    fs.writeFileSync(file, report);
  } catch (error) {
    throw new Failure(`Cannot write the JUnit report (${(error as Error).message}). Specify another file.`, 1);
  }
}
