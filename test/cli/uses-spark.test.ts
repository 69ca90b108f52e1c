import * as fs from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { BronzeDatasetProps, DataRule, TableFormat } from '../../src';
import { readDatasets } from '../../src/cli/dataset';
import { usesSpark } from '../../src/cli/uses-spark';
import { bronze, ENV, gold, LAYOUTS } from '../layouts';

const script = path.join(fs.mkdtempSync(path.join(tmpdir(), 'uses-spark-')), 'fetch.py');
fs.writeFileSync(script, 'from etl_runtime.bronze import run_bronze\nrun_bronze([])\n');
afterAll(() => fs.rmSync(path.dirname(script), { recursive: true }));

// The same table as in glue-templates/tests/convert/test_place_of_conversion.py.
test.each<[string, Partial<BronzeDatasetProps>, boolean]>([
  ['no gates', {}, false],
  ['gates without rules', { dataQuality: { expectedRecordCountMin: 1 } }, false],
  ['rules', { dataQuality: { rules: [DataRule.condition('id > 0')] } }, true],
  ['a business key', { businessKey: ['id'] }, true],
  ['Iceberg tables', { tableFormat: TableFormat.ICEBERG }, true],
  ['a custom script', { script, source: undefined }, true],
])('a bronze dataset with %s uses Spark in all runs: %p', (_, props, expected) => {
  const lake = LAYOUTS[0].lake(ENV);
  bronze(lake, props);
  gold(lake);
  const datasets = readDatasets(lake.app.synth().directory);
  expect(datasets.map(each => [each.layer, usesSpark(each)]))
    .toEqual(expect.arrayContaining([['bronze', expected], ['gold', true]]));
});
