import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Auth, EtlCore, EtlCorePrefixes, LakeDataset, TableFormat } from '../src';
import { resource, resources } from './assembly';
import { bronze, derived, ENV, gold, Lake, LAYOUTS, PREFIXES } from './layouts';

const ICEBERG = { tableFormat: TableFormat.ICEBERG };

/** The job arguments of the only dataset. */
function jobArguments({ stack }: Lake): { [name: string]: string } {
  return resource(stack, 'AWS::Glue::Job').Properties.DefaultArguments;
}

function namesOf(lake: Lake): { readonly crawler?: string; readonly snapshot_retention_hours?: number } {
  return JSON.parse(jobArguments(lake)['--names']);
}

function formatIn({ document }: LakeDataset): string | undefined {
  return (JSON.parse(document) as { table_format?: string }).table_format;
}

describe.each(LAYOUTS)('in the layout $name', ({ lake }) => {
  test.each<[string, (where: Lake) => LakeDataset]>([
    ['bronze', where => bronze(where, ICEBERG)],
    ['silver', where => derived('silver', where, ICEBERG)],
    ['gold', where => gold(where, ICEBERG)],
  ])('a %s dataset with Iceberg tables has a job and no crawler', (_layer, create) => {
    const where = lake(ENV);
    const { crawler, crawlerName, jobName } = create(where);
    expect([crawler, crawlerName]).toEqual([undefined, undefined]);
    expect(resources(where.stack, 'AWS::Glue::Crawler')).toEqual([]);
    expect(resource(where.stack, 'AWS::Glue::Job').Properties.Name).toBe(jobName);
    expect(namesOf(where)).not.toHaveProperty('crawler');
  });

  test.each<[TableFormat | undefined, TableFormat | undefined, TableFormat]>([
    [undefined, undefined, TableFormat.PARQUET],
    [TableFormat.PARQUET, undefined, TableFormat.PARQUET],
    [TableFormat.ICEBERG, undefined, TableFormat.ICEBERG],
    [undefined, TableFormat.ICEBERG, TableFormat.ICEBERG],
    [TableFormat.ICEBERG, TableFormat.PARQUET, TableFormat.PARQUET],
    [TableFormat.PARQUET, TableFormat.ICEBERG, TableFormat.ICEBERG],
  ])(
    'if the core sets the format %s and the dataset %s, the tables are %s, and the document only has Iceberg',
    (ofCore, own, expected) => {
      const where = lake(ENV, { ...PREFIXES, tableFormat: ofCore });
      const dataset = bronze(where, { tableFormat: own });
      const isIceberg = expected === TableFormat.ICEBERG;
      expect(formatIn(dataset)).toBe(isIceberg ? 'iceberg' : undefined);
      expect(dataset.crawler === undefined).toBe(isIceberg);
    },
  );

  test.each<[string | undefined, string]>([
    [undefined, 'iceberg'],
    ['', 'iceberg'],
    ['hudi', 'hudi,iceberg'],
    ['hudi, delta', 'hudi,delta,iceberg'],
    ['iceberg', 'iceberg'],
    ['iceberg,hudi', 'iceberg,hudi'],
  ])('the formats %j of the user and Iceberg are one argument of the job: %s', (formats, expected) => {
    const defaultArguments = formats === undefined ? undefined : { '--datalake-formats': formats };
    const where = lake(ENV, { ...PREFIXES, glueDefaults: { defaultArguments } });
    bronze(where, ICEBERG);
    expect(jobArguments(where)['--datalake-formats']).toBe(expected);
  });

  test('a dataset with Parquet tables has the formats of the user', () => {
    const where = lake(ENV, { ...PREFIXES, glueDefaults: { defaultArguments: { '--datalake-formats': 'hudi' } } });
    bronze(where);
    expect(jobArguments(where)['--datalake-formats']).toBe('hudi');
  });

  test.each<[string, EtlCorePrefixes['retention'], number]>([
    ['7 days by default', undefined, 168],
    ['7 days if only another retention is set', { logs: RetentionDays.ONE_DAY }, 168],
    ['as long as the core says', { snapshots: Duration.hours(1) }, 1],
    ['any number of days', { snapshots: Duration.days(400) }, 9600],
  ])('snapshots of Iceberg tables are kept %s', (_what, retention, hours) => {
    const where = lake(ENV, { ...PREFIXES, retention });
    bronze(where, ICEBERG);
    expect(namesOf(where).snapshot_retention_hours).toBe(hours);
  });

  test('a dataset with Parquet tables has no retention of snapshots', () => {
    const where = lake(ENV, { ...PREFIXES, retention: { snapshots: Duration.days(1) } });
    bronze(where);
    expect(namesOf(where)).not.toHaveProperty('snapshot_retention_hours');
  });

  test('a role of a dataset without a crawler cannot write logs of crawlers', () => {
    const where = lake(ENV);
    bronze(where, { ...ICEBERG, auth: Auth.bearer({ secret: 'vendor/api' }) });
    const { Properties } = resources(where.stack, 'AWS::IAM::Role').find(({ id }) => id.startsWith('Bronze'))!;
    expect(Properties.Description).toBe('Job of the bronze dataset fda-nsde');
    expect(JSON.stringify(Properties.Policies)).not.toContain('crawler');
  });

  test('a role of a dataset can create and update tables only in the database of its layer', () => {
    const where = lake(ENV);
    bronze(where, { ...ICEBERG, auth: Auth.bearer({ secret: 'vendor/api' }) });
    const { Properties } = resource(where.stack, 'AWS::IAM::ManagedPolicy');
    const statement = Properties.PolicyDocument.Statement
      .find(({ Action }: { Action: string | string[] }) => Action.includes('glue:CreateTable'));
    const glue = 'arn:aws:glue:eu-central-1:123456789012';
    expect(statement.Action).toEqual(expect.arrayContaining(['glue:GetTable', 'glue:CreateTable', 'glue:UpdateTable']));
    expect(statement.Resource)
      .toEqual([`${glue}:catalog`, `${glue}:database/pp_dw_bronze`, `${glue}:table/pp_dw_bronze/*`]);
  });
});

test.each<[string, Duration, string]>([
  ['less than an hour', Duration.minutes(59), `is ${59 / 60}`],
  ['zero', Duration.hours(0), 'is 0'],
  ['not in whole hours', Duration.minutes(90), 'is 1.5'],
])('a retention of snapshots that is %s is an error', (_what, snapshots, found) => {
  for (const create of [
    (stack: Stack) => new EtlCore(stack, 'Core', { ...PREFIXES, retention: { snapshots } }),
    (stack: Stack) => EtlCore.fromPrefixes(stack, 'Core', { ...PREFIXES, retention: { snapshots } }),
  ]) {
    expect(() => create(new Stack(new App(), 'Lake')))
      .toThrow(`VALUE_INVALID: Lake/Core: retention.snapshot_hours ${found}. Expected: Number of hours, at least 1,`);
  }
});

test('with an existing bucket, the retention of snapshots can be set, because the jobs delete them', () => {
  const core = new EtlCore(new Stack(new App(), 'Lake'), 'Core', {
    ...PREFIXES, existingBucketName: 'our-lake', retention: { snapshots: Duration.days(1) },
  });
  expect(core.snapshotRetention.toHours()).toBe(24);
});

test('an unknown format is an error, for a dataset and for the core', () => {
  const tableFormat = 'iceburg' as TableFormat;
  const lake = () => LAYOUTS[0].lake(ENV);
  expect(() => bronze(lake(), { tableFormat })).toThrow(
    'VALUE_INVALID: Lake/Bronze: table_format of dataset "fda-nsde" is "iceburg". Did you mean "iceberg"?',
  );
  expect(() => LAYOUTS[0].lake(ENV, { ...PREFIXES, tableFormat })).toThrow(
    'VALUE_INVALID: Lake/Core: table_format is "iceburg". Did you mean "iceberg"?',
  );
});

test('a format that is only known at deployment is an error, because it determines whether there is a crawler', () => {
  const where = LAYOUTS[0].lake(ENV);
  const tableFormat = new CfnParameter(where.stack, 'Format').valueAsString as TableFormat;
  expect(() => bronze(where, { tableFormat })).toThrow(
    'TOKEN_NOT_ALLOWED: Lake/Bronze: table_format of dataset "fda-nsde" is only known at deployment.',
  );
});

const WARNING = Match.stringLikeRegexp('is not in the Glue Data Catalog: the crawler creates the tables');
const DESCRIBED: [string, (where: Lake, tableFormat: TableFormat) => LakeDataset][] = [
  ['description in column_schema', (where, tableFormat) =>
    bronze(where, { tableFormat, columnSchema: { fda_nsde: { A: { description: 'The first column' } } } })],
  ['column_descriptions', (where, tableFormat) =>
    gold(where, { tableFormat, columnDescriptions: { fda_summary: { rows: 'The number of rows' } } })],
];

test.each(DESCRIBED)('%s is a warning with Parquet tables, and not with Iceberg tables', (key, create) => {
  const parquet = LAYOUTS[0].lake(ENV);
  create(parquet, TableFormat.PARQUET);
  Annotations.fromStack(parquet.stack).hasWarning('*', WARNING);
  Annotations.fromStack(parquet.stack).hasWarning('*', Match.stringLikeRegexp(`^${key} of dataset "`));
  const iceberg = LAYOUTS[0].lake(ENV);
  create(iceberg, TableFormat.ICEBERG);
  Annotations.fromStack(iceberg.stack).hasNoWarning('*', WARNING);
});

test('a column schema without descriptions causes no warning', () => {
  const where = LAYOUTS[0].lake(ENV);
  bronze(where, { columnSchema: { fda_nsde: { A: { type: 'date' } } } });
  Annotations.fromStack(where.stack).hasNoWarning('*', Match.anyValue());
});

test.each([['of 256 characters', 'x'.repeat(256)], ['with a line break', 'a\nb'], ['without text', '']])(
  'a description of a column %s is an error',
  (_what, description) => {
    const where = LAYOUTS[0].lake(ENV);
    expect(() => bronze(where, { ...ICEBERG, columnSchema: { fda_nsde: { A: { description } } } }))
      .toThrow('VALUE_INVALID: Lake/Bronze: column_schema.fda_nsde.A.description of dataset "fda-nsde" is ');
    expect(() => gold(where, { ...ICEBERG, columnDescriptions: { fda_summary: { rows: description } } }))
      .toThrow('VALUE_INVALID: Lake/Gold: column_descriptions.fda_summary.rows of dataset "fda-summary" is ');
  },
);

test('descriptions of the columns of an unknown table are an error', () => {
  const where = LAYOUTS[0].lake(ENV);
  const columnDescriptions = { month: { name: 'Name of the month' } };
  expect(() => gold(where, { ...ICEBERG, outputs: ['years', 'months'], columnDescriptions })).toThrow(
    'UNKNOWN_TABLE: Lake/Gold: column_descriptions of dataset "fda-summary" contains the table "month", which does not '
      + 'exist. Did you mean "months"?',
  );
});
