import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import {
  BronzeDataset, BronzeDatasetProps, DataSizeCategory, EtlCore, EtlPipeline, GlueWorkerConfig, Source, WorkerType,
} from '../src';

interface Job {
  readonly WorkerType: string;
  readonly NumberOfWorkers: number;
  readonly Timeout: number;
  readonly MaxRetries: number;
  readonly ExecutionClass?: string;
  readonly DefaultArguments: { readonly [argument: string]: string | undefined };
}

function lake(config?: GlueWorkerConfig) {
  const app = new App();
  const stack = new Stack(app, 'Lake', { env: { account: '123456789012', region: 'us-east-1' } });
  const core = EtlCore.fromPrefixes(stack, 'Core', {
    resourcePrefix: 'pp-dw',
    glueWorkerConfigs: config && { medium: config },
  });
  const rates = (props: Partial<BronzeDatasetProps>) => new BronzeDataset(stack, 'Rates', {
    core,
    dataset: 'rates',
    dataSizeCategory: DataSizeCategory.MEDIUM,
    source: Source.url('https://example.org/rates.csv'),
    ...props,
  });
  const job = (): Job => Object.values(Template.fromStack(stack).findResources('AWS::Glue::Job'))[0].Properties as Job;
  return { app, stack, core, rates, job };
}

/**
 * The worker types in https://docs.aws.amazon.com/glue/latest/dg/worker-types.html, with the maximum number of workers.
 * The maximum is 299 if AWS documents none.
 */
const WORKER_TYPES: [type: WorkerType, name: string, dpu: number, maximum: number][] = [
  [WorkerType.G_1X, 'G.1X', 1, 299],
  [WorkerType.G_2X, 'G.2X', 2, 149],
  [WorkerType.G_4X, 'G.4X', 4, 299],
  [WorkerType.G_8X, 'G.8X', 8, 299],
  [WorkerType.G_12X, 'G.12X', 12, 299],
  [WorkerType.G_16X, 'G.16X', 16, 299],
  [WorkerType.R_1X, 'R.1X', 1, 299],
  [WorkerType.R_2X, 'R.2X', 2, 299],
  [WorkerType.R_4X, 'R.4X', 4, 299],
  [WorkerType.R_8X, 'R.8X', 8, 299],
];

test('the table of this test has all worker types', () => {
  expect(WORKER_TYPES.map(([type]) => type)).toEqual(Object.values(WorkerType));
});

describe.each(WORKER_TYPES)('%s', (workerType, name, dpu, maximum) => {
  test(`a job can have 2 to ${maximum} workers with ${dpu} DPU or M-DPU each`, () => {
    for (const numberOfWorkers of [2, maximum]) {
      const { rates, job } = lake();
      const { maxDpuHours } = rates({ workerType, numberOfWorkers, timeout: Duration.minutes(90), maxRetries: 2 });
      const { WorkerType: type, NumberOfWorkers: number, DefaultArguments: { '--names': names } } = job();
      expect({ type, number }).toEqual({ type: name, number: numberOfWorkers });
      expect(JSON.parse(names!)).toMatchObject({ number_of_workers: numberOfWorkers, dpu_per_worker: dpu });
      expect(maxDpuHours).toBe(numberOfWorkers * dpu * 1.5 * 3);
    }
  });

  test.each([1, maximum + 1])('%d workers are an error', numberOfWorkers => {
    expect(() => lake().rates({ workerType, numberOfWorkers })).toThrow(
      /^(VALUE_INVALID|SETTINGS_CONFLICT): Lake\/Rates: number_of_workers of dataset "rates" is /,
    );
  });

  test('its workers can scale', () => {
    const { rates, job } = lake();
    rates({ workerType, autoScaling: true });
    expect(job().DefaultArguments['--enable-auto-scaling']).toBe('true');
  });
});

describe('auto scaling', () => {
  test.each<[DataSizeCategory, boolean]>([
    [DataSizeCategory.SMALL, false],
    [DataSizeCategory.MEDIUM, true],
    [DataSizeCategory.LARGE, true],
    [DataSizeCategory.XLARGE, true],
  ])('of the size %s is by default %s', (dataSizeCategory, expected) => {
    const { rates, job } = lake();
    rates({ dataSizeCategory });
    expect(isScaling(job())).toBe(expected);
  });

  test.each<[string, boolean | undefined, boolean | undefined, boolean]>([
    ['the size switches it off', false, undefined, false],
    ['the dataset switches it off', undefined, false, false],
    ['the dataset overrides the size', false, true, true],
  ])('%s', (_, ofSize, ofDataset, expected) => {
    const { rates, job } = lake({ autoScaling: ofSize, numberOfWorkers: 8 });
    rates({ autoScaling: ofDataset });
    expect(isScaling(job())).toBe(expected);
  });
});

/** Whether the job scales. Its argument and what its script reads must agree. */
function isScaling({ DefaultArguments: { '--enable-auto-scaling': argument, '--names': names } }: Job): boolean {
  const { auto_scaling: isOn } = JSON.parse(names!) as { auto_scaling: boolean };
  expect(argument).toBe(isOn ? 'true' : undefined);
  return isOn;
}

describe('flex', () => {
  test.each<[string, boolean | undefined, boolean | undefined, string | undefined]>([
    ['by default, runs start immediately', undefined, undefined, undefined],
    ['the size sets it', true, undefined, 'FLEX'],
    ['the dataset sets it', undefined, true, 'FLEX'],
    ['the dataset overrides the size', true, false, undefined],
  ])('%s', (_, ofSize, ofDataset, expected) => {
    const { rates, job } = lake({ flex: ofSize, numberOfWorkers: 4 });
    rates({ flex: ofDataset });
    expect(job().ExecutionClass).toBe(expected);
  });

  test('does not change retries and auto scaling', () => {
    const { rates, job } = lake();
    rates({ flex: true });
    expect(job().MaxRetries).toBe(1);
    expect(isScaling(job())).toBe(true);
  });

  test.each(WORKER_TYPES)('with workers of type %s is allowed only for G.1X and G.2X', (workerType, name) => {
    const create = () => lake().rates({ workerType, flex: true });
    if (['G.1X', 'G.2X'].includes(name)) {
      expect(create).not.toThrow();
    } else {
      expect(create).toThrow(
        'SETTINGS_CONFLICT: Lake/Rates: flex of dataset "rates" is true, but AWS Glue does not support the execution '
          + `class FLEX for workers of type ${name}. Use the worker type G.1X or G.2X, or set flex to false.`,
      );
    }
  });

  test('of a size does not fit the worker type of a dataset', () => {
    expect(() => lake({ flex: true }).rates({ workerType: WorkerType.R_1X })).toThrow(
      'flex of dataset "rates" is true, but AWS Glue does not support the execution class FLEX for workers of type '
        + 'R.1X.',
    );
  });

  test('needs a timeout of 30 minutes', () => {
    expect(() => lake().rates({ flex: true, timeout: Duration.minutes(30) })).not.toThrow();
    expect(() => lake({ flex: true }).rates({ timeout: Duration.minutes(29) })).toThrow(
      'SETTINGS_CONFLICT: Lake/Rates: flex of dataset "rates" is true, but the timeout is 29 minutes; AWS Glue can '
        + 'wait 20 minutes for spare capacity, and a run does not publish in the last ten minutes before its timeout. '
        + 'Set a timeout of at least 30 minutes, or set flex to false.',
    );
  });

  test('does not fit a pipeline, which would wait for the run', () => {
    const { app, stack, core, rates } = lake({ flex: true });
    new EtlPipeline(stack, 'Daily', { core, datasets: [rates({})] });
    expect(() => app.synth()).toThrow(
      'SETTINGS_CONFLICT: Lake/Daily: the dataset "bronze/rates" of the pipeline "daily" runs with flex, so the '
        + 'pipeline would wait until AWS Glue has spare capacity for its run, and fail if there is none. Set flex of '
        + 'the dataset to false, or remove the dataset from the pipeline and give it its own schedule.',
    );
  });

  test('of a size can be switched off for a dataset of a pipeline', () => {
    const { app, stack, core, rates } = lake({ flex: true });
    new EtlPipeline(stack, 'Daily', { core, datasets: [rates({ flex: false })] });
    expect(() => app.synth()).not.toThrow();
  });
});
