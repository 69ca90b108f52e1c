import { ExpectedResult, IntegTest } from '@aws-cdk/integ-tests-alpha';
import { integApp } from './integ-app';
import { Lake } from './lake';

const app = integApp();
const { stack, zipcodes, statesHistory } = new Lake(app);

const integ = new IntegTest(app, 'Lake', { testCases: [stack] });
integ.assertions.awsApiCall('glue', 'GetJob', { JobName: zipcodes.jobName })
  .expect(ExpectedResult.objectLike({ Job: { WorkerType: 'G.1X', NumberOfWorkers: 2, Timeout: 30, MaxRetries: 1 } }));
integ.assertions.awsApiCall('glue', 'GetJob', { JobName: statesHistory.jobName })
  .expect(ExpectedResult.objectLike({ Job: { Command: { Name: 'glueetl' } } }));
integ.assertions.awsApiCall('glue', 'GetCrawler', { Name: zipcodes.crawlerName })
  .expect(ExpectedResult.objectLike({ Crawler: { DatabaseName: zipcodes.databaseName } }));
