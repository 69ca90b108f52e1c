import { App, Duration, Environment } from 'aws-cdk-lib';
import { Auth, EtlCoreProps, EtlDashboard, GlueConnection, Schedule, Source } from '../../src';
import { bronze, ENV, gold, Lake, LAYOUTS, PREFIXES } from '../layouts';

/** Nothing but what a user must say. */
function least(lake: Lake): void {
  bronze(lake);
  gold(lake);
}

/** Every prop that adds a resource or a permission. */
const EVERYTHING: EtlCoreProps = {
  ...PREFIXES,
  metrics: true,
  encrypted: true,
  alerts: { emails: ['on-call@example.org'] },
};

function everything(lake: Lake): void {
  const datasets = [
    bronze(lake, { schedule: Schedule.cron('0 6 * * ? *') }),
    bronze(
      lake,
      {
        dataset: 'zipcodes',
        fileTableMapping: { 'a*.csv': 'places', 'b.csv': 'states' },
        schedule: Schedule.rate(Duration.days(1)),
      },
      'Zipcodes',
    ),
    bronze(
      lake,
      {
        dataset: 'vendor',
        source: Source.urls(['https://example.org/a.csv', 's3://vendor/drops/*.csv']),
        auth: Auth.basic({
          secret: 'vendor/api',
          encryptionKey: `arn:aws:kms:${ENV.region}:${ENV.account}:key/11111111-1111-1111-1111-111111111111`,
        }),
        connection: GlueConnection.fromName('vendor-network'),
      },
      'Vendor',
    ),
    gold(lake, { businessKey: ['rows'], schedule: Schedule.cron('0 7 * * ? *') }),
    gold(lake, { dataset: 'fda-history', history: { businessKey: ['rows'] } }, 'History'),
  ];
  new EtlDashboard(lake.stack, 'Dashboard', { core: lake.core, datasets });
}

/** A whole app to check. */
export interface CheckedLake {
  readonly name: string;
  app(): App;
}

function lakes(what: string, fill: (lake: Lake) => void, props: EtlCoreProps, env?: Environment): CheckedLake[] {
  return LAYOUTS.map(layout => ({
    name: `${what}, ${layout.name}`,
    app: () => {
      const lake = layout.lake(env, props);
      fill(lake);
      lake.app.synth();
      return lake.app;
    },
  }));
}

/** What every tool looks at: the least and everything, in each layout, with the environment known and not. */
export const CHECKED_LAKES: CheckedLake[] = [
  ...lakes('the least', least, PREFIXES, ENV),
  ...lakes('everything', everything, EVERYTHING, ENV),
  ...lakes('everything where it is deployed', everything, EVERYTHING),
  ...lakes('encrypted alerts', least, { ...PREFIXES, alerts: { encrypted: true } }, ENV).slice(0, 1),
  ...lakes('an existing bucket', least, { ...PREFIXES, existingBucketName: 'our-lake' }, ENV).slice(0, 1),
];
