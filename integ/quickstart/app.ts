import { App, Stack } from 'aws-cdk-lib';
import { BronzeDataset, DataSizeCategory, EtlCore, Source } from 'cdk-glue-medallion';

const app = new App();

// Where the files are. `npm run demo` gives its own server: cdk synth -c source=http://127.0.0.1:…
const source: string = app.node.tryGetContext('source');

const core = new EtlCore(new Stack(app, 'Lake'), 'Core', { resourcePrefix: 'pp-dw' });

const datasets = new Stack(app, 'Datasets');

new BronzeDataset(datasets, 'Zipcodes', {
  core,
  dataset: 'zipcodes',
  description: 'ZIP codes of the United States, with the place and county they belong to',
  dataSizeCategory: DataSizeCategory.SMALL,
  source: Source.url(`${source}/zipcodes.zip`),
});

new BronzeDataset(datasets, 'Airports', {
  core,
  dataset: 'airports',
  description: 'Airports of the United States, by their IATA or FAA code',
  dataSizeCategory: DataSizeCategory.SMALL,
  source: Source.url(`${source}/airports.csv`),
});
