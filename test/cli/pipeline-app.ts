import { App, Stack } from 'aws-cdk-lib';
import {
  BronzeDataset, DataSizeCategory, EtlCore, EtlPipeline, GoldDataset, Schedule, SilverDataset, Source, Transform,
} from 'cdk-glue-medallion';

/** A pipeline with a bronze dataset, a gold dataset that counts its rows, and a dataset of another app. */
const app = new App();
const source: string = app.node.tryGetContext('source');

const core = new EtlCore(new Stack(app, 'Lake'), 'Core', { resourcePrefix: 'pp-dw' });
const datasets = new Stack(app, 'Datasets');
const dataSizeCategory = DataSizeCategory.SMALL;

const zipcodes = new BronzeDataset(datasets, 'Zipcodes', {
  core,
  dataset: 'zipcodes',
  dataSizeCategory,
  source: Source.url(`${source}/zipcodes.csv`),
});

const states = new GoldDataset(datasets, 'States', {
  core,
  dataset: 'states',
  dataSizeCategory,
  inputs: [zipcodes],
  transform: Transform.sql('SELECT state, count(*) AS zipcodes FROM pp_dw_bronze.zipcodes GROUP BY state'),
});

new EtlPipeline(datasets, 'Daily', {
  core,
  datasets: [states, SilverDataset.fromName(core, 'regions')],
  schedule: Schedule.cron('0 6 * * ? *', { timezone: 'America/New_York' }),
});
