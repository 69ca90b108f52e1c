import { App, Stack } from 'aws-cdk-lib';
import {
  BronzeDataset, DataSizeCategory, EtlCore, GoldDataset, SilverDataset, Source, Transform,
} from 'cdk-glue-medallion';

/**
 * Two bronze datasets, a silver dataset that joins them, a gold dataset that reads the join, a bronze dataset whose
 * source does not exist, and a gold dataset that reads it.
 */
const app = new App();
const source: string = app.node.tryGetContext('source');

const core = new EtlCore(new Stack(app, 'Lake'), 'Core', { resourcePrefix: 'pp-dw' });
const datasets = new Stack(app, 'Datasets');
const dataSizeCategory = DataSizeCategory.SMALL;

const gone = new BronzeDataset(datasets, 'Gone', {
  core,
  dataset: 'gone',
  dataSizeCategory,
  source: Source.url(`${source}/gone.csv`),
});

new GoldDataset(datasets, 'GoneSummary', {
  core,
  dataset: 'gone-summary',
  dataSizeCategory,
  inputs: [gone],
  transform: Transform.sql('SELECT * FROM pp_dw_bronze.gone'),
});

const zipcodes = new BronzeDataset(datasets, 'Zipcodes', {
  core,
  dataset: 'zipcodes',
  dataSizeCategory,
  source: Source.url(`${source}/zipcodes.csv`),
});

const airports = new BronzeDataset(datasets, 'Airports', {
  core,
  dataset: 'airports',
  dataSizeCategory,
  source: Source.url(`${source}/airports.csv`),
});

const places = new SilverDataset(datasets, 'Places', {
  core,
  dataset: 'places',
  dataSizeCategory,
  inputs: [zipcodes, airports],
  transform: Transform.sql(
    'SELECT DISTINCT z.state, z.city, a.iata FROM pp_dw_bronze.zipcodes z JOIN pp_dw_bronze.airports a ON '
      + 'a.city = z.city AND a.state = z.state',
  ),
});

new GoldDataset(datasets, 'States', {
  core,
  dataset: 'states',
  dataSizeCategory,
  inputs: [places],
  transform: Transform.sql('SELECT state, count(*) AS places FROM pp_dw_silver.places GROUP BY state'),
});
