import { readFileSync } from 'fs';
import * as path from 'path';
import { App, CfnParameter, Duration, Lazy, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Schedule as EventsSchedule } from 'aws-cdk-lib/aws-events';
import { CfnConnection } from 'aws-cdk-lib/aws-glue';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApiEndpoint,
  ApiKeyLocation,
  ApiKeyOptions,
  Auth,
  BasicOptions,
  BearerOptions,
  BronzeDataset,
  BronzeDatasetProps,
  CsvOptions,
  CursorOptions,
  DataQuality,
  DataRule,
  DataSizeCategory,
  EtlCore,
  FileFormat,
  FixedWidthOptions,
  GlueConnection,
  GlueVersion,
  HeaderCursorOptions,
  HttpMethod,
  OAuth2ClientCredentialsOptions,
  OffsetOptions,
  PageNumberOptions,
  PageSizeOptions,
  Pagination,
  RecordCursorOptions,
  RecordOrient,
  RuleSeverity,
  S3Files,
  Schedule,
  SchemaContract,
  ScrollOptions,
  SecretOptions,
  Source,
  SourceDates,
  TableFormat,
  TextOptions,
  TokenAuthMethod,
  WorkerType,
} from '../src';
import { deployedFiles, resource, resources } from './assembly';
import { bronze, ENV, Lake, LAYOUTS, PREFIXES } from './layouts';
import { SIZES } from '../src/sizing';

const BUCKET = 'pp-dw-123456789012';

/** All props. The type makes the compiler report a missing one. */
function everyProp({ core, stack }: Lake): Required<BronzeDatasetProps> {
  return {
    core,
    dataset: 'fda-cder',
    dataSizeCategory: DataSizeCategory.MEDIUM,
    source: Source.urls(['https://example.org/cder-{yyyyMMdd}.zip', 's3://vendor/cder/*.zip'], { files: S3Files.ALL }),
    lookbackDays: 3,
    sourceDates: SourceDates.monthly('first monday'),
    headers: { Accept: 'application/zip' },
    rateLimit: { requests: 240, seconds: 60 },
    auth: Auth.bearer({ secret: 'vendor/api' }),
    description: 'Products and packages',
    delimiter: '|',
    dateFormat: 'dd.MM.yyyy',
    fileFormat: FileFormat.csv({ header: false, encoding: 'cp1252', quote: '' }),
    fileTableMapping: { 'Products*.txt': 'products', 'Packages.txt': 'packages' },
    columnSchema: {
      products: {
        'NDC Code': { targetName: 'ndc', type: 'date', format: 'yyyyMMdd' },
        'Price': { type: 'decimal(18,2)', optional: true, description: 'In US dollars' },
      },
    },
    columnMappings: { 'Start Date': 'started_on' },
    businessKey: ['ndc'],
    businessKeys: { products: ['ndc'], packages: ['ndc', 'package'] },
    schemaContract: SchemaContract.FREEZE,
    tableFormat: TableFormat.ICEBERG,
    dataQuality: {
      requiredColumns: ['ndc'],
      criticalNullThreshold: 0,
      expectedRecordCountMin: 10,
      maxShrink: 0.1,
      maxRescuedShare: 0.2,
      optionalColumns: ['marketing_end'],
      rules: [DataRule.notNull('ndc', { table: 'products', severity: RuleSeverity.WARN, maxShare: 0.5 })],
    },
    schedule: Schedule.cron('0 6 * * ? *', {
      timezone: 'Europe/Berlin',
      enabled: false,
      flexibleWindow: Duration.minutes(0),
    }),
    freshness: { maxAge: Duration.hours(26) },
    glueVersion: GlueVersion.V5_0,
    workerType: WorkerType.G_2X,
    numberOfWorkers: 7,
    autoScaling: false,
    flex: true,
    timeout: Duration.hours(3),
    maxRetries: 0,
    connection: GlueConnection.fromName('vendor-network'),
    script: 'glue-templates/jobs/bronze_job.py',
    role: Role.fromRoleName(stack, 'OwnRole', 'own-role'),
  };
}

describe.each(LAYOUTS)('in the layout $name', ({ lake }) => {
  test('a dataset creates a job and a crawler, and a schedule if it has one', () => {
    const without = lake(ENV);
    bronze(without);
    const withSchedule = lake(ENV);
    bronze(withSchedule, { schedule: Schedule.cron('0 6 * * ? *') });
    const ofDataset = (stack: Stack) =>
      resources(stack)
        .filter(({ id }) => id.startsWith('Bronze'))
        .map(({ Type }) => Type);
    expect(ofDataset(without.stack)).toEqual(['AWS::Glue::Job', 'AWS::Glue::Crawler']);
    expect(ofDataset(withSchedule.stack)).toEqual(['AWS::Glue::Job', 'AWS::Glue::Crawler', 'AWS::Scheduler::Schedule']);
  });

  test('the job has the names, paths and arguments that its script reads', () => {
    const { stack, ...rest } = lake(ENV);
    bronze({ stack, ...rest }, { description: 'NDC to HCPCS' });
    const { Properties } = resource(stack, 'AWS::Glue::Job');
    const { '--names': names, '--extra-py-files': extraPyFiles, ...otherArguments } = Properties.DefaultArguments;
    expect(JSON.parse(names)).toEqual({
      layer: 'bronze',
      dataset: 'fda-nsde',
      bucket: BUCKET,
      job: 'pp-dw-bronze-fda-nsde',
      crawler: 'pp-dw-bronze-fda-nsde-crawler',
      database: 'pp_dw_bronze',
      raw: `s3://${BUCKET}/raw/fda-nsde/`,
      staging: `s3://${BUCKET}/staging/bronze/fda-nsde/`,
      runs: `s3://${BUCKET}/etl/fda-nsde/runs/bronze/`,
      tables: { fda_nsde: { name: 'fda_nsde', location: `s3://${BUCKET}/bronze/fda-nsde/` } },
      timeout_minutes: 30,
      auto_scaling: false,
      number_of_workers: 2,
      dpu_per_worker: 1,
      event_source: 'medallion.pp-dw',
    });
    expect(extraPyFiles).toMatch(new RegExp(`^s3://${BUCKET}/etl/fda-nsde/glue/etl_runtime-[0-9a-f]{12}\\.zip$`));
    expect(otherArguments).toEqual({
      '--dataset_config': `s3://${BUCKET}/etl/fda-nsde/glue/bronze.json`,
      '--run_options': '{}',
      '--TempDir': `s3://${BUCKET}/staging/bronze/fda-nsde/temp/`,
      '--custom-logGroup-prefix': '/aws-glue/pp-dw',
    });
    expect(Properties).toMatchObject({
      Name: 'pp-dw-bronze-fda-nsde',
      Description: 'NDC to HCPCS',
      Role: 'arn:aws:iam::123456789012:role/pp-dw-glue-role',
      Command: { Name: 'glueetl', PythonVersion: '3', ScriptLocation: `s3://${BUCKET}/etl/fda-nsde/glue/bronze_job.py` },
      GlueVersion: '5.0',
      ExecutionProperty: { MaxConcurrentRuns: 1 },
      MaxRetries: 1,
    });
  });

  test.each<[GlueVersion | undefined, GlueVersion | undefined, string]>([
    [undefined, undefined, '5.0'],
    [GlueVersion.V6_0, undefined, '6.0'],
    [undefined, GlueVersion.V6_0, '6.0'],
    [GlueVersion.V6_0, GlueVersion.V5_1, '5.1'],
  ])(
    'if the core sets Glue version %s and the dataset %s, the job runs on %s, and the document has that of the dataset',
    (ofCore, own, expected) => {
      const where = lake(ENV, { ...PREFIXES, glueDefaults: { version: ofCore } });
      const { document } = bronze(where, { glueVersion: own });
      expect(resource(where.stack, 'AWS::Glue::Job').Properties.GlueVersion).toBe(expected);
      expect((JSON.parse(document) as { glue_version?: string }).glue_version).toBe(own);
    },
  );

  test('runs publish metrics if they are enabled in the core', () => {
    const where = lake(ENV, { ...PREFIXES, metrics: true });
    bronze(where);
    expect(
      JSON.parse(resource(where.stack, 'AWS::Glue::Job').Properties.DefaultArguments['--names']).metrics_namespace,
    ).toBe('pp-dw');
  });

  test.each(Object.values(DataSizeCategory))(
    'a %s job has the workers and the timeout of its size',
    dataSizeCategory => {
      const where = lake(ENV);
      bronze(where, { dataSizeCategory });
      const { workerType, workers, timeoutMinutes } = SIZES[dataSizeCategory];
      expect(resource(where.stack, 'AWS::Glue::Job').Properties).toMatchObject({
        WorkerType: workerType,
        NumberOfWorkers: workers,
        Timeout: timeoutMinutes,
      });
    },
  );

  test('the crawler has one target per table, deletes nothing from the catalog, and has no schedule', () => {
    const where = lake(ENV);
    bronze(where, { fileTableMapping: { 'a.csv': 'products', 'b*.csv': 'packages' } });
    const { Properties } = resource(where.stack, 'AWS::Glue::Crawler');
    expect(Properties).toEqual({
      Name: 'pp-dw-bronze-fda-nsde-crawler',
      Role: 'arn:aws:iam::123456789012:role/pp-dw-glue-role',
      DatabaseName: 'pp_dw_bronze',
      TablePrefix: 'fda_nsde_',
      Targets: { S3Targets: [{ Path: `s3://${BUCKET}/bronze/fda-nsde/products/` }, { Path: `s3://${BUCKET}/bronze/fda-nsde/packages/` }] },
      RecrawlPolicy: { RecrawlBehavior: 'CRAWL_EVERYTHING' },
      SchemaChangePolicy: { UpdateBehavior: 'UPDATE_IN_DATABASE', DeleteBehavior: 'LOG' },
      Configuration: '{"Version":1,"Grouping":{"TableGroupingPolicy":"CombineCompatibleSchemas"}}',
      Tags: { 'medallion:lake': 'pp-dw', 'medallion:layer': 'bronze', 'medallion:dataset': 'fda-nsde' },
    });
  });

  test('the schedule uses the role and the group of the core, and retries five times within one hour', () => {
    const where = lake(ENV);
    bronze(where, { schedule: Schedule.cron('0 6 * * ? *', { timezone: 'Europe/Berlin' }) });
    expect(resource(where.stack, 'AWS::Scheduler::Schedule').Properties).toEqual({
      Name: 'pp-dw-bronze-fda-nsde',
      GroupName: 'pp-dw',
      ScheduleExpression: 'cron(0 6 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      State: 'ENABLED',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 10 },
      Target: {
        Arn: 'arn:aws:scheduler:::aws-sdk:glue:startJobRun',
        Input: '{"JobName":"pp-dw-bronze-fda-nsde"}',
        RoleArn: 'arn:aws:iam::123456789012:role/pp-dw-scheduler-role',
        RetryPolicy: { MaximumRetryAttempts: 5, MaximumEventAgeInSeconds: 3600 },
      },
    });
  });

  test('by default, a schedule is in UTC and enabled', () => {
    const where = lake(ENV);
    bronze(where, { schedule: Schedule.rate(Duration.hours(6)) });
    bronze(where, { dataset: 'off', schedule: Schedule.rate(Duration.hours(6), { enabled: false }) }, 'Off');
    expect(
      resources(where.stack, 'AWS::Scheduler::Schedule').map(({ Properties }) => [
        Properties.ScheduleExpressionTimezone,
        Properties.State,
      ]),
    ).toEqual([
      ['UTC', 'ENABLED'],
      ['UTC', 'DISABLED'],
    ]);
  });

  test('no template has cross-stack imports or exports', () => {
    const where = lake();
    bronze(where, {
      schedule: Schedule.cron('0 6 * * ? *'),
      role: where.core instanceof EtlCore ? where.core.role : undefined,
    });
    for (const { template } of where.app.synth().stacks) {
      expect(JSON.stringify(template)).not.toMatch(/Fn::ImportValue|"Export"/);
    }
  });

  test('names are the same if the account is only known at deployment', () => {
    const [known, unknown] = [lake(ENV), lake()];
    for (const where of [known, unknown]) {
      bronze(where, { schedule: Schedule.cron('0 6 * * ? *') });
    }
    const ofDataset = ({ stack }: Lake) => resources(stack).filter(({ id }) => id.startsWith('Bronze'));
    expect(ofDataset(unknown)).toEqual(ofDataset(known));
  });

  test('tokens are valid in every string prop, and are resolved in the deployed document', () => {
    const app = lake();
    const text = (id: string) => new CfnParameter(app.stack, id).valueAsString;
    bronze(app, {
      description: text('Description'),
      source: Source.urls([text('Url'), `https://${text('Host')}/{yyyy}.csv`]),
      lookbackDays: 3,
      fileFormat: FileFormat.csv({
        delimiter: text('Delimiter'),
        encoding: text('Encoding'),
        quote: text('Quote'),
        escape: text('Escape'),
        nullValues: [text('Null')],
        dateFormat: text('Date'),
      }),
      columnSchema: {
        fda_nsde: {
          Price: { targetName: text('Target'), type: text('Type'), format: text('Format') },
          Day: { type: 'date', format: text('Day') },
        },
      },
      columnMappings: { Zip: text('Zip') },
      businessKey: [text('Key')],
      dataQuality: { requiredColumnsByTable: { fda_nsde: [text('Required')] } },
      schedule: Schedule.expression(text('Expression'), { timezone: text('Timezone') }),
    });
    expect(resource(app.stack, 'AWS::Glue::Job').Properties.Description).toBe('${Description}');
    expect([...deployedFiles(app.stack).keys()].sort()).toEqual([
      'fda-nsde/glue/bronze.json',
      'fda-nsde/glue/bronze_job.py',
      expect.stringMatching(/^fda-nsde\/glue\/etl_runtime-/),
    ]);
    const { SourceMarkers, SourceMarkersConfig } = resource(app.stack, 'Custom::CDKBucketDeployment').Properties;
    expect(Object.values(SourceMarkers[1]).sort()).toEqual(
      [
        'Date',
        'Day',
        'Delimiter',
        'Description',
        'Encoding',
        'Escape',
        'Expression',
        'Format',
        'Host',
        'Key',
        'Null',
        'Quote',
        'Required',
        'Target',
        'Timezone',
        'Type',
        'Url',
        'Zip',
      ].map(id => `\${${id}}`),
    );
    expect(SourceMarkersConfig[1]).toEqual({ jsonEscape: true });
  });

  test('the prefix can be a token', () => {
    const where = lake(ENV, { resourcePrefix: Lazy.string({ produce: () => 'pp-dw' }) });
    bronze(where, { schedule: Schedule.cron('0 6 * * ? *') });
    expect(resource(where.stack, 'AWS::Glue::Job').Properties.Command.ScriptLocation).toBe(`s3://${BUCKET}/etl/fda-nsde/glue/bronze_job.py`);
  });

  test('a dataset is stored in the existing bucket of the core', () => {
    const where = lake(ENV, { resourcePrefix: 'pp-dw', existingBucketName: 'our-lake' });
    bronze(where);
    const job = resource(where.stack, 'AWS::Glue::Job').Properties;
    expect(job.Command.ScriptLocation).toBe('s3://our-lake/etl/fda-nsde/glue/bronze_job.py');
    expect(resource(where.stack, 'Custom::CDKBucketDeployment').Properties.DestinationBucketName).toBe('our-lake');
  });

  test('a role that is passed is used by the job and the crawler', () => {
    const where = lake(ENV);
    bronze(where, { role: Role.fromRoleName(where.stack, 'OwnRole', 'own-role') });
    for (const type of ['AWS::Glue::Job', 'AWS::Glue::Crawler']) {
      expect(resource(where.stack, type).Properties.Role).toBe('arn:aws:iam::123456789012:role/own-role');
    }
  });

  test.each<[string, Partial<BronzeDatasetProps>, string]>([
    [
      'an upper-case name',
      { dataset: 'FDA-NSDE' },
      'DATASET_NAME_INVALID: Lake/Bronze: dataset is "FDA-NSDE". Expected: Name of the dataset in kebab-case',
    ],
    [
      'a snake_case name',
      { dataset: 'fda_nsde' },
      'DATASET_NAME_INVALID: Lake/Bronze: dataset is "fda_nsde". Expected: Name of the dataset in kebab-case',
    ],
    ['an empty name', { dataset: '' }, 'DATASET_NAME_INVALID: Lake/Bronze: dataset is "".'],
    ['a name beyond 80 characters', { dataset: 'a'.repeat(81) }, 'DATASET_NAME_INVALID: Lake/Bronze: dataset is "aaa'],
    [
      'a name too long for its schedule',
      { dataset: 'a'.repeat(60), schedule: Schedule.cron('0 6 * * ? *') },
      `NAME_TOO_LONG: Lake/Bronze: the name of the schedule "pp-dw-bronze-${'a'.repeat(60)}" has 73 `
        + 'characters; the maximum is 64. Use a shorter prefix or dataset name.',
    ],
    [
      'a URL with an unsupported scheme',
      { source: Source.url('ftp://example.org/a.zip') },
      'URL_INVALID: Lake/Bronze: source_url of dataset "fda-nsde" is "ftp://example.org/a.zip". Expected: An http:// '
        + 'or https:// URL',
    ],
    [
      'a URL without a scheme',
      { source: Source.url('zipcodes.zip') },
      'URL_INVALID: Lake/Bronze: source_url of dataset "fda-nsde" is "zipcodes.zip".',
    ],
    [
      'a URL with a password',
      { source: Source.url('https://me:secret@example.org/a.zip') },
      'URL_INVALID: Lake/Bronze: source_url of dataset "fda-nsde" is "https://***@example.org/a.zip". Expected: An '
        + 'http:// or https:// URL',
    ],
    [
      'a share above 1',
      { dataQuality: { maxShrink: 50 } },
      'VALUE_INVALID: Lake/Bronze: data_quality.max_shrink of dataset "fda-nsde" is 50. Expected: Share of all rows, '
        + 'from 0 to 1.',
    ],
    [
      'a backslash and a t as the delimiter, instead of a tab',
      { delimiter: '\\t' },
      'VALUE_INVALID: Lake/Bronze: delimiter of dataset "fda-nsde" is "\\\\t". Expected: Delimiter between the fields',
    ],
    [
      'a description beyond 2048 characters',
      { description: 'x'.repeat(3000) },
      `VALUE_INVALID: Lake/Bronze: description of dataset "fda-nsde" is "${'x'.repeat(119)}… (3002 characters). `
        + 'Expected: Description of the dataset',
    ],
    [
      'no source',
      { source: undefined },
      'SETTING_REQUIRED: Lake/Bronze: source is missing. Use a Source: Source.url("https://…"), or set script to a '
        + 'custom script.',
    ],
    [
      'a string as the source',
      { source: 'https://example.org/a.zip' as unknown as Source },
      'PROP_TYPE_INVALID: Lake/Bronze: source has the wrong type. Use a Source: Source.url("https://…"), or',
    ],
    [
      'a string as the source of a custom script',
      { source: 'https://example.org/a.zip' as unknown as Source, script: 'glue-templates/jobs/bronze_job.py' },
      'PROP_TYPE_INVALID: Lake/Bronze: source has the wrong type. Use a Source:',
    ],
    [
      'a string as auth',
      { auth: 'vendor/api' as unknown as Auth },
      'PROP_TYPE_INVALID: Lake/Bronze: auth has the wrong type. Use an Auth: Auth.bearer({ secret: "…" }).',
    ],
    [
      'a string as the connection',
      { connection: 'network' as unknown as GlueConnection },
      'PROP_TYPE_INVALID: Lake/Bronze: connection has the wrong type. Use a GlueConnection: '
        + 'GlueConnection.fromName("…").',
    ],
    [
      'a connection name with a comma',
      { connection: GlueConnection.fromName('one, two') },
      'VALUE_INVALID: Lake/Bronze: connection of dataset "fda-nsde" is "one, two".',
    ],
    [
      'a string as an endpoint',
      { source: Source.api({ products: 'https://api.example.org' as unknown as ApiEndpoint }) },
      'PROP_TYPE_INVALID: Lake/Bronze: endpoint "products" has the wrong type. Use an '
        + 'ApiEndpoint: { url: "https://…" }.',
    ],
    [
      'a string as pagination',
      {
        source: Source.api({
          products: { url: 'https://api.example.org', pagination: 'offset' as unknown as Pagination },
        }),
      },
      'PROP_TYPE_INVALID: Lake/Bronze: pagination of endpoint "products" has the wrong type. Use a '
        + 'Pagination: Pagination.offset({…}).',
    ],
    [
      'an API without endpoints',
      { source: Source.api({}) },
      'VALUE_INVALID: Lake/Bronze: api_endpoints of dataset "fda-nsde" is {}. Expected: The endpoints of a REST API',
    ],
    [
      'an API over FTP',
      { source: Source.api({ products: { url: 'ftp://api.example.org' } }) },
      'URL_INVALID: Lake/Bronze: api_endpoints.products.url of dataset "fda-nsde" is "ftp://api.example.org". '
        + 'Expected:',
    ],
    [
      'an API in a bucket',
      { source: Source.api({ products: { url: 's3://vendor/products' } }) },
      'URL_INVALID: Lake/Bronze: api_endpoints.products.url of dataset "fda-nsde" is "s3://vendor/products".',
    ],
    [
      'an endpoint whose name is not a table name',
      { source: Source.api({ Products: { url: 'https://api.example.org' } }) },
      'VALUE_INVALID: Lake/Bronze: api_endpoints of dataset "fda-nsde" has the invalid key "Products".',
    ],
    [
      'an https URL in Source.s3',
      { source: Source.s3('https://example.org/a.csv') },
      'URL_INVALID: Lake/Bronze: Source.s3 has "https://example.org/a.csv". Write the s3:// prefix in the code, as '
        + 'in `s3://${bucket.bucketName}/folder/`',
    ],
    [
      'a token as the URL in Source.s3',
      { source: Source.s3(Lazy.string({ produce: () => 's3://vendor/' })) },
      'URL_INVALID: Lake/Bronze: Source.s3 has a URL that is only known at deployment. Write the s3:// prefix in the '
        + 'code, as in `s3://${bucket.bucketName}/folder/`: the role of the dataset can read only '
        + 'this location. See docs/sources/s3-buckets.md.',
    ],
    [
      'a bucket without a path',
      { source: Source.s3('s3://vendor') },
      'URL_INVALID: Lake/Bronze: source_url of dataset "fda-nsde" is "s3://vendor". Expected: An http:// or https:// '
        + 'URL',
    ],
    [
      'a rule of an API that is not part of the schema',
      { source: Source.api({ products: { url: 'https://api.example.org', body: {} } }) },
      'SETTING_NOT_APPLICABLE: Lake/Bronze: api_endpoints.products.body of dataset "fda-nsde" is set, but the '
        + 'method is GET. Set method to POST, or remove body.',
    ],
    [
      'the value of a secret instead of its name',
      { auth: Auth.bearer({ secret: 'Bearer 0123456789abcdef' }) },
      'VALUE_INVALID: Lake/Bronze: auth.secret of dataset "fda-nsde" is invalid (value redacted, because it '
        + 'may be a secret). Expected: Name or ARN of the secret',
    ],
    [
      'a schedule of aws-events',
      { schedule: EventsSchedule.cron({ hour: '6' }) as unknown as Schedule },
      'PROP_TYPE_INVALID: Lake/Bronze: schedule has the wrong type. Use a Schedule from cdk-glue-medallion: '
        + 'Schedule.cron("0 6 * * ? *").',
    ],
    [
      'an object as the file format',
      { fileFormat: { delimiter: ';' } as unknown as FileFormat },
      'PROP_TYPE_INVALID: Lake/Bronze: fileFormat has the wrong type. Use a FileFormat: FileFormat.csv({…}).',
    ],
    [
      'no name',
      { dataset: undefined },
      'SETTING_REQUIRED: Lake/Bronze: the configuration has no dataset. Set dataset.',
    ],
    [
      'no core',
      { core: undefined },
      'SETTING_REQUIRED: Lake/Bronze: core is missing. Use an EtlCore: new EtlCore(…) or EtlCore.fromPrefixes(…).',
    ],
    [
      'an invalid port',
      { source: Source.url('https://example.org:99999/a.zip') },
      'is "https://example.org:99999/a.zip", which is not a valid URL. Check the host and the port.',
    ],
    [
      'an unknown size',
      { dataSizeCategory: 'huge' as DataSizeCategory },
      'VALUE_INVALID: Lake/Bronze: data_size_category of dataset "fda-nsde" is "huge". Expected: Size of the input '
        + 'data',
    ],
    [
      'no size',
      { dataSizeCategory: undefined },
      'SETTING_REQUIRED: Lake/Bronze: dataset "fda-nsde" has no data_size_category. Set '
        + 'data_size_category.',
    ],
    [
      'a description that is too long for AWS Glue',
      { description: 'x'.repeat(2049) },
      'VALUE_INVALID: Lake/Bronze: description of dataset "fda-nsde" is "xxx',
    ],
    [
      'a line break as the delimiter',
      { delimiter: '\n' },
      'VALUE_INVALID: Lake/Bronze: delimiter of dataset "fda-nsde" is "\\n". Expected: Delimiter between the fields '
        + 'of a record',
    ],
    [
      'a delimiter twice',
      { delimiter: '|', fileFormat: FileFormat.csv({ delimiter: ';' }) },
      'SETTINGS_CONFLICT: Lake/Bronze: delimiter of dataset "fda-nsde" is "|", and file_format.delimiter is '
        + '";". Set only one of them.',
    ],
    [
      'a date format twice',
      { dateFormat: 'yyyyMMdd', fileFormat: FileFormat.csv({ dateFormat: 'dd.MM.yyyy' }) },
      'SETTINGS_CONFLICT: Lake/Bronze: date_format of dataset "fda-nsde" is "yyyyMMdd", and '
        + 'file_format.date_format is "dd.MM.yyyy". Set only one of them.',
    ],
    [
      'required columns twice',
      { dataQuality: { requiredColumns: ['a'], requiredColumnsByTable: { fda_nsde: ['a'] } } },
      'SETTINGS_CONFLICT: Lake/Bronze: dataQuality has both requiredColumns and requiredColumnsByTable. Set '
        + 'only one of them.',
    ],
    [
      'a minimum number of rows twice',
      { dataQuality: { expectedRecordCountMin: 1, expectedRecordCountMinByTable: { fda_nsde: 1 } } },
      'SETTINGS_CONFLICT: Lake/Bronze: dataQuality has both expectedRecordCountMin and '
        + 'expectedRecordCountMinByTable. Set only one of them.',
    ],
    [
      'a column without settings',
      { columnSchema: { fda_nsde: { 'Zip Code': {} } } },
      'VALUE_INVALID: Lake/Bronze: column_schema.fda_nsde.Zip Code of dataset "fda-nsde" is {}. Expected: Name, data '
        + 'type, format and description of a column, and whether it is optional. Set at least one key. For '
        + 'example:',
    ],
    [
      'a rule that is not part of the schema',
      { lookbackDays: 3 },
      'PLACEHOLDER_REQUIRED: Lake/Bronze: lookback_days of dataset "fda-nsde" is 3, but source_url has no date '
        + 'placeholder.',
    ],
    [
      'a quote of two characters',
      { fileFormat: FileFormat.csv({ quote: '""' }) },
      'VALUE_INVALID: Lake/Bronze: file_format.quote of dataset "fda-nsde" is "\\"\\"".',
    ],
    [
      'a mapping without files',
      { fileTableMapping: {} },
      'VALUE_INVALID: Lake/Bronze: file_table_mapping of dataset "fda-nsde" is {}.',
    ],
    [
      'a table that is not snake_case',
      { fileTableMapping: { 'a.csv': 'Main Table' } },
      'VALUE_INVALID: Lake/Bronze: file_table_mapping.a.csv of dataset "fda-nsde" is "Main Table". Expected: Name of '
        + 'a table within its dataset: snake_case',
    ],
    [
      'a table with the name of the dataset, and another table',
      { fileTableMapping: { 'a.csv': 'fda_nsde', 'b.csv': 'other' } },
      'TABLE_NAME_RESERVED: Lake/Bronze: file_table_mapping of dataset "fda-nsde" has several tables, and one of '
        + 'them has the name of the dataset, "fda_nsde". Rename this table, for example to "main": its '
        + 'folder would contain the folders of the other tables.',
    ],
    [
      'an invalid cron expression',
      { schedule: Schedule.cron('0 25 * * ? *') },
      'SCHEDULE_INVALID: Lake/Bronze: schedule.expression of dataset "fda-nsde" is "cron(0 25 * * ? *)". The '
        + 'hours field "25" is invalid: it allows 0-23 and , - * /.',
    ],
    [
      'an unknown time zone',
      { schedule: Schedule.cron('0 6 * * ? *', { timezone: 'Europe/Atlantis' }) },
      'TIMEZONE_INVALID: Lake/Bronze: schedule.timezone of dataset "fda-nsde" is "Europe/Atlantis". Use a '
        + 'name from the IANA time zone database',
    ],
    [
      'an unknown Glue version',
      { glueVersion: '3.0' as GlueVersion },
      'VALUE_INVALID: Lake/Bronze: glue_version of dataset "fda-nsde" is "3.0".',
    ],
  ])('%s is an error with its code, its place and what to do', (_, props, message) => {
    expect(() => bronze(lake(), props)).toThrow(message);
  });

  test('two datasets with the same name are an error', () => {
    const where = lake();
    bronze(where);
    expect(() => bronze(where, {}, 'Again')).toThrow(
      'NAME_TAKEN: Lake/Again: the job "pp-dw-bronze-fda-nsde" is already used by "Lake/Bronze". Rename one of them.');
  });

  test('two datasets with the same table are an error that names both', () => {
    const where = lake();
    bronze(where, { dataset: 'fda', fileTableMapping: { 'a.csv': 'nsde_main' } }, 'One');
    expect(() => bronze(where, { dataset: 'fda-nsde', fileTableMapping: { 'b.csv': 'main' } }, 'Other')).toThrow(
      'NAME_TAKEN: Lake/Other: the table "pp_dw_bronze.fda_nsde_main" is already used by "Lake/One". Rename '
        + 'one of them.',
    );
  });

  test('a dataset that is added after synthesis is an error', () => {
    const where = lake();
    bronze(where);
    where.app.synth();
    expect(() => bronze(where, { dataset: 'late' }, 'Late')).toThrow(
      'DATASET_AFTER_SYNTH: Lake/Late: the dataset was added after the app was synthesized.',
    );
  });

  test('a dataset has the names of its resources and tables as properties', () => {
    const dataset = bronze(lake(ENV), {
      fileTableMapping: { 'a.csv': 'main' },
      schedule: Schedule.cron('0 6 * * ? *'),
    });
    const { dataset: name, jobName, crawlerName, databaseName, tableNames, maxDpuHours } = dataset;
    expect({ name, jobName, crawlerName, databaseName, tableNames, maxDpuHours }).toEqual({
      name: 'fda-nsde',
      jobName: 'pp-dw-bronze-fda-nsde',
      crawlerName: 'pp-dw-bronze-fda-nsde-crawler',
      databaseName: 'pp_dw_bronze',
      tableNames: ['fda_nsde_main'],
      maxDpuHours: 2,
    });
    expect([dataset.job.name, dataset.crawler?.name, dataset.schedule?.name]).toEqual([jobName, crawlerName, jobName]);
  });

  test('100 datasets fit into one stack', () => {
    const where = lake(ENV);
    for (let index = 0; index < 100; index++) {
      bronze(where, { dataset: `dataset-${index}`, schedule: Schedule.cron('0 6 * * ? *') }, `Dataset${index}`);
    }
    const all = resources(where.stack);
    expect(all.filter(({ id }) => id.startsWith('Dataset'))).toHaveLength(300);
    expect(all.length).toBeLessThan(500);
    expect(resources(where.stack, 'Custom::CDKBucketDeployment')).toHaveLength(1);
    Annotations.fromStack(where.stack).hasNoWarning('*', Match.anyValue());
  });
});

/** Props that do not exclude each other: with `businessKey`, with `businessKeys`, and with an API as the source. */
function validProps(lake: Lake): BronzeDatasetProps[] {
  const { businessKey, businessKeys, ...rest } = everyProp(lake);
  const { lookbackDays, sourceDates, delimiter, fileFormat, fileTableMapping, ...ofApi } = rest;
  return [
    { ...rest, businessKey },
    { ...rest, businessKeys, dataset: 'by-table' },
    { ...ofApi, businessKeys, dataset: 'of-api', source: Source.api({ products: ALL_ENDPOINT_PROPS, packages: { url: 'https://api.example.org/packages', orient: RecordOrient.INDEX, keyColumn: 'day' } }) },
    {
      ...ofApi,
      businessKeys,
      dataset: 'of-table',
      source: Source.api({
        products: {
          url: 'https://api.example.org/{value}',
          forEachTable: { input: BronzeDataset.fromName(lake.core, 'drugs'), table: 'drugs', column: 'ndc' },
        },
        packages: { url: 'https://api.example.org/packages' },
      }),
    },
  ];
}

/** All props of an endpoint, except keyColumn, because it requires a different orient than the names of columns. */
const ALL_ENDPOINT_PROPS: Required<Omit<ApiEndpoint, 'forEachTable' | 'keyColumn'>> = {
  url: 'https://api.example.org/{value}/products',
  method: HttpMethod.POST,
  params: { country: 'NL' },
  headers: { Accept: 'application/json' },
  body: { query: { all: true, of: ['{value}', 1] } },
  records: 'data.items',
  recordsOptional: true,
  orient: RecordOrient.VALUES,
  columnNames: ['time', 'price'],
  pagination: Pagination.single(),
  forEach: { endpoint: 'packages', field: 'id', column: 'package' },
  rateLimit: { requests: 1, seconds: 2 },
  table: true,
};

test('every key of a bronze dataset in the schema has a prop, and every prop has a key', () => {
  const schema = JSON.parse(readFileSync(path.join(__dirname, '..', 'glue-templates', 'dataset.schema.json'), 'utf8'));
  const where = LAYOUTS[0].lake(ENV);
  const documents = validProps(where).map(
    (props, index) => JSON.parse(bronze(where, props, `Dataset${index}`).document),
  );
  const keysOf = (objects: object[]) => [...new Set(objects.flatMap(each => Object.keys(each)))].sort();
  const ofDerived = ['layer', 'history', 'outputs', 'source_datasets', 'sql', 'column_descriptions', 'role'];
  expect(keysOf(documents)).toEqual(Object.keys(schema.properties).filter(key => !ofDerived.includes(key)).sort());
  const [
    { data_quality: quality, schedule, column_schema: columns, rate_limit: rateLimit, source_dates: sourceDates },
    ,
    { api_endpoints: endpoints },
    { api_endpoints: ofTable },
  ] = documents;
  expect([...keysOf([quality]), 'max_churn'].sort()).toEqual(Object.keys(schema.$defs.data_quality.properties).sort());
  expect(keysOf([sourceDates])).toEqual(Object.keys(schema.$defs.source_dates.properties).sort());
  expect(keysOf([schedule])).toEqual(Object.keys(schema.$defs.schedule.properties).sort());
  expect(keysOf(Object.values(columns.products))).toEqual(Object.keys(schema.$defs.column.properties).sort());
  expect(keysOf([rateLimit])).toEqual(Object.keys(schema.$defs.rate_limit.properties).sort());
  expect(keysOf(Object.values(endpoints))).toEqual(Object.keys(schema.$defs.api_endpoint.properties).sort());
  expect(keysOf([endpoints.products.for_each, ofTable.products.for_each]))
    .toEqual(Object.keys(schema.$defs.for_each.properties).sort());
});

const TEXT: Required<Omit<TextOptions, 'columnNamesByTable'>> = {
  encoding: 'cp1252',
  nullValues: ['NA'],
  comment: '#',
  skipRows: 1,
  columnNames: ['id', 'price'],
  skipRowsAfterHeader: 3,
  skipFooter: 2,
  dateFormat: 'yyyyMMdd',
  numberFormat: '1.234,56',
};
const CSV: Required<Omit<CsvOptions, 'columnNamesByTable'>> = {
  ...TEXT,
  delimiter: ';',
  header: true,
  quote: "'",
  escape: '\\',
  quotedNulls: false,
};
const FIXED_WIDTH: Required<Omit<FixedWidthOptions, 'columnNamesByTable'>> = { ...TEXT, widths: [5, 20], header: true };
const TEXT_DOCUMENT = {
  encoding: 'cp1252',
  null_values: ['NA'],
  comment: '#',
  skip_rows: 1,
  column_names: ['id', 'price'],
  skip_rows_after_header: 3,
  skip_footer: 2,
  date_format: 'yyyyMMdd',
  number_format: '1.234,56',
};
const FORMATS: [string, FileFormat, object][] = [
  [
    'csv',
    FileFormat.csv(CSV),
    { type: 'csv', ...TEXT_DOCUMENT, delimiter: ';', header: true, quote: "'", escape: '\\', quoted_nulls: false },
  ],
  ['csv without options', FileFormat.csv(), { type: 'csv' }],
  [
    'fixedWidth',
    FileFormat.fixedWidth(FIXED_WIDTH),
    { type: 'fixed_width', ...TEXT_DOCUMENT, widths: [5, 20], header: true },
  ],
  [
    'json',
    FileFormat.json({
      records: 'data.items',
      recordsOptional: true,
      orient: RecordOrient.INDEX,
      keyColumn: 'day',
      encoding: 'cp1252',
    }),
    {
      type: 'json',
      records: 'data.items',
      records_optional: true,
      orient: 'index',
      key_column: 'day',
      encoding: 'cp1252',
    },
  ],
  [
    'json with rows',
    FileFormat.json({ orient: RecordOrient.VALUES, columnNames: ['id', 'name'], header: true }),
    { type: 'json', orient: 'values', column_names: ['id', 'name'], header: true },
  ],
  ['json without options', FileFormat.json(), { type: 'json' }],
  [
    'csv with column names per table',
    FileFormat.csv({ columnNamesByTable: { fda_nsde: ['id', 'name'] } }),
    { type: 'csv', column_names: { fda_nsde: ['id', 'name'] } },
  ],
  [
    'fixedWidth with column names per table',
    FileFormat.fixedWidth({ widths: [1, 2], columnNamesByTable: { fda_nsde: ['id', 'name'] } }),
    { type: 'fixed_width', widths: [1, 2], column_names: { fda_nsde: ['id', 'name'] } },
  ],
  [
    'json with column names per table',
    FileFormat.json({ orient: RecordOrient.VALUES, columnNamesByTable: { fda_nsde: ['id', 'name'] } }),
    { type: 'json', orient: 'values', column_names: { fda_nsde: ['id', 'name'] } },
  ],
  ['jsonLines', FileFormat.jsonLines({ encoding: 'cp1252' }), { type: 'jsonl', encoding: 'cp1252' }],
  ['jsonLines without options', FileFormat.jsonLines(), { type: 'jsonl' }],
  ['parquet', FileFormat.parquet(), { type: 'parquet' }],
];

test.each(FORMATS)('the file format %s is written to the document with its options', (_, fileFormat, document) => {
  expect(JSON.parse(bronze(LAYOUTS[0].lake(ENV), { fileFormat }).document).file_format).toEqual(document);
});

test('every key and every type of a file format has a factory method', () => {
  const { properties } = JSON.parse(
    readFileSync(path.join(__dirname, '..', 'glue-templates', 'dataset.schema.json'), 'utf8'),
  ).$defs.file_format;
  const documents = FORMATS.map(([, , document]) => document as { type: string });
  expect([...new Set(documents.flatMap(document => Object.keys(document)))].sort()).toEqual(
    Object.keys(properties).sort(),
  );
  expect(new Set(documents.map(({ type }) => type))).toEqual(new Set(properties.type.enum));
});

test('column names for all tables and per table are an error', () => {
  const fileFormat = FileFormat.csv({ columnNames: ['id'], columnNamesByTable: { fda_nsde: ['id'] } });
  expect(() => bronze(LAYOUTS[0].lake(ENV), { fileFormat })).toThrow(
    'fileFormat has both columnNames and columnNamesByTable. Set only one of them.',
  );
});

test('settings per table are written to the document per table', () => {
  const dataQuality: DataQuality = {
    requiredColumnsByTable: { fda_nsde: ['ndc'] },
    expectedRecordCountMinByTable: { fda_nsde: 10 },
  };
  expect(JSON.parse(bronze(LAYOUTS[0].lake(ENV), { dataQuality }).document).data_quality)
    .toEqual({ required_columns: { fda_nsde: ['ndc'] }, expected_record_count_min: { fda_nsde: 10 } });
});

const SIZE: Required<PageSizeOptions> = { limit: 100, limitParam: 'size', maxPages: 5 };
const SIZE_DOCUMENT = { limit: 100, limit_param: 'size', max_pages: 5 };
const HEADER_CURSOR: Required<HeaderCursorOptions> = { ...SIZE, header: 'X-Next', param: 'after' };
const CURSOR: Required<CursorOptions> = { ...SIZE, path: 'meta.next', param: 'after' };
const SCROLL: Required<ScrollOptions> = { ...CURSOR, url: 'https://api.example.org/scroll', body: { scroll: '1m' } };
const RECORD_CURSOR: Required<RecordCursorOptions> = { ...SIZE, path: 'id', param: 'after', inclusive: true };
const OFFSET: Required<OffsetOptions> = { ...SIZE, param: 'start', first: 1, totalRecords: 'meta.total' };
const PAGE_NUMBER: Required<PageNumberOptions> = { ...SIZE, param: 'p', first: 0, totalPages: 'meta.pages' };
const PAGINATIONS: [string, Pagination, object][] = [
  ['auto', Pagination.auto({ maxPages: 5 }), { type: 'auto', max_pages: 5 }],
  ['auto without options', Pagination.auto(), { type: 'auto' }],
  [
    'jsonLink',
    Pagination.jsonLink({ path: 'links.next', base: 'links.base', maxPages: 5 }),
    { type: 'json_link', path: 'links.next', base: 'links.base', max_pages: 5 },
  ],
  ['jsonLink without options', Pagination.jsonLink(), { type: 'json_link' }],
  ['headerLink', Pagination.headerLink({ maxPages: 5 }), { type: 'header_link', max_pages: 5 }],
  ['headerLink without options', Pagination.headerLink(), { type: 'header_link' }],
  [
    'headerCursor',
    Pagination.headerCursor(HEADER_CURSOR),
    { type: 'header_cursor', header: 'X-Next', param: 'after', ...SIZE_DOCUMENT },
  ],
  ['cursor', Pagination.cursor(CURSOR), { type: 'cursor', path: 'meta.next', param: 'after', ...SIZE_DOCUMENT }],
  [
    'scroll',
    Pagination.scroll(SCROLL),
    {
      type: 'cursor',
      path: 'meta.next',
      param: 'after',
      url: 'https://api.example.org/scroll',
      body: { scroll: '1m' },
      ...SIZE_DOCUMENT,
    },
  ],
  [
    'recordCursor',
    Pagination.recordCursor(RECORD_CURSOR),
    { type: 'record_cursor', path: 'id', param: 'after', inclusive: true, ...SIZE_DOCUMENT },
  ],
  [
    'offset',
    Pagination.offset(OFFSET),
    { type: 'offset', param: 'start', first: 1, total_records: 'meta.total', ...SIZE_DOCUMENT },
  ],
  ['offset without options', Pagination.offset(), { type: 'offset' }],
  [
    'pageNumber',
    Pagination.pageNumber(PAGE_NUMBER),
    { type: 'page_number', param: 'p', first: 0, total_pages: 'meta.pages', ...SIZE_DOCUMENT },
  ],
  ['pageNumber without options', Pagination.pageNumber(), { type: 'page_number' }],
  ['single', Pagination.single(), { type: 'single' }],
];

test.each(PAGINATIONS)('the pagination %s is written to the document with its options', (_, pagination, document) => {
  const source = Source.api({ products: { url: 'https://api.example.org/products', pagination } });
  expect(JSON.parse(bronze(LAYOUTS[0].lake(ENV), { source }).document).api_endpoints.products.pagination).toEqual(
    document,
  );
});

const SECRET: Required<SecretOptions> = {
  secret: 'vendor/api',
  encryptionKey: 'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111',
};
const SECRET_DOCUMENT = { secret: SECRET.secret, encryption_key: SECRET.encryptionKey };
const BEARER: Required<BearerOptions> = { ...SECRET, secretKey: 'token' };
const API_KEY: Required<ApiKeyOptions> = { ...SECRET, secretKey: 'key', location: ApiKeyLocation.QUERY, name: 'key' };
const BASIC: Required<BasicOptions> = { ...SECRET, usernameKey: 'user', passwordKey: 'pass' };
const CLIENT: Required<OAuth2ClientCredentialsOptions> = {
  ...SECRET,
  tokenUrl: 'https://login.example.org/token',
  scope: 'read',
  tokenParams: { audience: 'api' },
  tokenAuthMethod: TokenAuthMethod.CLIENT_SECRET_POST,
  clientIdKey: 'id',
  clientSecretKey: 'secret',
};
const AUTHS: [string, Auth, object][] = [
  ['bearer', Auth.bearer(BEARER), { type: 'bearer', ...SECRET_DOCUMENT, secret_key: 'token' }],
  [
    'apiKey',
    Auth.apiKey(API_KEY),
    { type: 'api_key', ...SECRET_DOCUMENT, secret_key: 'key', location: 'query', name: 'key' },
  ],
  ['basic', Auth.basic(BASIC), { type: 'basic', ...SECRET_DOCUMENT, username_key: 'user', password_key: 'pass' }],
  [
    'oauth2ClientCredentials',
    Auth.oauth2ClientCredentials(CLIENT),
    {
      type: 'oauth2_client_credentials',
      ...SECRET_DOCUMENT,
      token_url: 'https://login.example.org/token',
      scope: 'read',
      token_params: { audience: 'api' },
      token_auth_method: 'client_secret_post',
      client_id_key: 'id',
      client_secret_key: 'secret',
    },
  ],
];

test.each(AUTHS)('the auth %s is written to the document with its options', (_, auth, document) => {
  expect(JSON.parse(bronze(LAYOUTS[0].lake(ENV), { auth }).document).auth).toEqual(document);
});

test.each<[string, string, [string, unknown, object][]]>([
  ['a pagination', 'pagination', PAGINATIONS],
  ['an auth', 'auth', AUTHS],
])('every key and every type of %s has a factory method', (_, part, factories) => {
  const { $defs } = JSON.parse(
    readFileSync(path.join(__dirname, '..', 'glue-templates', 'dataset.schema.json'), 'utf8'),
  );
  const documents = factories.map(([, , document]) => document as { type: string });
  expect([...new Set(documents.flatMap(document => Object.keys(document)))].sort()).toEqual(
    Object.keys($defs[part].properties).sort(),
  );
  expect(new Set(documents.map(({ type }) => type))).toEqual(
    new Set(($defs[part].properties.type.enum ?? $defs.pagination_type.enum) as string[]),
  );
});

test('the tables of an API are its endpoints in their order, without those with table: false', () => {
  const source = Source.api({
    products: { url: 'https://api.example.org/products' },
    ids: { url: 'https://api.example.org/ids', table: false },
    packages: { url: 'https://api.example.org/{value}/packages', forEach: { endpoint: 'ids', field: 'id' }, table: true },
  });
  const dataset = bronze(LAYOUTS[0].lake(ENV), {
    source, columnSchema: { products: { Id: { type: 'bigint' } } }, businessKeys: { packages: ['id'] },
  });
  expect(dataset.tableNames).toEqual(['fda_nsde_products', 'fda_nsde_packages']);
});

test('an S3 source is written to the document as a URL', () => {
  const { document } = bronze(LAYOUTS[0].lake(ENV), { source: Source.s3('s3://vendor/drops/{yyyy-MM-dd}/*.csv', { files: S3Files.NEWEST }) });
  expect(JSON.parse(document)).toMatchObject({ source_url: 's3://vendor/drops/{yyyy-MM-dd}/*.csv', source_files: 'newest' });
});

test('a custom script needs no source', () => {
  const where = LAYOUTS[0].lake(ENV);
  const { document } = bronze(where, { source: undefined, script: 'glue-templates/jobs/bronze_job.py' });
  expect(JSON.parse(document)).toEqual({ dataset: 'fda-nsde', data_size_category: 'small' });
});

test.each<[string, (stack: Stack) => GlueConnection, unknown]>([
  ['its name', () => GlueConnection.fromName('vendor-network'), 'vendor-network'],
  ['its construct', stack => GlueConnection.fromConstruct(new CfnConnection(stack, 'Network', {
    catalogId: ENV.account, connectionInput: { connectionType: 'NETWORK' },
  })), '${Network}'],
])('the job uses a connection by %s', (_, connection, name) => {
  const where = LAYOUTS[0].lake(ENV);
  bronze(where, { connection: connection(where.stack) });
  expect(resource(where.stack, 'AWS::Glue::Job').Properties.Connections).toEqual({ Connections: [name] });
});

const OWN_ROLE: [string, Partial<BronzeDatasetProps>][] = [
  ['auth', { auth: Auth.bearer({ secret: 'vendor/api' }) }],
  ['a source in a bucket', { source: Source.s3('s3://vendor/drops/') }],
  ['a connection', { connection: GlueConnection.fromName('vendor-network') }],
];

describe.each(LAYOUTS)('in the layout $name, the role of a dataset', ({ lake }) => {
  test.each(OWN_ROLE)('is created with %s, for the job and the crawler', (_, props) => {
    const where = lake(ENV, { ...PREFIXES, encrypted: true, metrics: true });
    const dataset = bronze(where, { ...props, schedule: Schedule.rate(Duration.days(1)) });
    const own = resources(where.stack).filter(({ id }) => id.startsWith('Bronze'));
    expect(own.map(({ Type }) => Type).sort()).toEqual([
      'AWS::Glue::Crawler',
      'AWS::Glue::Job',
      'AWS::IAM::Role',
      'AWS::Scheduler::Schedule',
    ]);
    const role = own.find(({ Type }) => Type === 'AWS::IAM::Role')!;
    expect(role.Properties.RoleName).toBe('pp-dw-bronze-fda-nsde-role');
    for (const type of ['AWS::Glue::Job', 'AWS::Glue::Crawler']) {
      expect(resource(where.stack, type).Properties.Role).toEqual({ 'Fn::GetAtt': [role.id, 'Arn'] });
    }
    expect(where.stack.resolve(dataset.role!.roleArn)).toEqual({ 'Fn::GetAtt': [role.id, 'Arn'] });
  });

  test.each(OWN_ROLE)('is not created with %s if a role is passed', (_, props) => {
    const where = lake(ENV);
    const role = Role.fromRoleName(where.stack, 'OwnRole', 'own-role');
    const dataset = bronze(where, { ...props, role });
    expect(dataset.role).toBe(role);
    expect(resources(where.stack, 'AWS::IAM::Role').filter(({ id }) => id.startsWith('Bronze'))).toEqual([]);
    expect(resource(where.stack, 'AWS::Glue::Job').Properties.Role).toBe('arn:aws:iam::123456789012:role/own-role');
  });

  test('is not created if the shared role is sufficient', () => {
    expect(bronze(lake(ENV)).role).toBeUndefined();
  });

  test('needs no cross-stack export, even in an encrypted lake', () => {
    const where = lake(undefined, { ...PREFIXES, encrypted: true });
    OWN_ROLE.forEach(([, props], index) => bronze(where, { ...props, dataset: `dataset-${index}` }, `Dataset${index}`));
    for (const { template } of where.app.synth().stacks) {
      expect(JSON.stringify(template)).not.toMatch(/Fn::ImportValue|"Export"/);
    }
  });

  test('fails if its name is too long', () => {
    const name = `dataset-${'a'.repeat(50)}`;
    expect(() => bronze(lake(), { dataset: name, auth: Auth.bearer({ secret: 'vendor/api' }) })).toThrow(
      `NAME_TOO_LONG: Lake/Bronze: the name of the role "pp-dw-bronze-${name}-role" has 76 characters; the maximum is `
      + '64. Use a shorter prefix or dataset name, or set the role prop of the dataset.');
  });

  test('fails if its policies are too large for IAM', () => {
    const files = (count: number) => Source.urls(Array.from({ length: count }, (_, index) => `s3://vendor/drops/of-a-day/file-${index}.csv`));
    expect(() => bronze(lake(), { source: files(50) })).not.toThrow();
    expect(() => bronze(lake(), { source: files(200) })).toThrow(
      /^ROLE_POLICY_TOO_LARGE: Lake\/Bronze: the policies of the role "pp-dw-bronze-fda-nsde-role" have \d+ characters; the maximum is 10240\. source_url contains 200 S3 URLs\. Use folders/,
    );
  });

  test('accepts tokens for secrets, keys, buckets and connections', () => {
    const where = lake();
    const text = (id: string) => new CfnParameter(where.stack, id).valueAsString;
    bronze(where, {
      source: Source.urls(
        [`s3://${text('Bucket')}/in/${text('Folder')}/{yyyy}/*.csv`, text('Url'), 'https://example.org/{yyyy}.csv'],
        { files: S3Files.ALL },
      ),
      headers: { Accept: text('Accept') },
      auth: Auth.oauth2ClientCredentials({
        secret: text('Secret'),
        encryptionKey: text('Key'),
        tokenUrl: text('TokenUrl'),
        scope: text('Scope'),
      }),
      connection: GlueConnection.fromName(text('Connection')),
    });
    const { Policies } = resources(where.stack, 'AWS::IAM::Role').find(({ id }) => id.startsWith('Bronze'))!.Properties;
    expect(JSON.stringify(Policies)).toContain('"arn:aws:s3:::${Bucket}/in/${Folder}/*"');
    expect(JSON.stringify(Policies)).toContain('["${Secret}","${Secret}-??????"]');
  });

  test('accepts tokens for all strings of an API', () => {
    const where = lake();
    const text = (id: string) => new CfnParameter(where.stack, id).valueAsString;
    const source = Source.api({
      ids: { url: text('Url'), params: { country: text('Country') }, records: text('Records') },
      products: {
        url: `https://${text('Host')}/{value}`,
        forEach: { endpoint: 'ids', field: text('Field') },
        pagination: Pagination.cursor({ path: text('Path'), param: text('Param') }),
      },
      prices: {
        url: text('Prices'),
        method: HttpMethod.POST,
        body: { product: text('Body') },
        forEach: { endpoint: 'ids', field: 'id' },
      },
    });
    bronze(where, { source });
    const { SourceMarkers } = resource(where.stack, 'Custom::CDKBucketDeployment').Properties;
    expect(Object.values(SourceMarkers[1]).sort()).toEqual(
      ['Body', 'Country', 'Field', 'Host', 'Param', 'Path', 'Prices', 'Records', 'Url'].map(id => `\${${id}}`),
    );
  });
});

test.each<[string, Partial<BronzeDatasetProps>, string[]]>([
  [
    'a file',
    { source: Source.url('http://files.example.org/a.csv') },
    ['source_url of dataset "fda-nsde" uses http: credentials are sent to files.example.org unencrypted. Use https.'],
  ],
  [
    'an API and its tokens',
    {
      source: Source.api({ products: { url: 'http://api.example.org:8080/products' } }),
      auth: Auth.oauth2ClientCredentials({ secret: 'vendor/api', tokenUrl: 'http://login.example.org/token' }),
    },
    [
      'api_endpoints.products.url of dataset "fda-nsde" uses http: credentials are sent to api.example.org',
      'auth.token_url of dataset "fda-nsde" uses http: credentials are sent to login.',
    ],
  ],
  [
    'the local machine',
    { source: Source.urls(['http://localhost:8080/a.csv', 'http://127.0.0.1/b.csv', 'http://[::1]:80/c.csv']) },
    [],
  ],
  [
    'a host only known at deployment',
    { source: Source.url(`http://${Lazy.string({ produce: () => 'localhost' })}/a.csv`) },
    [],
  ],
])('unencrypted credentials are a warning: %s', (_, props, warnings) => {
  const where = LAYOUTS[0].lake(ENV);
  bronze(where, { auth: Auth.bearer({ secret: 'vendor/api' }), ...props });
  const found = Annotations.fromStack(where.stack)
    .findWarning('*', Match.stringLikeRegexp('unencrypted'))
    .map(({ entry }) => entry.data);
  expect(found).toEqual(warnings.map(warning => expect.stringContaining(warning)));
});

test('an http URL without credentials is not a warning', () => {
  const where = LAYOUTS[0].lake(ENV);
  bronze(where, { source: Source.url('http://files.example.org/a.csv') });
  Annotations.fromStack(where.stack).hasNoWarning('*', Match.anyValue());
});

test('several URLs are a list in the document', () => {
  const urls = ['https://example.org/a.csv', 'https://example.org/b-{yyyy-MM-dd}.csv'];
  expect(JSON.parse(bronze(LAYOUTS[0].lake(ENV), { source: Source.urls(urls) }).document).source_url).toEqual(urls);
});

test('the document contains only the settings that are set', () => {
  const where = LAYOUTS[0].lake(ENV);
  expect(JSON.parse(bronze(where).document)).toEqual({ dataset: 'fda-nsde', data_size_category: 'small', source_url: 'https://example.org/nsde.zip' });
  const [one, byTable, ofApi] = validProps(where).map((props, index) =>
    JSON.parse(bronze(where, props, `Dataset${index}`).document),
  );
  const { business_key: businessKey, ...rest } = one;
  expect(businessKey).toEqual(['ndc']);
  const ofFiles = [
    'lookback_days', 'source_dates', 'source_url', 'source_files', 'delimiter', 'file_format', 'file_table_mapping',
  ];
  expect(ofApi).toEqual({
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => !ofFiles.includes(key))),
    dataset: 'of-api',
    business_keys: { products: ['ndc'], packages: ['ndc', 'package'] },
    api_endpoints: {
      products: {
        url: 'https://api.example.org/{value}/products',
        method: 'POST',
        params: { country: 'NL' },
        headers: { Accept: 'application/json' },
        body: { query: { all: true, of: ['{value}', 1] } },
        records: 'data.items',
        records_optional: true,
        orient: 'values',
        column_names: ['time', 'price'],
        pagination: { type: 'single' },
        for_each: { endpoint: 'packages', field: 'id', column: 'package' },
        rate_limit: { requests: 1, seconds: 2 },
        table: true,
      },
      packages: { url: 'https://api.example.org/packages', orient: 'index', key_column: 'day' },
    },
  });
  expect(byTable).toEqual({
    ...rest,
    dataset: 'by-table',
    business_keys: { products: ['ndc'], packages: ['ndc', 'package'] },
  });
  expect(rest).toEqual({
    dataset: 'fda-cder',
    description: 'Products and packages',
    data_size_category: 'medium',
    source_url: ['https://example.org/cder-{yyyyMMdd}.zip', 's3://vendor/cder/*.zip'],
    source_files: 'all',
    lookback_days: 3,
    source_dates: { every: 'month', on: 'first monday' },
    headers: { Accept: 'application/zip' },
    rate_limit: { requests: 240, seconds: 60 },
    auth: { type: 'bearer', secret: 'vendor/api' },
    connection: 'vendor-network',
    delimiter: '|',
    date_format: 'dd.MM.yyyy',
    file_format: { type: 'csv', header: false, encoding: 'cp1252', quote: '' },
    file_table_mapping: { 'Products*.txt': 'products', 'Packages.txt': 'packages' },
    column_schema: {
      products: {
        'NDC Code': { target_name: 'ndc', type: 'date', format: 'yyyyMMdd' },
        'Price': { type: 'decimal(18,2)', optional: true, description: 'In US dollars' },
      },
    },
    column_mappings: { 'Start Date': 'started_on' },
    schema_contract: 'freeze',
    table_format: 'iceberg',
    data_quality: {
      required_columns: ['ndc'],
      critical_null_threshold: 0,
      expected_record_count_min: 10,
      max_shrink: 0.1,
      max_rescued_share: 0.2,
      optional_columns: ['marketing_end'],
      rules: [{ name: 'not_null_ndc', table: 'products', severity: 'warn', max_share: 0.5, not_null: 'ndc' }],
    },
    schedule: { expression: 'cron(0 6 * * ? *)', flexible_minutes: 0, timezone: 'Europe/Berlin', enabled: false },
    freshness: { max_age_hours: 26 },
    glue_version: '5.0',
    worker_type: 'G.2X',
    number_of_workers: 7,
    auto_scaling: false,
    flex: true,
    timeout_minutes: 180,
    max_retries: 0,
  });
});

test('the stack of a dataset depends on the stack of its core', () => {
  const { app, core, stack } = LAYOUTS[1].lake(ENV);
  bronze({ stack, core });
  expect(app.synth().getStackArtifact(stack.artifactId).dependencies.map(({ id }) => id)).toContain('Core');
});

test('in one stack, a dataset depends on the shared resources it names, and its scripts on the bucket', () => {
  const where = LAYOUTS[0].lake(ENV);
  bronze(where, { schedule: Schedule.cron('0 6 * * ? *') });
  const inCore = (type: string) =>
    resources(where.stack, type)
      .filter(({ id }) => id.startsWith('Core'))
      .map(({ id }) => id);
  const roles = inCore('AWS::IAM::Role').filter(id => /GlueRole|SchedulerRole/.test(id));
  expect(roles).toHaveLength(2);
  const dependencies = (type: string) => resource(where.stack, type).DependsOn;
  const deployment = resource(where.stack, 'Custom::CDKBucketDeployment');
  expect(dependencies('AWS::Glue::Job')).toEqual(expect.arrayContaining([deployment.id, ...roles]));
  expect(dependencies('AWS::Glue::Crawler')).toEqual(
    expect.arrayContaining([...roles, inCore('AWS::Glue::Database')[0]]),
  );
  expect(dependencies('AWS::Scheduler::Schedule')).toEqual(expect.arrayContaining([
    ...inCore('AWS::Scheduler::ScheduleGroup'), ...roles, resource(where.stack, 'AWS::Glue::Job').id,
  ]));
  expect(deployment.DependsOn).toEqual(
    expect.arrayContaining([...inCore('AWS::S3::Bucket'), ...inCore('AWS::S3::BucketPolicy')]),
  );
});

test('a dataset can be in a nested stack', () => {
  const { app, core, stack } = LAYOUTS[0].lake(ENV);
  bronze({ core, stack: new NestedStack(stack, 'Nested') });
  expect(() => app.synth()).not.toThrow();
});

test('a dataset can use a core in another stage', () => {
  const app = new App();
  const core = new EtlCore(new Stack(new Stage(app, 'Base'), 'Core', { env: ENV }), 'Core', {
    resourcePrefix: 'pp-dw',
  });
  const stack = new Stack(new Stage(app, 'Data'), 'Lake', { env: ENV });
  bronze({ core, stack });
  expect(() => app.synth()).not.toThrow();
});

test.each([
  [
    'account',
    { ...ENV, account: '210987654321' },
    'ENVIRONMENT_MISMATCH: Elsewhere/Bronze: the dataset is in the account 210987654321, and its core "Core/Core" is '
      + 'in 123456789012. Deploy both to the same environment',
  ],
  [
    'region',
    { ...ENV, region: 'us-east-1' },
    'ENVIRONMENT_MISMATCH: Elsewhere/Bronze: the dataset is in the region us-east-1, and its core "Core/Core" is in '
      + 'eu-central-1. Deploy both to the same environment',
  ],
])('a dataset in another %s than its core is an error', (_, env, message) => {
  const { app, core } = LAYOUTS[1].lake(ENV);
  expect(() => bronze({ core, stack: new Stack(app, 'Elsewhere', { env }) }, {})).toThrow(
    message,
  );
});

test('a token as the name of a dataset is an error, because its tables are fixed at synth', () => {
  const where = LAYOUTS[0].lake();
  expect(() => bronze(where, { dataset: new CfnParameter(where.stack, 'Name').valueAsString })).toThrow(
    'TOKEN_NOT_ALLOWED: Lake/Bronze: the name of the dataset is only known at deployment. Tables and folders are '
      + 'named at synth: write the name in the code.',
  );
});

test('the job refers to a role that is created in the same stack', () => {
  const where = LAYOUTS[2].lake(ENV);
  const role = new Role(where.stack, 'OwnRole', { assumedBy: new ServicePrincipal('glue.amazonaws.com') });
  bronze(where, { role });
  expect(resource(where.stack, 'AWS::Glue::Job').Properties.Role).toEqual({
    'Fn::GetAtt': [expect.stringMatching(/^OwnRole/), 'Arn'],
  });
});

test('300 dataset stacks do not change the template of their core', () => {
  const templateOfCore = (datasets: number) => {
    const app = new App();
    const coreStack = new Stack(app, 'Core');
    const core = new EtlCore(coreStack, 'Core', {
      resourcePrefix: 'pp-dw',
      metrics: true,
      alerts: { emails: ['on-call@example.org'] },
    });
    for (let index = 0; index < datasets; index++) {
      bronze(
        { core, stack: new Stack(app, `Dataset${index}`) },
        { dataset: `dataset-${index}`, schedule: Schedule.cron('0 6 * * ? *') },
      );
    }
    return app.synth().getStackArtifact(coreStack.artifactId).template;
  };
  expect(templateOfCore(300)).toEqual(templateOfCore(0));
});

test('a stack with a template close to the limit of 1 MB has a warning', () => {
  const { core, stack } = LAYOUTS[2].lake(ENV);
  for (let index = 0; index < 5; index++) {
    const fileTableMapping = Object.fromEntries(
      Array.from({ length: 900 }, (_, table) => [`${table}.csv`, `table_${table}`]),
    );
    bronze({ core, stack }, { dataset: `dataset-${index}`, fileTableMapping }, `Dataset${index}`);
  }
  Annotations.fromStack(stack).hasWarning(
    '*',
    Match.stringLikeRegexp('Template size (is approaching|exceeds) limit: .*Split resources into multiple stacks'),
  );
});

test('job arguments that are too large for AWS Glue are an error', () => {
  const where = LAYOUTS[2].lake(ENV);
  const fileTableMapping = Object.fromEntries(
    Array.from({ length: 2000 }, (_, table) => [`${table}.csv`, `table_${table}`]),
  );
  expect(() => bronze(where, { fileTableMapping })).toThrow(
    /^JOB_ARGUMENTS_TOO_LARGE: Lake\/Bronze: the names of 2000 tables require \d+ bytes of job arguments; the maximum is 200000\. Split the dataset into several datasets\.$/,
  );
});

test('a bronze dataset is a BronzeDataset', () => {
  expect(bronze(LAYOUTS[0].lake())).toBeInstanceOf(BronzeDataset);
});
