import { IntegTest } from '@aws-cdk/integ-tests-alpha';
import { Stack } from 'aws-cdk-lib';
import { integApp } from './integ-app';
import { Lake } from './lake';
import { RunInAccount } from './run-in-account';
import { removeWithStack } from './temporary-lake';

const app = integApp();
const { core, stack, zipcodes, states, statesHistory } = new Lake(app);
removeWithStack(core);

const integ = new IntegTest(app, 'Lake', { testCases: [Stack.of(core), stack] });
new RunInAccount(integ, core)
  .runJob(zipcodes)
  .runJob(states)
  .runJob(statesHistory)
  .crawl(statesHistory)
  .query('SELECT sum(zip_codes) FROM medallion_integ_gold.states_history WHERE is_current', '42049');
