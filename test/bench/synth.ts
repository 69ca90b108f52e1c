/**
 * Benchmarks the synthesis of a lake with 1 to 300 datasets against the same resources written by hand.
 *
 * Run by `npm run bench:synth -- [--rounds 3] [--datasets 1,10,100,300]`. Each round runs both variants, each in a new
 * process. Times are medians, from the creation of the App to the end of its synthesis. The ratio compares CPU
 * times, because they depend less on other processes. Prints the resource types whose properties differ between the
 * variants.
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

type Variant = 'library' | 'by hand';

interface Lake {
  readonly variant: Variant;
  readonly datasets: number;
  /** The number of datasets per stack. */
  readonly datasetsPerStack: number;
}

/** Measurements of one synthesis. */
interface Measurement {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly resources: number;
  /** The total size of the templates, in bytes. */
  readonly bytes: number;
  /** The size of the largest template, in bytes. */
  readonly largest: number;
  /** Type and properties of each resource, without hashes. */
  readonly properties: string[];
}

/** The dataset names of each stack. */
function stacks({ datasets, datasetsPerStack }: Lake): string[][] {
  const names = Array.from({ length: datasets }, (_, index) => `dataset-${index}`);
  return Array.from({ length: Math.ceil(datasets / datasetsPerStack) }, (_, index) =>
    names.slice(index * datasetsPerStack, (index + 1) * datasetsPerStack),
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
 * Writes the files for `etl/` that a handwritten app contains, one folder per stack. Returns the file name of the
 * shared Python package.
 */
function writeScripts(lake: Lake, folder: string): string {
  const { fileName, bytes } = etlRuntimePackage();
  for (const [index, datasets] of stacks(lake).entries()) {
    for (const dataset of datasets) {
      const target = path.join(folder, String(index), dataset, 'glue');
      fs.mkdirSync(target, { recursive: true });
      fs.writeFileSync(path.join(target, fileName), bytes);
      fs.writeFileSync(path.join(target, 'bronze_job.py'), '');
      const document = { dataset, source_url: `https://example.org/${dataset}.zip` };
      fs.writeFileSync(path.join(target, 'bronze.json'), JSON.stringify(document));
    }
  }
  return fileName;
}

function measure(lake: Lake): Measurement {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'bench-synth-'));
  try {
    const outdir = path.join(folder, 'cdk.out');
    const scripts = path.join(folder, 'scripts');
    const runtime = lake.variant === 'by hand' ? writeScripts(lake, scripts) : '';
    const begin = performance.now();
    const cpuBegin = process.cpuUsage();
    const app = new App({ outdir });
    if (lake.variant === 'library') {
      byLibrary(app, lake);
    } else {
      byHand(app, lake, scripts, runtime);
    }
    app.synth();
    const { user, system } = process.cpuUsage(cpuBegin);
    const seconds = (performance.now() - begin) / 1000;
    const templates = fs
      .readdirSync(outdir)
      .filter(name => name.endsWith('.template.json'))
      .map(name => fs.readFileSync(path.join(outdir, name), 'utf8'));
    const sizes = templates.map(text => Buffer.byteLength(text));
    const properties = templates.flatMap(propertiesOf);
    return {
      seconds,
      cpuSeconds: (user + system) / 1_000_000,
      resources: properties.length,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      largest: Math.max(...sizes),
      properties,
    };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * Returns the type and properties of each resource. Logical IDs in references are replaced by resource types.
 * `Fn::Join` is converted to the notation of `Fn::Sub`, which the library uses because it is shorter.
 */
function propertiesOf(template: string): string[] {
  const resources = JSON.parse(template).Resources as Record<
    string,
    { Type: string; Properties: object; DeletionPolicy?: string }
  >;
  return Object.values(resources).map(({ Type, Properties, DeletionPolicy }) => {
    const text = JSON.stringify({ Properties, DeletionPolicy }, (_key, value) =>
      typeof value === 'string' && value in resources ? resources[value].Type : inSubNotation(value),
    );
    const withoutHashes = text
      .replace(/[0-9a-f]{64}/g, 'hash')
      .replace(/"PolicyName":"\w+DefaultPolicy\w+"/, '"PolicyName":"default"');
    return `${Type} ${withoutHashes}`;
  }).filter(text => !text.startsWith('AWS::CDK::Metadata'));
}

function inSubNotation(value: unknown): unknown {
  const [separator, parts] = (value as { 'Fn::Join'?: [string, unknown] } | null)?.['Fn::Join'] ?? [];
  if (separator !== '' || !Array.isArray(parts)) {
    return value;
  }
  const variables = parts.map(part => typeof part === 'string' ? part : part['Fn::Sub'] ?? `\${${part.Ref}}`);
  return { 'Fn::Sub': variables.join('') };
}

function measureInNewProcess(lake: Lake): Measurement {
  const command = ['--require', 'ts-node/register', __filename, '--one', JSON.stringify(lake)];
  const done = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(done.stdout) as Measurement;
}

function median(values: number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

function compare(datasets: number, datasetsPerStack: number, rounds: number): void {
  const variants: Variant[] = ['library', 'by hand'];
  const measured: Record<Variant, Measurement[]> = { 'library': [], 'by hand': [] };
  for (let round = 0; round < rounds; round++) {
    for (const variant of variants) {
      measured[variant].push(measureInNewProcess({ variant, datasets, datasetsPerStack }));
    }
  }
  const seconds = variants.map(variant => median(measured[variant].map(each => each.seconds)));
  const cpuSeconds = variants.map(variant => median(measured[variant].map(each => each.cpuSeconds)));
  for (const [index, variant] of variants.entries()) {
    const [{ resources, bytes, largest }] = measured[variant];
    console.log(
      [
        String(datasets).padStart(8),
        String(Math.min(datasetsPerStack, datasets)).padStart(9),
        variant.padEnd(8),
        seconds[index].toFixed(2).padStart(7),
        cpuSeconds[index].toFixed(2).padStart(7),
        String(resources).padStart(10),
        (resources / datasets).toFixed(1).padStart(11),
        String(Math.round(bytes / datasets)).padStart(17),
        String(largest).padStart(14),
        index === 0 ? (cpuSeconds[0] / cpuSeconds[1]).toFixed(2).padStart(6) : '',
      ].join(' '),
    );
  }
  const [ofLibrary, handwritten] = variants.map(variant => measured[variant][0].properties);
  const different = ofLibrary.filter(each => !handwritten.includes(each)).map(each => each.split(' ')[0]);
  if (different.length > 0) {
    console.log(`${' '.repeat(19)}properties differ: ${[...new Set(different)].join(', ')}`);
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
  const header = [
    'datasets', 'per stack'.padStart(9), 'variant'.padEnd(8), 's'.padStart(7), 'CPU s'.padStart(7),
    'resources'.padStart(10), 'per dataset'.padStart(11), 'bytes per dataset'.padStart(17),
    'largest, bytes'.padStart(14), 'ratio'.padStart(6),
  ];
  console.log(header.join(' '));
  const numbers = values.datasets.split(',').map(Number);
  for (const datasets of numbers) {
    compare(datasets, 1, Number(values.rounds));
  }
  // 100 datasets per stack, close to the resource limit of CloudFormation.
  for (const datasets of numbers.filter(each => each >= 10)) {
    compare(datasets, 100, Number(values.rounds));
  }
}

main();
