import { App, CfnParameter, Duration, Environment, Size, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  BronzeDataset,
  BronzeDatasetProps,
  DataSizeCategory,
  EtlCore,
  EtlCoreProps,
  GlueVersion,
  Source,
  WorkerType,
} from '../src';
import { resource, resources } from './assembly';
import { bronze, ENV } from './layouts';

function coreStack(props: Partial<EtlCoreProps> = {}): Stack {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', ...props });
  return stack;
}

test.each([
  ['AWS::S3::Bucket', 'BucketName', 'pp-dw-123456789012'],
  ['AWS::Athena::WorkGroup', 'Name', 'pp-dw'],
  ['AWS::Scheduler::ScheduleGroup', 'Name', 'pp-dw'],
])('the %s of a core has the %s %s', (type, property, name) => {
  expect(resource(coreStack(), type).Properties[property]).toBe(name);
});

test.each([
  ['AWS::IAM::Role', 'RoleName', ['pp-dw-glue-role', 'pp-dw-scheduler-role', 'pp-dw-dataset-role']],
  ['AWS::Logs::LogGroup', 'LogGroupName', ['/aws-glue/pp-dw/error', '/aws-glue/pp-dw/output']],
])('resources of type %s have the property %s: %s', (type, property, names) => {
  expect(resources(coreStack(), type).map(({ Properties }) => Properties[property])).toEqual(names);
});

test('the location of a database is the folder of its layer', () => {
  expect(resources(coreStack(), 'AWS::Glue::Database').map(({ Properties }) => Properties.DatabaseInput)).toEqual([
    { Name: 'pp_dw_bronze', LocationUri: 's3://pp-dw-123456789012/bronze/' },
    { Name: 'pp_dw_silver', LocationUri: 's3://pp-dw-123456789012/silver/' },
    { Name: 'pp_dw_gold', LocationUri: 's3://pp-dw-123456789012/gold/' },
  ]);
});

test('the names of the databases start with databasePrefix', () => {
  expect(
    resources(coreStack({ databasePrefix: 'dw' }), 'AWS::Glue::Database').map(
      ({ Properties }) => Properties.DatabaseInput.Name,
    ),
  ).toEqual(['dw_bronze', 'dw_silver', 'dw_gold']);
});

describe('with existing databases and an existing bucket', () => {
  const existing = { existingDatabases: true, existingBucketName: 'pp-dw-123456789012' };

  test('the stack creates neither', () => {
    const stack = coreStack(existing);
    const types = resources(stack).map(({ Type }) => Type);
    expect(types).not.toContain('AWS::Glue::Database');
    expect(types).not.toContain('AWS::S3::Bucket');
    expect(types).toContain('AWS::Athena::WorkGroup');
  });

  test('datasets use them', () => {
    const stack = new Stack(new App(), 'Core', { env: ENV });
    const core = new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', ...existing });
    expect(core.bronzeDatabase).toBeUndefined();
    expect(core.silverDatabase).toBeUndefined();
    expect(core.goldDatabase).toBeUndefined();
    bronze({ stack, core });
    expect(resource(stack, 'AWS::Glue::Crawler').Properties.DatabaseName).toBe('pp_dw_bronze');
    expect(resource(stack, 'AWS::Glue::Job').DependsOn).toEqual(
      expect.arrayContaining([expect.stringMatching(/^LakeGlueRole/), expect.stringMatching(/^LakeScheduleGroup/)]),
    );
  });

  test('the key of the lake can be an existing key', () => {
    const stack = new Stack(new App(), 'Core', { env: ENV });
    const encryptionKey = Key.fromKeyArn(stack, 'Key', `arn:aws:kms:${ENV.region}:${ENV.account}:key/1234`);
    new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', encryptionKey, ...existing });
    expect(resources(stack).map(({ Type }) => Type)).not.toContain('AWS::KMS::Key');
  });
});

test.each([true, false])('the databases exist: %s; the names of the databases are the same', existingDatabases => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  const core = new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', databasePrefix: 'dw', existingDatabases });
  expect(bronze({ stack, core }).databaseName).toBe('dw_bronze');
});

test('the bucket is versioned and encrypted, and rejects public access and plain HTTP', () => {
  const stack = coreStack();
  const { Properties } = resource(stack, 'AWS::S3::Bucket');
  expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
  expect(Properties.PublicAccessBlockConfiguration)
    .toEqual({ BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true });
  expect(Properties.BucketEncryption.ServerSideEncryptionConfiguration).toEqual([
    { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
  ]);
  expect(resource(stack, 'AWS::S3::BucketPolicy').Properties.PolicyDocument.Statement).toEqual([
    expect.objectContaining({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 's3:*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    }),
  ]);
});

test.each(['AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::Glue::Database'])(
  '%s is retained when the stack is deleted, and deleted if the first deployment fails',
  type => {
    for (const { DeletionPolicy, UpdateReplacePolicy } of resources(coreStack(), type)) {
      expect({ DeletionPolicy, UpdateReplacePolicy }).toEqual({
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
      });
    }
  },
);

const RULES = (days: { uploads: number; versions: number; staging: number; superseded: number; athena: number }) => [
  {
    Id: 'incomplete-uploads-and-noncurrent-versions',
    Status: 'Enabled',
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: days.uploads },
    NoncurrentVersionExpiration: { NoncurrentDays: days.versions },
    ExpiredObjectDeleteMarker: true,
  },
  {
    Id: 'staging',
    Status: 'Enabled',
    Prefix: 'staging/',
    ExpirationInDays: days.staging,
    NoncurrentVersionExpiration: { NoncurrentDays: days.staging },
  },
  {
    Id: 'superseded-raw-runs',
    Status: 'Enabled',
    Prefix: 'raw/',
    TagFilters: [{ Key: 'medallion:superseded', Value: 'true' }],
    ExpirationInDays: days.superseded,
  },
  { Id: 'athena-results', Status: 'Enabled', Prefix: 'athena', ExpirationInDays: days.athena },
];

test(
  'data expires by default: uploads and staging after 1 day, noncurrent versions after 7, superseded runs after 90, '
    + 'query results and logs after 30',
  () => {
    const stack = coreStack();
    expect(resource(stack, 'AWS::S3::Bucket').Properties.LifecycleConfiguration.Rules).toEqual(
      RULES({ uploads: 1, versions: 7, staging: 1, superseded: 90, athena: 30 }),
    );
    expect(resources(stack, 'AWS::Logs::LogGroup').map(({ Properties }) => Properties.RetentionInDays)).toEqual([
      30, 30,
    ]);
  },
);

test('every retention can be set', () => {
  const stack = coreStack({
    retention: {
      incompleteUploads: Duration.days(2),
      staging: Duration.days(3),
      noncurrentVersions: Duration.days(4),
      supersededRuns: Duration.days(5),
      athenaResults: Duration.days(6),
      logs: RetentionDays.ONE_WEEK,
    },
  });
  expect(resource(stack, 'AWS::S3::Bucket').Properties.LifecycleConfiguration.Rules)
    .toEqual(RULES({ uploads: 2, versions: 4, staging: 3, superseded: 5, athena: 6 }));
  expect(resources(stack, 'AWS::Logs::LogGroup').map(({ Properties }) => Properties.RetentionInDays)).toEqual([7, 7]);
});

test('no rule expires current objects of tables, which a published or kept snapshot can need', () => {
  const { Rules } = resource(coreStack(), 'AWS::S3::Bucket').Properties.LifecycleConfiguration;
  const expiring = (Rules as { ExpirationInDays?: number; Prefix?: string }[]).filter(rule => rule.ExpirationInDays);
  expect(expiring.map(({ Prefix }) => Prefix)).toEqual(['staging/', 'raw/', 'athena']);
});

test('an existing bucket is used and not changed', () => {
  const stack = coreStack({ existingBucketName: 'our-lake' });
  expect(resources(stack, 'AWS::S3::Bucket')).toEqual([]);
  expect(resources(stack, 'AWS::S3::BucketPolicy')).toEqual([]);
  expect(resource(stack, 'AWS::Athena::WorkGroup').Properties.WorkGroupConfiguration.ResultConfiguration.OutputLocation).toBe('s3://our-lake/athena/');
  expect(JSON.stringify(resources(stack))).not.toContain('pp-dw-123456789012');
});

test('a retention for an existing bucket is an error, except for logs and snapshots', () => {
  expect(() => coreStack({ existingBucketName: 'our-lake', retention: { staging: Duration.days(3) } })).toThrow(
    'SETTING_NOT_APPLICABLE: Core/Lake: these settings of retention do not apply to the existing bucket '
      + '"our-lake": staging. Remove them, and set the lifecycle rules on that bucket.',
  );
  expect(() =>
    coreStack({ existingBucketName: 'our-lake', retention: { logs: RetentionDays.ONE_WEEK } }),
  ).not.toThrow();
});

test('the workgroup stores encrypted query results under athena/', () => {
  expect(resource(coreStack(), 'AWS::Athena::WorkGroup').Properties.WorkGroupConfiguration).toEqual({
    EnforceWorkGroupConfiguration: true,
    BytesScannedCutoffPerQuery: 100 * 1024 ** 3,
    PublishCloudWatchMetricsEnabled: true,
    ResultConfiguration: { OutputLocation: 's3://pp-dw-123456789012/athena/', EncryptionConfiguration: { EncryptionOption: 'SSE_S3' } },
  });
});

test.each([
  [Size.gibibytes(1), 1024 ** 3],
  [Size.mebibytes(10), 10 * 1024 ** 2],
  [Size.bytes(10_000_000), 10_000_000],
])('the workgroup has the queryScanLimit %s', (queryScanLimit, bytes) => {
  expect(
    resource(coreStack({ queryScanLimit }), 'AWS::Athena::WorkGroup').Properties.WorkGroupConfiguration
      .BytesScannedCutoffPerQuery,
  ).toBe(bytes);
});

test('a queryScanLimit below the minimum of Athena is an error, and a token is allowed', () => {
  expect(() => coreStack({ queryScanLimit: Size.bytes(9_999_999) })).toThrow(
    "VALUE_INVALID: Core/Lake: queryScanLimit is 9999999 bytes, which is less than Athena's minimum of 10 MB. "
      + 'Use Size.mebibytes(10) or more.',
  );
  const stack = new Stack(new App(), 'Core');
  new EtlCore(stack, 'Lake', {
    resourcePrefix: 'pp-dw',
    queryScanLimit: Size.bytes(new CfnParameter(stack, 'Limit', { type: 'Number' }).valueAsNumber),
  });
  expect(resource(stack, 'AWS::Athena::WorkGroup').Properties.WorkGroupConfiguration.BytesScannedCutoffPerQuery).toBe(
    '${Limit}',
  );
});

test('the schedule role can only start jobs of this lake, and only schedules of this account can assume it', () => {
  const role = resources(coreStack(), 'AWS::IAM::Role').find(
    ({ Properties }) => Properties.RoleName === 'pp-dw-scheduler-role',
  )!;
  expect(role.Properties.AssumeRolePolicyDocument.Statement).toEqual([{
    Action: 'sts:AssumeRole',
    Effect: 'Allow',
    Principal: { Service: 'scheduler.amazonaws.com' },
    Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
  }]);
  expect(
    role.Properties.Policies.map(
      (policy: { PolicyDocument: { Statement: unknown } }) => policy.PolicyDocument.Statement,
    ),
  ).toEqual([
    [
      {
        Action: 'glue:StartJobRun',
        Effect: 'Allow',
        Resource: [
          'arn:aws:glue:eu-central-1:123456789012:job/pp-dw-bronze-*',
          'arn:aws:glue:eu-central-1:123456789012:job/pp-dw-silver-*',
          'arn:aws:glue:eu-central-1:123456789012:job/pp-dw-gold-*',
        ],
      },
    ],
  ]);
});

test('two cores with the same prefix in one environment are an error', () => {
  const app = new App();
  new EtlCore(new Stack(app, 'A', { env: ENV }), 'Core', { resourcePrefix: 'pp-dw' });
  expect(() => new EtlCore(new Stack(app, 'B', { env: ENV }), 'Core', { resourcePrefix: 'pp-dw' }))
    .toThrow('NAME_TAKEN: B/Core: the resourcePrefix "pp-dw" is already used by "A/Core". Rename one of them.');
  expect(
    () => new EtlCore(new Stack(app, 'C', { env: ENV }), 'Core', { resourcePrefix: 'other', databasePrefix: 'pp_dw' }),
  ).toThrow('NAME_TAKEN: C/Core: the databasePrefix "pp_dw" is already used by "A/Core".');
});

test('a prefix can be used once per account, and again in another account', () => {
  const app = new App();
  const core = (scope: App | Stage, id: string, env = ENV, props: Partial<EtlCoreProps> = {}) =>
    new EtlCore(new Stack(scope, id, { env }), 'Core', { resourcePrefix: 'pp-dw', ...props });
  core(app, 'Frankfurt');
  core(app, 'Other', { ...ENV, account: '210987654321' });
  const ireland = { ...ENV, region: 'eu-west-1' };
  expect(() => core(app, 'Ireland', ireland)).toThrow(
    'NAME_TAKEN: Ireland/Core: the resourcePrefix "pp-dw" is already used by "Frankfurt/Core".',
  );
  expect(() => core(app, 'Dublin', ireland, { resourcePrefix: 'pp-ie', databasePrefix: 'pp_dw' })).not.toThrow();
});

test('a prefix of another stage in the same account is an error', () => {
  const app = new App();
  const core = (stage: string, env: Environment) =>
    new EtlCore(new Stack(new Stage(app, stage, { env }), 'Lake'), 'Core', { resourcePrefix: 'pp-dw' });
  core('Test', ENV);
  core('Production', { ...ENV, account: '210987654321' });
  expect(() => core('Demo', ENV))
    .toThrow('NAME_TAKEN: Demo/Lake/Core: the resourcePrefix "pp-dw" is already used by "Test/Lake/Core".');
  expect(() => core('Ireland', { ...ENV, region: 'eu-west-1' }))
    .toThrow('NAME_TAKEN: Ireland/Lake/Core: the resourcePrefix "pp-dw" is already used by "Test/Lake/Core".');
});

test('a prefix of another stage is a warning if the accounts are only known at deployment', () => {
  const app = new App();
  const lakes = ['Test', 'Production'].map(id => {
    const stack = new Stack(new Stage(app, id), 'Lake');
    const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
    for (const dataset of ['zip', 'states']) {
      new BronzeDataset(stack, dataset, {
        core,
        dataset,
        dataSizeCategory: DataSizeCategory.SMALL,
        source: Source.url('https://example.org/zip.csv'),
      });
    }
    return stack;
  });
  const [test, production] = lakes.map(stack => Annotations.fromStack(stack).findWarning('*', Match.anyValue()));
  expect(test).toEqual([]);
  expect(production.map(({ id, entry }) => [id, entry.data])).toEqual([[
    '/Production/Lake/Core',
    expect.stringContaining('the resourcePrefix "pp-dw" is already used by "Test/Lake/Core". Deploy the two stages to'),
  ]]);
  expect(() => new EtlCore(lakes[1], 'Second', { resourcePrefix: 'pp-dw' }))
    .toThrow('NAME_TAKEN: Production/Lake/Second');
});

test('the error for an invalid prefix has the construct, the value and what to do', () => {
  expect(() => coreStack({ resourcePrefix: 'PP-DW' })).toThrow(
    'PREFIX_INVALID: Core/Lake: resourcePrefix is "PP-DW". Use lower-case letters, digits and single hyphens, '
      + 'starting with a letter, for example "pp-dw".',
  );
  expect(() => EtlCore.fromPrefixes(new Stack(new App(), 'Lake'), 'Core', { resourcePrefix: 'PP-DW' }))
    .toThrow('PREFIX_INVALID: Lake/Core: resourcePrefix is "PP-DW".');
});

describe('default settings of jobs', () => {
  const lakeWith = (prefixes: Partial<EtlCoreProps>) => {
    const stack = new Stack(new App(), 'Lake', { env: ENV });
    return { stack, core: EtlCore.fromPrefixes(stack, 'Core', { resourcePrefix: 'pp-dw', ...prefixes }) };
  };

  test.each<[string, Partial<EtlCoreProps>, object, number]>([
    ['no settings', {}, { GlueVersion: '5.0', WorkerType: 'G.1X', NumberOfWorkers: 2, Timeout: 30, MaxRetries: 1 }, 2],
    [
      'defaults',
      { glueDefaults: { version: GlueVersion.V6_0, timeout: Duration.hours(1), maxRetries: 0 } },
      { GlueVersion: '6.0', WorkerType: 'G.1X', NumberOfWorkers: 2, Timeout: 60, MaxRetries: 0 },
      2,
    ],
    [
      'workers for this size',
      { glueWorkerConfigs: { small: { workerType: WorkerType.G_4X, numberOfWorkers: 3 } } },
      { WorkerType: 'G.4X', NumberOfWorkers: 3, Timeout: 30 },
      12,
    ],
    [
      'workers for another size',
      { glueWorkerConfigs: { large: { numberOfWorkers: 3 } } },
      { WorkerType: 'G.1X', NumberOfWorkers: 2, Timeout: 30 },
      2,
    ],
    [
      'a timeout for this size and a default',
      { glueDefaults: { timeout: Duration.hours(1) }, glueWorkerConfigs: { small: { timeout: Duration.hours(2) } } },
      { Timeout: 120 },
      8,
    ],
  ])('%s: the job and its maximum DPU-hours have these values', (_, prefixes, properties, dpuHours) => {
    const { stack, core } = lakeWith(prefixes);
    const dataset = bronze({ stack, core });
    const { Properties } = resource(stack, 'AWS::Glue::Job');
    expect(Properties).toMatchObject(properties);
    expect(JSON.parse(Properties.DefaultArguments['--names']).timeout_minutes).toBe(Properties.Timeout);
    expect(dataset.maxDpuHours).toBe(dpuHours);
  });

  test.each<[string, Partial<BronzeDatasetProps>, object, number]>([
    [
      'its workers',
      { workerType: WorkerType.G_8X, numberOfWorkers: 4 },
      { WorkerType: 'G.8X', NumberOfWorkers: 4 },
      64,
    ],
    ['only their type', { workerType: WorkerType.G_1X }, { WorkerType: 'G.1X', NumberOfWorkers: 5, Timeout: 60 }, 10],
    ['only their number', { numberOfWorkers: 3 }, { WorkerType: 'G.2X', NumberOfWorkers: 3 }, 12],
    ['its timeout', { timeout: Duration.minutes(15) }, { WorkerType: 'G.2X', Timeout: 15 }, 5],
    ['its retries', { maxRetries: 0 }, { MaxRetries: 0 }, 10],
  ])('a dataset overrides %s, and its maximum DPU-hours follow', (_, props, properties, dpuHours) => {
    const { stack, core } = lakeWith({
      glueDefaults: { timeout: Duration.hours(2), maxRetries: 1 },
      glueWorkerConfigs: {
        small: { workerType: WorkerType.G_2X, numberOfWorkers: 5, timeout: Duration.hours(1) },
      },
    });
    const dataset = bronze({ stack, core }, props);
    const { Properties } = resource(stack, 'AWS::Glue::Job');
    expect(Properties).toMatchObject(properties);
    expect(JSON.parse(Properties.DefaultArguments['--names']).timeout_minutes).toBe(Properties.Timeout);
    expect(dataset.maxDpuHours).toBe(dpuHours);
  });

  test('a number of workers of a dataset that AWS Glue does not allow for the type of the core is an error', () => {
    const { stack, core } = lakeWith({ glueWorkerConfigs: { small: { workerType: WorkerType.G_2X } } });
    expect(() => bronze({ stack, core }, { numberOfWorkers: 150 })).toThrow(
      'SETTINGS_CONFLICT: Lake/Bronze: number_of_workers of dataset "fda-nsde" is 150, but AWS Glue allows at most 149 '
        + 'workers of type G.2X.',
    );
  });

  test.each<[string, Partial<BronzeDatasetProps>, string]>([
    ['workers', { numberOfWorkers: 1 }, 'number_of_workers of dataset "fda-nsde" is 1.'],
    ['a timeout', { timeout: Duration.minutes(14) }, 'timeout_minutes of dataset "fda-nsde" is 14.'],
    ['retries', { maxRetries: 11 }, 'max_retries of dataset "fda-nsde" is 11.'],
  ])('%s of a dataset out of bounds is an error', (_, props, message) => {
    const { stack, core } = lakeWith({});
    expect(() => bronze({ stack, core }, props)).toThrow(`VALUE_INVALID: Lake/Bronze: ${message}`);
  });

  test.each<[string, Partial<EtlCoreProps>, Partial<BronzeDatasetProps>, boolean]>([
    ['shorter', { glueDefaults: { timeout: Duration.hours(1) } }, {}, true],
    ['equal', { glueDefaults: { timeout: Duration.hours(2) } }, {}, false],
    [
      'shorter, for a dataset with its own timeout',
      { glueDefaults: { timeout: Duration.hours(1) } },
      { timeout: Duration.hours(1) },
      false,
    ],
    [
      'shorter, for a size with its own timeout',
      { glueDefaults: { timeout: Duration.hours(1) }, glueWorkerConfigs: { large: { timeout: Duration.hours(1) } } },
      {},
      false,
    ],
    [
      'shorter, for a small dataset',
      { glueDefaults: { timeout: Duration.hours(1) } },
      { dataSizeCategory: DataSizeCategory.SMALL },
      false,
    ],
  ])('a default timeout can be too short for the size of a dataset: %s', (_, settings, props, isWarning) => {
    const { stack, core } = lakeWith(settings);
    bronze({ stack, core }, { dataSizeCategory: DataSizeCategory.LARGE, ...props });
    const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(
      'glue_defaults.timeout_minutes. is 60 minutes, which is shorter than the timeout of the size "large" of dataset '
        + '"fda-nsde", 120 minutes',
    ));
    expect(warnings).toHaveLength(isWarning ? 1 : 0);
  });

  test('default arguments are added to those of the library', () => {
    const { stack, core } = lakeWith({ glueDefaults: { defaultArguments: { '--enable-metrics': 'true' } } });
    bronze({ stack, core });
    expect(resource(stack, 'AWS::Glue::Job').Properties.DefaultArguments).toMatchObject({
      '--enable-metrics': 'true',
      '--run_options': '{}',
    });
  });

  test.each<[Partial<EtlCoreProps>, string, string]>([
    [
      { glueDefaults: { version: '4.0' as GlueVersion } },
      'VALUE_INVALID',
      'glue_defaults.version is "4.0". Expected: Glue version of the jobs: 5.0',
    ],
    [
      { glueDefaults: { timeout: Duration.minutes(10) } },
      'VALUE_INVALID',
      'glue_defaults.timeout_minutes is 10. Expected: Number of minutes: 15 to 2880.',
    ],
    [
      { glueDefaults: { maxRetries: 11 } },
      'VALUE_INVALID',
      'glue_defaults.max_retries is 11. Expected: Number of times',
    ],
    [
      { glueDefaults: { defaultArguments: { conf: 'x' } } },
      'VALUE_INVALID',
      'glue_defaults.default_arguments has the invalid key "conf". Expected: Additional arguments of all jobs',
    ],
    [
      { glueDefaults: { defaultArguments: { '--names': '{}' } } },
      'ARGUMENT_RESERVED',
      'glue_defaults.default_arguments contains --names, which the library sets for each job. Remove it.',
    ],
    [
      { glueDefaults: { defaultArguments: { '--enable-auto-scaling': 'true' } } },
      'ARGUMENT_RESERVED',
      'glue_defaults.default_arguments contains --enable-auto-scaling, which the library sets for each job with auto '
        + 'scaling. Remove it. Datasets of the size MEDIUM or larger have auto scaling. To change this, set '
        + 'auto_scaling (autoScaling) of a dataset, or of a size in glue_worker_configs (glueWorkerConfigs).',
    ],
    ...[
      ['--enable-glue-datacatalog', 'true', '--enable-glue-datacatalog'],
      ['--enable-glue-datacatalog', '', '--enable-glue-datacatalog'],
      ['--Enable_Glue_DataCatalog', 'true', '--Enable_Glue_DataCatalog'],
      ['--conf', 'a=b --conf spark.sql.catalogImplementation=hive', 'spark.sql.catalogImplementation'],
      ['--conf', 'spark.sql.catalog.spark_catalog=org.example.Catalog', 'spark.sql.catalog.spark_catalog'],
      ['--conf', 'spark.sql.defaultCatalog=glue_catalog', 'spark.sql.defaultCatalog'],
      ['--conf', 'spark.hadoop.hive.metastore.client.factory.class=X', 'hive.metastore.client.factory.class'],
    ].map(([name, value, found]): [object, string, string] => [
      { glueDefaults: { defaultArguments: { [name]: value } } },
      'ARGUMENT_RESERVED',
      `glue_defaults.default_arguments contains ${found}, which would make silver and gold jobs drop and create `
        + 'databases in the Glue Data Catalog. Remove it',
    ]),
    [
      { glueWorkerConfigs: { tiny: {} } },
      'UNKNOWN_KEY',
      'glue_worker_configs has the unknown key "tiny". Known keys: small, medium, large, xlarge.',
    ],
    [
      { glueWorkerConfigs: { smal: { numberOfWorkers: 2 } } },
      'UNKNOWN_KEY',
      'glue_worker_configs has the unknown key "smal". Did you mean "small"? Known keys:',
    ],
    [
      { glueWorkerConfigs: { small: { numberOfWorkers: 1 } } },
      'VALUE_INVALID',
      'glue_worker_configs.small.number_of_workers is 1. Expected: Number of workers of a run',
    ],
    [
      { glueWorkerConfigs: { small: {} } },
      'VALUE_INVALID',
      'glue_worker_configs.small is {}. Expected: Worker settings and timeout of a size.',
    ],
  ])('%j is an error in EtlCore and in EtlCore.fromPrefixes', (props, code, message) => {
    expect(() => coreStack(props)).toThrow(`${code}: Core/Lake: ${message}`);
    expect(() => lakeWith(props)).toThrow(`${code}: Lake/Core: ${message}`);
  });

  test.each<[string, (number: number) => Partial<EtlCoreProps>]>([
    ['glue_defaults.max_retries', number => ({ glueDefaults: { maxRetries: number } })],
    ['glue_defaults.timeout_minutes', number => ({ glueDefaults: { timeout: Duration.minutes(number) } })],
    [
      'glue_worker_configs.small.number_of_workers',
      number => ({ glueWorkerConfigs: { small: { numberOfWorkers: number } } }),
    ],
  ])('%s that is only known at deployment is an error, because costs and alerts depend on it', (key, props) => {
    const stack = new Stack(new App(), 'Lake');
    const number = new CfnParameter(stack, 'Number', { type: 'Number' }).valueAsNumber;
    const given = { resourcePrefix: 'pp-dw', ...props(number) };
    const message = `${key} is a number that is only known at deployment. Write the number in the code.`;
    expect(() => new EtlCore(stack, 'Core', given)).toThrow(`TOKEN_NOT_ALLOWED: Lake/Core: ${message}`);
    expect(() => EtlCore.fromPrefixes(stack, 'Imported', given)).toThrow(
      `TOKEN_NOT_ALLOWED: Lake/Imported: ${message}`,
    );
  });
});
