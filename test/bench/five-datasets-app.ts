import { App, Stack } from 'aws-cdk-lib';
import {
  BronzeDataset, DataSizeCategory, EtlCore, GoldDataset, SilverDataset, Source, Transform,
} from 'cdk-glue-medallion';

/** Three bronze datasets, a silver dataset that joins two of them, and a gold dataset that reads the join. */
const app = new App();
const source: string = app.node.tryGetContext('source');
const core = new EtlCore(new Stack(app, 'Lake'), 'Core', { resourcePrefix: 'pp-dw' });
const stack = new Stack(app, 'Datasets');
const dataSizeCategory = DataSizeCategory.SMALL;

const [zipcodes, airports] = ['zipcodes', 'airports', 'seattle-weather'].map(dataset =>
  new BronzeDataset(stack, dataset, {
    core, dataset, dataSizeCategory, source: Source.url(`${source}/${dataset}.csv`),
  }));

const places = new SilverDataset(stack, 'Places', {
  core,
  dataset: 'places',
  dataSizeCategory,
  inputs: [zipcodes, airports],
  transform: Transform.sql(
    'SELECT z.state, z.city, count(DISTINCT z.zip_code) AS zip_codes, count(DISTINCT a.iata) AS airports '
      + 'FROM pp_dw_bronze.zipcodes z JOIN pp_dw_bronze.airports a ON a.city = z.city AND a.state = z.state '
      + 'GROUP BY z.state, z.city',
  ),
});

new GoldDataset(stack, 'States', {
  core,
  dataset: 'states',
  dataSizeCategory,
  inputs: [places],
  transform: Transform.sql('SELECT state, sum(airports) AS airports FROM pp_dw_silver.places GROUP BY state'),
});
