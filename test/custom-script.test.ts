import * as fs from 'fs';
import * as path from 'path';
import { Annotations as CdkAnnotations, App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import {
  BronzeDataset, DataSizeCategory, DatasetDirectory, EtlCore, GoldDataset, LakeDataset, Layer, SilverDataset, Transform,
} from '../src';
import { temporaryFolder } from './cli/assembly-fixture';

const WARNING = 'cdk-glue-medallion:script-not-published';
const ORDINARY = 'import sys\nfrom awsglue.job import Job\n# run_bronze, run_silver and run_gold\n';

/** A stack with a dataset in this layer, whose job runs the script. */
function withScript(layer: Layer, text: string): { stack: Stack; dataset: LakeDataset; file: string } {
  const stack = new Stack(new App(), 'Lake');
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
  const file = path.join(temporaryFolder(), 'job.py');
  fs.writeFileSync(file, text);
  const common = { core, dataset: 'rates', dataSizeCategory: DataSizeCategory.SMALL };
  const derived = { ...common, inputs: [], transform: Transform.script(file) };
  const dataset = layer === Layer.BRONZE
    ? new BronzeDataset(stack, 'Rates', { ...common, script: file })
    : layer === Layer.SILVER ? new SilverDataset(stack, 'Rates', derived) : new GoldDataset(stack, 'Rates', derived);
  return { stack, dataset, file };
}

function warningsOf(stack: Stack): string[] {
  return Annotations.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp(WARNING))
    .map(({ entry }) => String(entry.data));
}

describe.each<[Layer, string]>([
  [Layer.BRONZE, 'fetch'],
  [Layer.SILVER, 'transform'],
  [Layer.GOLD, 'transform'],
])('a %s script', (layer, argument) => {
  test('without a call of its entry point gets a warning that says what to import and how to acknowledge it', () => {
    const { stack, file } = withScript(layer, ORDINARY);
    expect(warningsOf(stack)).toEqual([
      `the script "${file}" of dataset "rates" does not call run_${layer}, so a run does not publish tables. `
        + `To publish tables, import \`from etl_runtime.${layer} import run_${layer}\` and call `
        + `\`run_${layer}(sys.argv, ${argument})\`. A script that writes its own output can read these arguments with `
        + 'getResolvedOptions: JOB_NAME, dataset_config, names, run_options, TempDir, and the default arguments of the '
        + 'lake. If that is intended, acknowledge the warning: Annotations.of(dataset).acknowledgeWarning('
        + `'${WARNING}'). [ack: ${WARNING}]`,
    ]);
  });

  test('with a call of its entry point gets no warning', () => {
    const { stack } = withScript(
      layer, `import sys\nfrom etl_runtime.${layer} import run_${layer}\nrun_${layer}(sys.argv, ${argument})\n`,
    );
    expect(warningsOf(stack)).toEqual([]);
  });

  test('gets no warning after it is acknowledged', () => {
    const { stack, dataset } = withScript(layer, ORDINARY);
    CdkAnnotations.of(dataset).acknowledgeWarning(WARNING);
    expect(warningsOf(stack)).toEqual([]);
  });
});

test('the warning names the entry point of another layer that a script calls', () => {
  const { stack } = withScript(Layer.GOLD, 'from etl_runtime.silver import run_silver\nrun_silver([], None)\n');
  expect(warningsOf(stack)).toEqual([expect.stringContaining('calls run_silver and does not call run_gold')]);
});

test('a script next to config.json gets the warning', () => {
  const folder = temporaryFolder();
  fs.mkdirSync(path.join(folder, 'rates', 'glue'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'config.json'), '{ "etl_resource_prefix": "pp-dw" }');
  fs.writeFileSync(path.join(folder, 'rates', 'config.json'), '{ "dataset": "rates", "data_size_category": "small" }');
  fs.writeFileSync(path.join(folder, 'rates', 'glue', 'bronze_job.py'), ORDINARY);
  const { datasets } = new DatasetDirectory(new App(), 'Lake', { path: folder });
  expect(warningsOf(Stack.of(datasets['bronze/rates']))).toEqual([expect.stringContaining('does not call run_bronze')]);
});
