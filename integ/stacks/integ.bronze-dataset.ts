import { IntegTest } from '@aws-cdk/integ-tests-alpha';
import { Stack } from 'aws-cdk-lib';
import { integApp } from './integ-app';
import { publicFile } from './public-file';
import { RunInAccount } from './run-in-account';
import { removeWithStack } from './temporary-lake';
import { BronzeDataset, DataSizeCategory, EtlCore, Source } from '../../src';

const app = integApp();
const stack = new Stack(app, 'MedallionIntegBronzeDataset');
const core = new EtlCore(stack, 'Core', { resourcePrefix: 'medallion-integ-source' });
removeWithStack(core);
const airports = new BronzeDataset(stack, 'Airports', {
  core,
  dataset: 'airports',
  dataSizeCategory: DataSizeCategory.SMALL,
  source: Source.url(publicFile('airports.csv')),
});

const integ = new IntegTest(app, 'BronzeDataset', { testCases: [stack] });
new RunInAccount(integ, core)
  .runJob(airports)
  .crawl(airports)
  .query('SELECT count(*) FROM medallion_integ_source_bronze.airports', '3376');
