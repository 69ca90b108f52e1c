import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { Confirmations } from '../../src/cli/confirmations';

const START = Date.parse('2026-11-23T00:00:00Z');
const HOUR = 3_600_000;
/** The ISO 8601 time that is a number of hours after START. */
const at = (hour: number) => new Date(START + hour * HOUR).toISOString();
const runsOf = (dataset: string) => `s3://lake/etl/${dataset.split('/')[1]}/runs/${dataset.split('/')[0]}/`;

/** A dataset that was published at an hour, from these runs of its inputs. */
interface Published {
  readonly hour?: number;
  readonly run_id?: string;
  readonly reads?: Record<string, string>;
  /** The hours of runs in which its source or inputs were unchanged. */
  readonly unchanged?: number[];
}

/** The hours at which the datasets were confirmed, and the inputs that are newer than their tables. */
function confirmationsOf(lake: Record<string, Published>, inputs: Record<string, string[]>): object {
  const objects = temporaryFolder();
  for (const [dataset, { hour, run_id: runId = 'r1', reads = {}, unchanged = [] }] of Object.entries(lake)) {
    const folder = path.join(objects, runsOf(dataset).replace('s3://', ''));
    fs.mkdirSync(folder, { recursive: true });
    const write = (name: string, content: object) => fs.writeFileSync(path.join(folder, name), JSON.stringify(content));
    if (hour !== undefined) {
      const read = Object.entries(reads).map(([input, run]) => ({ dataset: input, run_id: run }));
      write('published.json', { run_id: runId, published_at: at(hour), inputs: read, tables: {} });
    }
    unchanged.forEach(each => write(
      `run_id=20261123T${String(each).padStart(2, '0')}0000000Z-000000.json`,
      { status: 'unchanged', finished_at: at(each) },
    ));
  }
  const named = (dataset: string) => ({ dataset, runs: runsOf(dataset) });
  const datasets = Object.keys(lake).map(name =>
    ({ name, runs: runsOf(name), inputs: (inputs[name] ?? []).map(named) }));
  const confirmations = new Confirmations(objects, datasets);
  return Object.fromEntries(datasets.map(dataset => {
    const time = confirmations.confirmedAt(dataset);
    return [dataset.name, [
      time === undefined ? undefined : (time - START) / HOUR,
      confirmations.newerInputs(dataset).map(each => each.dataset),
    ]];
  }));
}

test.each<[string, Record<string, Published>, Record<string, string[]>, object]>([
  ['a run found it unchanged', { 'bronze/a': { hour: 1, unchanged: [5] } }, {}, { 'bronze/a': [5, []] }],
  ['it was never published', { 'bronze/a': { unchanged: [5] } }, {}, { 'bronze/a': [undefined, []] }],
  [
    'its inputs were confirmed, and it is built from their current publications: the oldest input counts',
    {
      'bronze/a': { hour: 1, unchanged: [9] },
      'bronze/b': { hour: 1, unchanged: [7] },
      'gold/c': { hour: 2, reads: { 'bronze/a': 'r1', 'bronze/b': 'r1' } },
      'gold/d': { hour: 3, reads: { 'gold/c': 'r1' } },
    },
    { 'gold/c': ['bronze/a', 'bronze/b'], 'gold/d': ['gold/c'] },
    { 'bronze/a': [9, []], 'bronze/b': [7, []], 'gold/c': [7, []], 'gold/d': [7, []] },
  ],
  [
    'an input has published since',
    { 'bronze/a': { hour: 8, run_id: 'r2' }, 'gold/c': { hour: 2, reads: { 'bronze/a': 'r1' } } },
    { 'gold/c': ['bronze/a'] },
    { 'bronze/a': [8, []], 'gold/c': [2, ['bronze/a']] },
  ],
  [
    'the input has no publication',
    { 'bronze/a': {}, 'gold/c': { hour: 2, reads: { 'bronze/a': 'r1' } } },
    { 'gold/c': ['bronze/a'] },
    { 'bronze/a': [undefined, []], 'gold/c': [2, []] },
  ],
  [
    'the inputs are a cycle',
    { 'gold/a': { hour: 1, reads: { 'gold/b': 'r1' } }, 'gold/b': { hour: 2, reads: { 'gold/a': 'r1' } } },
    { 'gold/a': ['gold/b'], 'gold/b': ['gold/a'] },
    { 'gold/a': [2, []], 'gold/b': [2, []] },
  ],
])('when a dataset was confirmed if %s', (_, lake, inputs, expected) => {
  expect(confirmationsOf(lake, inputs)).toEqual(expected);
});
