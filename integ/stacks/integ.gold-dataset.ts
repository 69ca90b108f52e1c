import { IntegTest } from '@aws-cdk/integ-tests-alpha';
import { Stack } from 'aws-cdk-lib';
import { integApp } from './integ-app';
import { RunInAccount } from './run-in-account';
import { removeWithStack } from './temporary-lake';
import { DataSizeCategory, EtlCore, GoldDataset, Transform } from '../../src';

const app = integApp();
const stack = new Stack(app, 'MedallionIntegGoldDataset');
const core = new EtlCore(stack, 'Core', { resourcePrefix: 'medallion-integ-query' });
removeWithStack(core);
// Has no inputs, so that one job run is enough. integ.lake.ts tests gold datasets with inputs.
const calendar = new GoldDataset(stack, 'Calendar', {
  core,
  dataset: 'calendar',
  dataSizeCategory: DataSizeCategory.SMALL,
  inputs: [],
  transform: Transform.sql('SELECT explode(sequence(DATE \'2026-01-01\', DATE \'2026-12-31\')) AS day'),
  history: { businessKey: ['day'] },
});

const integ = new IntegTest(app, 'GoldDataset', { testCases: [stack] });
new RunInAccount(integ, core)
  .runJob(calendar)
  .crawl(calendar)
  .query('SELECT count(*) FROM medallion_integ_query_gold.calendar WHERE is_current', '365');
