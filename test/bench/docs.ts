/**
 * Benchmarks `medallion docs` with a lake of 300 datasets, 5,000 columns and 20 runs per dataset.
 *
 * Run by `npx projen bench:docs`. Prints the time to write the page, its size, and the median time of five runs until
 * Chromium has shown it. Exit code 1 if the page has more than 10 MB or takes more than 2 seconds.
 */
import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { EtlCore, LakeDataset, Transform } from '../../src';
import { medallionIn } from '../cli/app-fixture';
import { temporaryFolder } from '../cli/assembly-fixture';
import { bronze, derived } from '../layouts';
import { openFile, startChromium } from '../page/chromium';
import { record, runIdOf, table, writeAllRecords } from '../page/example-lake';

const DATASETS = { bronze: 150, silver: 90, gold: 60 };
const STACKS = 3;
const COLUMNS = 5000 / 300;
const RUNS = 20;
const ROUNDS = 5;
const MAX_BYTES = 10_000_000;
const MAX_SECONDS = 2;

type Layer = keyof typeof DATASETS;

/** The inputs of each derived dataset: one to three datasets of the previous layer. */
const inputsOf = (layer: Layer, index: number): number[] => {
  const count = DATASETS[layer === 'gold' ? 'silver' : 'bronze'];
  return [...new Set([index, index * 7 + 3, index * 3 + 1].slice(0, 1 + index % 3).map(each => each % count))];
};

function synthesize(folder: string): void {
  const app = new App({ outdir: path.join(folder, 'cdk.out') });
  const core = new EtlCore(new Stack(app, 'Core'), 'Core', { resourcePrefix: 'pp-dw' });
  const stacks = Array.from({ length: STACKS }, (_, index) => new Stack(app, `Datasets${index}`));
  const created: Record<Layer, LakeDataset[]> = { bronze: [], silver: [], gold: [] };
  for (const layer of ['bronze', 'silver', 'gold'] as const) {
    for (let index = 0; index < DATASETS[layer]; index++) {
      const stack = stacks[index % STACKS];
      const dataset = `${layer}-dataset-${index}`;
      created[layer].push(layer === 'bronze'
        ? bronze({ core, stack }, { dataset, description: `Records of source ${index}` }, dataset)
        : derived(layer, { core, stack }, {
          dataset,
          inputs: inputsOf(layer, index).map(each => created[layer === 'gold' ? 'silver' : 'bronze'][each]),
          transform: Transform.sql('SELECT 1 AS one'),
        }, dataset));
    }
  }
  app.synth();
}

function writeLake(folder: string): void {
  const records: Record<string, Record<string, unknown>[]> = {};
  for (const layer of ['bronze', 'silver', 'gold'] as const) {
    for (let index = 0; index < DATASETS[layer]; index++) {
      const name = `${layer}_dataset_${index}`;
      const before = layer === 'gold' ? 'silver' : 'bronze';
      const [input] = layer === 'bronze' ? [] : inputsOf(layer, index);
      const count = Math.round(COLUMNS * (index + 1)) - Math.round(COLUMNS * index);
      const columns = Array.from({ length: count }, (_, column) => `column_${column}_of_${name}`);
      const lineage = input === undefined ? {} : {
        [name]: {
          columns: Object.fromEntries(columns.map((column, position) => [column, [{
            table: `pp_dw_${before}.${before}_dataset_${input}`,
            column: `column_${position}_of_${before}_dataset_${input}`,
            kind: 'identity',
          }]])),
          filters: [],
        },
      };
      records[`${layer}/${layer}-dataset-${index}`] = Array.from({ length: RUNS }, (_, run) =>
        record(1 + 24 * run, run === 0 && index % 20 === 0 ? 'failed' : 'published', {
          ...run === 0 && index % 20 === 0 && { error_code: 'GATE_MAX_SHRINK', error: 'GATE_MAX_SHRINK: too few rows' },
          inputs: input === undefined ? [] : [{ dataset: `${before}/${before}-dataset-${input}`, run_id: runIdOf(1) }],
          tables: [table(name, 100_000 - run, Object.fromEntries(columns.map(column => [column, 'string'])), {
            bounds: Object.fromEntries(columns.map(column => [column, ['0000-lowest-value', 'zzzz-highest-value']])),
          })],
          lineage,
        }));
    }
  }
  writeAllRecords(folder, records);
}

async function main(): Promise<number> {
  const folder = temporaryFolder();
  try {
    synthesize(folder);
    writeLake(folder);
    const start = performance.now();
    const { code, stderr } = medallionIn(folder, ['docs']);
    const written = (performance.now() - start) / 1000;
    if (code !== 0) {
      throw new Error(stderr);
    }
    const file = path.join(folder, 'medallion.html');
    const bytes = fs.statSync(file).size;
    const browser = await startChromium();
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { page, problems } = await openFile(browser, file);
      // The time of the first frame that shows the graph and the table of all datasets.
      times.push(await page.evaluate<number>(
        'new Promise(resolve => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))))',
      ) / 1000);
      const nodes = await page.locator('.graph a.node').count();
      if (problems.length > 0 || nodes !== 300) {
        throw new Error(`The page has ${nodes} datasets. ${problems.join(', ')}`);
      }
      await page.close();
    }
    await browser.close();
    const opened = times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
    console.log([
      `written in   ${written.toFixed(1)} s`,
      `size         ${(bytes / 1e6).toFixed(2)} MB (at most ${MAX_BYTES / 1e6} MB)`,
      `opened in    ${opened.toFixed(2)} s (at most ${MAX_SECONDS} s)`,
    ].join('\n'));
    return bytes <= MAX_BYTES && opened <= MAX_SECONDS ? 0 : 1;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

main().then(
  code => { process.exitCode = code; },
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
