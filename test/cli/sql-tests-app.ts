import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import {
  BronzeDataset, DataSizeCategory, EtlCore, GlueVersion, GoldDataset, SilverDataset, Source, TableFormat, Transform,
} from 'cdk-glue-medallion';

/** A bronze dataset, and derived datasets with SQL, several outputs, a script and a history. */
const app = new App();
const source: string = app.node.tryGetContext('source');

const core = new EtlCore(new Stack(app, 'Lake'), 'Core', { resourcePrefix: 'pp-dw' });
const stack = new Stack(app, 'Datasets');
const dataSizeCategory = DataSizeCategory.SMALL;

const SCRIPT = `
import sys

from pyspark.sql import functions as f

from etl_runtime.gold import run_gold


def transform(gold):
    gold.require("a state has two letters", "length(state) = 2")
    print("transforming")
    return gold.read("\${bronze_database}.airports").groupBy("state").agg(f.count("*").alias("airports"))


run_gold(sys.argv, transform)
`;
const script = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'medallion-script-')), 'gold_job.py');
fs.writeFileSync(script, SCRIPT);

const airports = new BronzeDataset(stack, 'Airports', {
  core, dataset: 'airports', dataSizeCategory, source: Source.url(`${source}/airports.csv`),
});
const cities = new SilverDataset(stack, 'Cities', {
  core,
  dataset: 'cities',
  dataSizeCategory,
  inputs: [airports],
  transform: Transform.sql('SELECT city, state, count(*) AS airports FROM pp_dw_bronze.airports GROUP BY city, state'),
});
new GoldDataset(stack, 'Summaries', {
  core,
  dataset: 'summaries',
  dataSizeCategory,
  inputs: [cities, airports],
  transform: Transform.sql(
    'CREATE TEMPORARY VIEW states AS SELECT state, sum(airports) AS airports FROM pp_dw_silver.cities GROUP BY state; '
      + 'CREATE TEMPORARY VIEW totals AS SELECT count(*) AS airports FROM pp_dw_bronze.airports',
  ),
  outputs: ['states', 'totals'],
});
new GoldDataset(stack, 'ByState', {
  core, dataset: 'by-state', dataSizeCategory, inputs: [airports], transform: Transform.script(script),
});
new GoldDataset(stack, 'History', {
  core,
  dataset: 'history',
  dataSizeCategory,
  inputs: [airports],
  transform: Transform.sql('SELECT iata, city FROM pp_dw_bronze.airports'),
  history: { businessKey: ['iata'] },
  tableFormat: TableFormat.ICEBERG,
  glueVersion: GlueVersion.V6_0,
});
