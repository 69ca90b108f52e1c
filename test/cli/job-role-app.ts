import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import {
  BronzeDataset,
  DataSizeCategory,
  EtlCore,
  GlueVersion,
  GoldDataset,
  Source,
  Transform,
} from 'cdk-glue-medallion';

/** A bronze dataset, its history, and a script that reads an object for which its role has no permission. */
const app = new App();
const source: string = app.node.tryGetContext('source');

const stack = new Stack(app, 'Lake');
const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
const dataSizeCategory = DataSizeCategory.SMALL;

const airports = new BronzeDataset(stack, 'Airports', {
  core,
  dataset: 'airports',
  dataSizeCategory,
  source: Source.url(`${source}/airports.csv`),
  glueVersion: GlueVersion.V6_0,
});

new GoldDataset(stack, 'History', {
  core,
  dataset: 'airports-history',
  dataSizeCategory,
  inputs: [airports],
  history: { businessKey: ['iata'] },
  transform: Transform.sql('SELECT iata, city FROM pp_dw_bronze.airports'),
  glueVersion: GlueVersion.V6_0,
});

const script = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'medallion-script-')), 'gold_job.py');
fs.writeFileSync(script, `
import sys

import boto3
from etl_runtime.gold import run_gold


def transform(gold):
    boto3.client("s3").get_object(Bucket="pp-dw-123456789012", Key="athena/results.csv")


run_gold(sys.argv, transform)
`);
new GoldDataset(stack, 'Curious', {
  core,
  dataset: 'curious',
  dataSizeCategory,
  inputs: [airports],
  transform: Transform.script(script),
});
