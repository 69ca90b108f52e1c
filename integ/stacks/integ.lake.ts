import { ExpectedResult, IntegTest } from '@aws-cdk/integ-tests-alpha';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { BronzeDataset, DataSizeCategory, EtlCore, EtlDashboard, FileFormat, GoldDataset, Schedule, Source, Transform } from '../../src';

// Without it the snapshot holds paths of the machine it was made on.
const app = new App({ postCliContext: { 'aws:cdk:disable-creation-stack-traces': true } });

const coreStack = new Stack(app, 'MedallionIntegCore');
const core = new EtlCore(coreStack, 'Core', { resourcePrefix: 'medallion-integ', metrics: true, alerts: { emails: ['on-call@example.org'] } });

const stack = new Stack(app, 'MedallionIntegDatasets');
const zipcodes = new BronzeDataset(stack, 'Zipcodes', {
  core,
  dataset: 'zipcodes',
  dataSizeCategory: DataSizeCategory.SMALL,
  source: Source.url('https://example.org/zipcodes.zip'),
  description: 'US ZIP codes with their places',
  schedule: Schedule.cron('0 6 * * ? *', { timezone: 'America/New_York', enabled: false }),
});
const fdaCder = new BronzeDataset(stack, 'FdaCder', {
  core,
  dataset: 'fda-cder',
  dataSizeCategory: DataSizeCategory.MEDIUM,
  source: Source.url('https://example.org/cder.zip'),
  fileFormat: FileFormat.csv({ delimiter: '|', encoding: 'cp1252' }),
  fileTableMapping: { 'Products*.txt': 'products', 'Packages.txt': 'packages' },
  schedule: Schedule.rate(Duration.days(1), { enabled: false }),
});
const states = new GoldDataset(stack, 'States', {
  core,
  dataset: 'states',
  dataSizeCategory: DataSizeCategory.SMALL,
  inputs: [zipcodes],
  transform: Transform.sql('SELECT state, count(*) AS zip_codes FROM medallion_integ_bronze.zipcodes GROUP BY state'),
  schedule: Schedule.cron('0 7 * * ? *', { timezone: 'America/New_York', enabled: false, flexibleWindow: Duration.minutes(0) }),
});
const statesHistory = new GoldDataset(stack, 'StatesHistory', {
  core,
  dataset: 'states-history',
  dataSizeCategory: DataSizeCategory.SMALL,
  inputs: [states],
  transform: Transform.sql('SELECT * FROM medallion_integ_gold.states'),
  history: { businessKey: ['state'] },
});
new EtlDashboard(stack, 'Dashboard', { core, datasets: [zipcodes, fdaCder, states, statesHistory] });

const integ = new IntegTest(app, 'Lake', { testCases: [stack] });
integ.assertions.awsApiCall('glue', 'GetJob', { JobName: zipcodes.jobName })
  .expect(ExpectedResult.objectLike({ Job: { WorkerType: 'G.1X', NumberOfWorkers: 2, Timeout: 30, MaxRetries: 1 } }));
integ.assertions.awsApiCall('glue', 'GetJob', { JobName: statesHistory.jobName })
  .expect(ExpectedResult.objectLike({ Job: { Command: { Name: 'glueetl' } } }));
integ.assertions.awsApiCall('glue', 'GetCrawler', { Name: zipcodes.crawlerName })
  .expect(ExpectedResult.objectLike({ Crawler: { DatabaseName: zipcodes.databaseName } }));
