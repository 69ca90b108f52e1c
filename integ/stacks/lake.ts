import { App, Duration, Stack } from 'aws-cdk-lib';
import { publicFile } from './public-file';
import {
  BronzeDataset,
  DataSizeCategory,
  EtlCore,
  EtlDashboard,
  EtlPipeline,
  FileFormat,
  GoldDataset,
  Schedule,
  Source,
  Transform,
} from '../../src';

/** Changes that a team can make between two deployments. */
export interface LakeChange {
  /** The data size category of `zipcodes`. */
  readonly zipcodesSize?: DataSizeCategory;
  /** Whether there is a dataset `airports`. */
  readonly airports?: boolean;
  /** Whether there is a dataset `fda-cder`. */
  readonly fdaCder?: boolean;
}

/**
 * A lake with most features of the library: bronze datasets with one and several tables, gold datasets, a history,
 * schedules, a pipeline, alerts, metrics and a dashboard.
 */
export class Lake {
  readonly core: EtlCore;
  readonly stack: Stack;
  readonly zipcodes: BronzeDataset;
  readonly states: GoldDataset;
  readonly statesHistory: GoldDataset;

  constructor(app: App, { zipcodesSize = DataSizeCategory.SMALL, airports = false, fdaCder = true }: LakeChange = {}) {
    this.core = new EtlCore(new Stack(app, 'MedallionIntegCore'), 'Core', {
      resourcePrefix: 'medallion-integ',
      metrics: true,
      alerts: { emails: ['on-call@example.org'] },
    });
    const { core } = this;
    const stack = this.stack = new Stack(app, 'MedallionIntegDatasets');

    this.zipcodes = new BronzeDataset(stack, 'Zipcodes', {
      core,
      dataset: 'zipcodes',
      dataSizeCategory: zipcodesSize,
      source: Source.url(publicFile('zipcodes.csv')),
      description: 'US ZIP codes with their places',
      schedule: Schedule.cron('0 6 * * ? *', { timezone: 'America/New_York', enabled: false }),
    });
    // The job is deployed but never run, because the URL does not exist.
    const cder = fdaCder && new BronzeDataset(stack, 'FdaCder', {
      core,
      dataset: 'fda-cder',
      dataSizeCategory: DataSizeCategory.MEDIUM,
      source: Source.url('https://example.org/cder.zip'),
      fileFormat: FileFormat.csv({ delimiter: '|', encoding: 'cp1252' }),
      fileTableMapping: { 'Products*.txt': 'products', 'Packages.txt': 'packages' },
      schedule: Schedule.rate(Duration.days(1), { enabled: false }),
    });
    if (airports) {
      new BronzeDataset(stack, 'Airports', {
        core,
        dataset: 'airports',
        dataSizeCategory: DataSizeCategory.SMALL,
        source: Source.url(publicFile('airports.csv')),
      });
    }
    this.states = new GoldDataset(stack, 'States', {
      core,
      dataset: 'states',
      dataSizeCategory: DataSizeCategory.SMALL,
      inputs: [this.zipcodes],
      transform: Transform.sql(
        'SELECT state, count(*) AS zip_codes FROM medallion_integ_bronze.zipcodes GROUP BY state',
      ),
      schedule: Schedule.cron('0 7 * * ? *', {
        timezone: 'America/New_York',
        enabled: false,
        flexibleWindow: Duration.minutes(0),
      }),
    });
    this.statesHistory = new GoldDataset(stack, 'StatesHistory', {
      core,
      dataset: 'states-history',
      dataSizeCategory: DataSizeCategory.SMALL,
      inputs: [this.states],
      transform: Transform.sql('SELECT * FROM medallion_integ_gold.states'),
      history: { businessKey: ['state'] },
    });
    // It has no schedule, because its datasets have schedules.
    new EtlPipeline(stack, 'Daily', { core, datasets: [this.statesHistory] });
    new EtlDashboard(stack, 'Dashboard', {
      core,
      datasets: [this.zipcodes, ...(cder ? [cder] : []), this.states, this.statesHistory],
    });
  }
}
