import { App, Duration, Environment } from 'aws-cdk-lib';
import { AccountPrincipal, CfnPolicy, Role } from 'aws-cdk-lib/aws-iam';
import {
  Auth, EtlCoreProps, EtlDashboard, EtlPipeline, GlueConnection, LakeDataset, Schedule, Source, TableFormat,
  TeamWorkGroup,
} from '../../src';
import { acknowledge } from '../../src/private/resources/nag-suppressions';
import { bronze, derived, ENV, gold, Lake, LAYOUTS, PREFIXES } from '../layouts';

/** Only the required props. */
function minimal(lake: Lake): void {
  bronze(lake);
  gold(lake);
}

/** All props that add a resource or a permission. */
const ALL_PROPS: EtlCoreProps = {
  ...PREFIXES,
  metrics: true,
  encrypted: true,
  lakeFormation: true,
  alerts: { emails: ['on-call@example.org'] },
  maxDpuHoursPerMonth: 200,
};

function complete(lake: Lake): void {
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
    bronze(lake, { dataset: 'events', tableFormat: TableFormat.ICEBERG }, 'Iceberg'),
    gold(lake, {
      businessKey: ['rows'], freshness: { maxAge: Duration.hours(26) }, schedule: Schedule.cron('0 7 * * ? *'),
    }),
    derived('silver', lake, { dataset: 'fda-history', history: { businessKey: ['rows'] } }, 'History'),
  ];
  new EtlPipeline(lake.stack, 'Daily', { core: lake.core, datasets, schedule: Schedule.cron('0 5 * * ? *') });
  new EtlDashboard(lake.stack, 'Dashboard', { core: lake.core, datasets });
  grants(lake, datasets[0]);
}

function grants({ stack, core }: Lake, dataset: LakeDataset): void {
  const analysts = new Role(stack, 'Analysts', { assumedBy: new AccountPrincipal(ENV.account) });
  core.grantQuery(analysts);
  new TeamWorkGroup(stack, 'Finance', { core, team: 'finance' }).grantQuery(analysts, { datasets: [dataset] });
  // The library does not suppress this finding, because the policy can contain other statements of the app.
  acknowledge(
    analysts.node.findChild('DefaultPolicy').node.defaultChild as CfnPolicy,
    'IAM5', 'The list actions of Athena do not support resource-level permissions.', ['Resource::*'],
  );
  const reader = new Role(stack, 'Reader', { assumedBy: new AccountPrincipal(ENV.account) });
  dataset.grantRead(reader);
  dataset.grantStart(reader);
  if (core.lakeFormation) {
    acknowledge(
      reader.node.findChild('DefaultPolicy').node.defaultChild as CfnPolicy,
      'IAM5', 'lakeformation:GetDataAccess does not support resource-level permissions.', ['Resource::*'],
    );
  }
}

/** An app that the security tools check. */
export interface CheckedLake {
  readonly name: string;
  app(): App;
}

function lakes(title: string, fill: (lake: Lake) => void, props: EtlCoreProps, env?: Environment): CheckedLake[] {
  return LAYOUTS.map(layout => ({
    name: `${title}, ${layout.name}`,
    app: () => {
      const lake = layout.lake(env, props);
      fill(lake);
      lake.app.synth();
      return lake.app;
    },
  }));
}

/** All apps that the security tools check: minimal and complete lakes in each layout, some environment-agnostic. */
export const CHECKED_LAKES: CheckedLake[] = [
  ...lakes('required props only', minimal, PREFIXES, ENV),
  ...lakes('all props', complete, ALL_PROPS, ENV),
  ...lakes('all props, environment-agnostic', complete, ALL_PROPS),
  ...lakes('grants without Lake Formation', lake => grants(lake, bronze(lake)), { ...PREFIXES, encrypted: true }, ENV),
  ...lakes('encrypted alerts', minimal, { ...PREFIXES, alerts: { encrypted: true } }, ENV).slice(0, 1),
  ...lakes('existing bucket', minimal, { ...PREFIXES, existingBucketName: 'our-lake' }, ENV).slice(0, 1),
];
