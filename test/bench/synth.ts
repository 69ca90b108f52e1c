/**
 * How long a lake of 1 to 300 datasets takes to synthesize, beside the same resources written by hand.
 *
 * Run by `npm run bench:synth -- [--rounds 3] [--datasets 1,10,100,300]`. Each round is a fresh process, the two ways
 * in turn; seconds are medians, from the App to the end of its synth. A check says which types of resources have other
 * properties than those by hand.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { parseArgs } from 'util';
import { App, Stack } from 'aws-cdk-lib';
import { coreByHand, datasetsByHand } from './by-hand';
import { BronzeDataset, DataSizeCategory, EtlCore, Schedule, Source } from '../../src';
import { etlRuntimePackage } from '../../src/private/scripts/job-package';

type Way = 'library' | 'by hand';

interface Lake {
  readonly way: Way;
  readonly datasets: number;
  /** How many datasets share a stack. */
  readonly aStack: number;
}

/** What a process found out about one synth. */
interface Found {
  readonly seconds: number;
  readonly resources: number;
  /** All templates, in bytes. */
  readonly bytes: number;
  /** The largest of them. */
  readonly largest: number;
  /** Type and properties of each resource, without what is named by hashes. */
  readonly properties: string[];
}

/** The datasets by their stacks. */
function stacks({ datasets, aStack }: Lake): string[][] {
  const names = Array.from({ length: datasets }, (_, index) => `dataset-${index}`);
  return Array.from({ length: Math.ceil(datasets / aStack) }, (_, index) =>
    names.slice(index * aStack, (index + 1) * aStack),
  );
}

function byLibrary(app: App, lake: Lake): void {
  const core = new EtlCore(new Stack(app, 'Core'), 'Core', { resourcePrefix: 'pp-dw' });
  for (const [index, datasets] of stacks(lake).entries()) {
    const stack = new Stack(app, `Datasets${index}`);
    for (const dataset of datasets) {
      new BronzeDataset(stack, dataset, {
        core,
        dataset,
        dataSizeCategory: DataSizeCategory.SMALL,
        source: Source.url(`https://example.org/${dataset}.zip`),
        schedule: Schedule.cron('0 6 * * ? *'),
      });
    }
  }
}

function byHand(app: App, lake: Lake, scripts: string, runtime: string): void {
  const core = new Stack(app, 'Core');
  coreByHand(core);
  for (const [index, datasets] of stacks(lake).entries()) {
    const stack = new Stack(app, `Datasets${index}`);
    stack.addDependency(core);
    datasetsByHand(stack, datasets, runtime, path.join(scripts, String(index)));
  }
}

/**
 * The folders that a person has in their repository: what goes to `etl/`, a folder a stack. Returns the name of the
 * package.
 */
function writeScripts(lake: Lake, folder: string): string {
  const { fileName, bytes } = etlRuntimePackage();
  for (const [index, datasets] of stacks(lake).entries()) {
    for (const dataset of datasets) {
      const target = path.join(folder, String(index), dataset, 'glue');
      fs.mkdirSync(target, { recursive: true });
      fs.writeFileSync(path.join(target, fileName), bytes);
      fs.writeFileSync(path.join(target, 'bronze_job.py'), '');
      fs.writeFileSync(path.join(target, 'bronze.json'), JSON.stringify({ dataset, source_url: `https://example.org/${dataset}.zip` }));
    }
  }
  return fileName;
}

function measure(lake: Lake): Found {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'bench-synth-'));
  try {
    const outdir = path.join(folder, 'cdk.out');
    const scripts = path.join(folder, 'scripts');
    const runtime = lake.way === 'by hand' ? writeScripts(lake, scripts) : '';
    const begin = performance.now();
    const app = new App({ outdir });
    if (lake.way === 'library') {
      byLibrary(app, lake);
    } else {
      byHand(app, lake, scripts, runtime);
    }
    app.synth();
    const seconds = (performance.now() - begin) / 1000;
    const templates = fs
      .readdirSync(outdir)
      .filter(name => name.endsWith('.template.json'))
      .map(name => fs.readFileSync(path.join(outdir, name), 'utf8'));
    const sizes = templates.map(text => Buffer.byteLength(text));
    const properties = templates.flatMap(propertiesOf);
    return {
      seconds,
      resources: properties.length,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      largest: Math.max(...sizes),
      properties,
    };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Each resource as its type and properties, with types in place of the ids that the construct tree makes. */
function propertiesOf(template: string): string[] {
  const resources = JSON.parse(template).Resources as Record<
    string,
    { Type: string; Properties: object; DeletionPolicy?: string }
  >;
  return Object.values(resources).map(({ Type, Properties, DeletionPolicy }) => {
    const text = JSON.stringify({ Properties, DeletionPolicy }, (_key, value) =>
      typeof value === 'string' && value in resources ? resources[value].Type : value,
    );
    return (
      `${Type} `
      + `${text.replace(/[0-9a-f]{64}/g, 'hash').replace(/"PolicyName":"\w+DefaultPolicy\w+"/, '"PolicyName":"default"')}`
    );
  }).filter(text => !text.startsWith('AWS::CDK::Metadata'));
}

function inFreshProcess(lake: Lake): Found {
  const command = ['--require', 'ts-node/register', __filename, '--one', JSON.stringify(lake)];
  const done = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(done.stdout) as Found;
}

function median(values: number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

function compare(datasets: number, aStack: number, rounds: number): void {
  const ways: Way[] = ['library', 'by hand'];
  const found: Record<Way, Found[]> = { 'library': [], 'by hand': [] };
  for (let round = 0; round < rounds; round++) {
    for (const way of ways) {
      found[way].push(inFreshProcess({ way, datasets, aStack }));
    }
  }
  const seconds = ways.map(way => median(found[way].map(each => each.seconds)));
  for (const [index, way] of ways.entries()) {
    const [{ resources, bytes, largest }] = found[way];
    console.log(
      [
        String(datasets).padStart(8),
        String(Math.min(aStack, datasets)).padStart(8),
        way.padEnd(8),
        seconds[index].toFixed(2).padStart(7),
        String(resources).padStart(10),
        (resources / datasets).toFixed(1).padStart(10),
        String(Math.round(bytes / datasets)).padStart(16),
        String(largest).padStart(14),
        index === 0 ? (seconds[0] / seconds[1]).toFixed(2).padStart(6) : '',
      ].join(' '),
    );
  }
  const [mine, others] = ways.map(way => new Map(found[way][0].properties.map(each => [each, each.split(' ')[0]])));
  const odd = [...mine].filter(([each]) => !others.has(each)).map(([, type]) => type);
  if (odd.length > 0) {
    console.log(`${' '.repeat(18)}other properties than by hand: ${[...new Set(odd)].join(', ')}`);
  }
}

function main(): void {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      datasets: { type: 'string', default: '1,10,100,300' },
      one: { type: 'string' },
    },
  });
  if (values.one) {
    console.log(JSON.stringify(measure(JSON.parse(values.one) as Lake)));
    return;
  }
  console.log('datasets  a stack way            s  resources  a dataset  bytes a dataset  largest, bytes  ratio');
  const numbers = values.datasets.split(',').map(Number);
  for (const datasets of numbers) {
    compare(datasets, 1, Number(values.rounds));
  }
  // As many in a stack as fit.
  for (const datasets of numbers.filter(each => each >= 10)) {
    compare(datasets, 100, Number(values.rounds));
  }
}

main();
