/**
 * The expected resources of the lake in `integ/stacks/lake.ts`. Written by hand: the library does not compute them.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { Expectation } from './check';
import { ACCOUNT, REGION } from './emulator';
import { etlRuntimePackage } from '../../src/private/scripts/job-package';

const BUCKET = `medallion-integ-${ACCOUNT}`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/medallion-integ-glue-role`;
const SCHEDULER_ROLE = `arn:aws:iam::${ACCOUNT}:role/medallion-integ-scheduler-role`;
const TOPIC = `arn:aws:sns:${REGION}:${ACCOUNT}:medallion-integ-alerts`;
const s3 = (key: string) => `s3://${BUCKET}/${key}`;

const LAYERS = ['bronze', 'silver', 'gold'];

/** The shared Python package. Its file name contains a hash of its content. */
const RUNTIME = etlRuntimePackage();
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const script = (name: string) =>
  sha256(fs.readFileSync(path.join(__dirname, '..', '..', 'glue-templates', 'jobs', name)));

interface JobSize {
  readonly workers: number;
  readonly minutes: number;
  readonly autoScaling: boolean;
}

/** The job arguments for a size, in the order in which the stack sets them. */
function ofSize({ workers, minutes, autoScaling }: JobSize): object {
  return { timeout_minutes: minutes, auto_scaling: autoScaling, number_of_workers: workers, dpu_per_worker: 1 };
}

/** A job, with the settings that all jobs have in common. */
function job(layer: string, dataset: string, size: JobSize, names: object): Expectation {
  return {
    what: `job medallion-integ-${layer}-${dataset}`,
    type: 'AWS::Glue::Job',
    call: ['glue', 'get_job', { JobName: `medallion-integ-${layer}-${dataset}` }],
    of: ({ Job }) => ({
      ...Job,
      DefaultArguments: {
        ...Job.DefaultArguments,
        '--names': Job.DefaultArguments['--names'].replace(/("definition":)"[0-9a-f]{32}"/, '$1"a hash"'),
      },
    }),
    is: {
      Role: ROLE,
      Command: { Name: 'glueetl', PythonVersion: '3', ScriptLocation: s3(`etl/${dataset}/glue/${layer}_job.py`) },
      GlueVersion: '5.0',
      WorkerType: 'G.1X',
      NumberOfWorkers: size.workers,
      Timeout: size.minutes,
      MaxRetries: 1,
      ExecutionProperty: { MaxConcurrentRuns: 1 },
      DefaultArguments: {
        ...size.autoScaling && { '--enable-auto-scaling': 'true' },
        '--dataset_config': s3(`etl/${dataset}/glue/${layer}.json`),
        '--names': JSON.stringify(names),
        '--run_options': '{}',
        '--extra-py-files': s3(`etl/${dataset}/glue/${RUNTIME.fileName}`),
        '--TempDir': s3(`staging/${layer}/${dataset}/temp/`),
        '--custom-logGroup-prefix': '/aws-glue/medallion-integ',
      },
    },
  };
}

const SMALL: JobSize = { workers: 2, minutes: 30, autoScaling: false };
const MEDIUM: JobSize = { workers: 5, minutes: 60, autoScaling: true };

const zipcodesJob = (size: JobSize) => job('bronze', 'zipcodes', size, {
  layer: 'bronze',
  dataset: 'zipcodes',
  bucket: BUCKET,
  job: 'medallion-integ-bronze-zipcodes',
  crawler: 'medallion-integ-bronze-zipcodes-crawler',
  database: 'medallion_integ_bronze',
  raw: s3('raw/zipcodes/'),
  staging: s3('staging/bronze/zipcodes/'),
  runs: s3('etl/zipcodes/runs/bronze/'),
  tables: { zipcodes: { name: 'zipcodes', location: s3('bronze/zipcodes/') } },
  ...ofSize(size),
  event_source: 'medallion.medallion-integ',
  metrics_namespace: 'medallion-integ',
});

const FDA_CDER_JOB = job('bronze', 'fda-cder', MEDIUM, {
  layer: 'bronze',
  dataset: 'fda-cder',
  bucket: BUCKET,
  job: 'medallion-integ-bronze-fda-cder',
  crawler: 'medallion-integ-bronze-fda-cder-crawler',
  database: 'medallion_integ_bronze',
  raw: s3('raw/fda-cder/'),
  staging: s3('staging/bronze/fda-cder/'),
  runs: s3('etl/fda-cder/runs/bronze/'),
  tables: {
    products: { name: 'fda_cder_products', location: s3('bronze/fda-cder/products/') },
    packages: { name: 'fda_cder_packages', location: s3('bronze/fda-cder/packages/') },
  },
  ...ofSize(MEDIUM),
  event_source: 'medallion.medallion-integ',
  metrics_namespace: 'medallion-integ',
});

const AIRPORTS_JOB = job('bronze', 'airports', SMALL, {
  layer: 'bronze',
  dataset: 'airports',
  bucket: BUCKET,
  job: 'medallion-integ-bronze-airports',
  crawler: 'medallion-integ-bronze-airports-crawler',
  database: 'medallion_integ_bronze',
  raw: s3('raw/airports/'),
  staging: s3('staging/bronze/airports/'),
  runs: s3('etl/airports/runs/bronze/'),
  tables: { airports: { name: 'airports', location: s3('bronze/airports/') } },
  ...ofSize(SMALL),
  event_source: 'medallion.medallion-integ',
  metrics_namespace: 'medallion-integ',
});

const GOLD_JOBS = [
  job('gold', 'states', SMALL, {
    layer: 'gold',
    dataset: 'states',
    bucket: BUCKET,
    job: 'medallion-integ-gold-states',
    crawler: 'medallion-integ-gold-states-crawler',
    database: 'medallion_integ_gold',
    inputs: [{ dataset: 'bronze/zipcodes', database: 'medallion_integ_bronze', runs: s3('etl/zipcodes/runs/bronze/') }],
    sql: s3('etl/states/glue/gold.sql'),
    staging: s3('staging/gold/states/'),
    runs: s3('etl/states/runs/gold/'),
    tables: { states: { name: 'states', location: s3('gold/states/') } },
    ...ofSize(SMALL),
    definition: 'a hash',
    event_source: 'medallion.medallion-integ',
    metrics_namespace: 'medallion-integ',
  }),
  job('gold', 'states-history', SMALL, {
    layer: 'gold',
    dataset: 'states-history',
    bucket: BUCKET,
    job: 'medallion-integ-gold-states-history',
    crawler: 'medallion-integ-gold-states-history-crawler',
    database: 'medallion_integ_gold',
    inputs: [{ dataset: 'gold/states', database: 'medallion_integ_gold', runs: s3('etl/states/runs/gold/') }],
    sql: s3('etl/states-history/glue/gold.sql'),
    staging: s3('staging/gold/states-history/'),
    runs: s3('etl/states-history/runs/gold/'),
    tables: { states_history: { name: 'states_history', location: s3('gold/states-history/') } },
    ...ofSize(SMALL),
    definition: 'a hash',
    event_source: 'medallion.medallion-integ',
    metrics_namespace: 'medallion-integ',
  }),
];

function crawler(layer: string, dataset: string, paths: string[], additional: object = {}): Expectation {
  return {
    what: `crawler medallion-integ-${layer}-${dataset}-crawler`,
    type: 'AWS::Glue::Crawler',
    call: ['glue', 'get_crawler', { Name: `medallion-integ-${layer}-${dataset}-crawler` }],
    of: ({ Crawler }) => ({
      ...Crawler,
      Targets: Crawler.Targets.S3Targets.map(({ Path }: any) => Path),
      Configuration: JSON.parse(Crawler.Configuration),
      Schedule: Crawler.Schedule?.ScheduleExpression,
    }),
    is: {
      Role: ROLE,
      DatabaseName: `medallion_integ_${layer}`,
      Targets: paths.map(s3),
      Configuration: { Version: 1, Grouping: { TableGroupingPolicy: 'CombineCompatibleSchemas' } },
      SchemaChangePolicy: { UpdateBehavior: 'UPDATE_IN_DATABASE', DeleteBehavior: 'LOG' },
      RecrawlPolicy: { RecrawlBehavior: 'CRAWL_EVERYTHING' },
      Schedule: undefined,
      ...additional,
    },
  };
}

function schedule(name: string, expression: string, timezone: string, window: object): Expectation {
  return {
    what: `schedule ${name}`,
    type: 'AWS::Scheduler::Schedule',
    call: ['scheduler', 'get_schedule', { Name: name, GroupName: 'medallion-integ' }],
    is: {
      GroupName: 'medallion-integ',
      ScheduleExpression: expression,
      ScheduleExpressionTimezone: timezone,
      State: 'DISABLED',
      FlexibleTimeWindow: window,
      Target: {
        Arn: 'arn:aws:scheduler:::aws-sdk:glue:startJobRun',
        RoleArn: SCHEDULER_ROLE,
        Input: JSON.stringify({ JobName: name }),
        RetryPolicy: { MaximumRetryAttempts: 5, MaximumEventAgeInSeconds: 3600 },
      },
    },
  };
}

/** A role with its trust policy. `policy` checks its permissions. */
function role(name: string, trust: object): Expectation {
  return {
    what: `role ${name}`,
    type: 'AWS::IAM::Role',
    call: ['iam', 'get_role', { RoleName: name }],
    of: ({ Role }) => ({ Trust: Role.AssumeRolePolicyDocument.Statement }),
    is: { Trust: [{ Action: 'sts:AssumeRole', Effect: 'Allow', ...trust }] },
  };
}

function policy(roleName: string, name: string, statements: object[]): Expectation {
  return {
    what: `policy ${name} of ${roleName}`,
    type: 'AWS::IAM::Role',
    call: ['iam', 'get_role_policy', { RoleName: roleName, PolicyName: name }],
    of: ({ PolicyDocument }) => ({ Statement: PolicyDocument.Statement }),
    is: { Statement: statements.map(statement => ({ Effect: 'Allow', ...statement })) },
  };
}

const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const objects = (prefix: string) => `arn:aws:s3:::${BUCKET}/${prefix}`;

const ROLES: Expectation[] = [
  role('medallion-integ-glue-role', { Principal: { Service: 'glue.amazonaws.com' } }),
  {
    what: 'policies of medallion-integ-glue-role',
    type: 'AWS::IAM::Role',
    call: ['iam', 'list_role_policies', { RoleName: 'medallion-integ-glue-role' }],
    of: ({ PolicyNames }) => ({ PolicyNames: [...PolicyNames].sort() }),
    is: { PolicyNames: ['bucket', 'catalog', 'events', 'logs', 'metrics'] },
  },
  {
    what: 'managed policies of medallion-integ-glue-role',
    type: 'AWS::IAM::Role',
    call: ['iam', 'list_attached_role_policies', { RoleName: 'medallion-integ-glue-role' }],
    is: { AttachedPolicies: [] },
  },
  policy('medallion-integ-glue-role', 'bucket', [
    {
      Action: 's3:ListBucket',
      Resource: `arn:aws:s3:::${BUCKET}`,
      Condition: { StringLike: { 's3:prefix': ['raw/*', 'bronze/*', 'silver/*', 'gold/*', 'staging/*', 'etl/*'] } },
    },
    {
      Action: [
        's3:GetObject',
        's3:GetObjectVersion',
        's3:PutObject',
        's3:DeleteObject',
        's3:AbortMultipartUpload',
        's3:ListMultipartUploadParts',
      ],
      Resource: ['raw/*', 'bronze/*', 'silver/*', 'gold/*', 'staging/*'].map(objects),
    },
    { Action: ['s3:GetObjectTagging', 's3:PutObjectTagging', 's3:DeleteObjectTagging'], Resource: objects('raw/*') },
    { Action: 's3:GetObject', Resource: objects('etl/*') },
    { Action: ['s3:PutObject', 's3:DeleteObject'], Resource: objects('etl/*/runs/*') },
    { Action: 's3:GetBucketLocation', Resource: `arn:aws:s3:::${BUCKET}` },
  ]),
  policy('medallion-integ-glue-role', 'catalog', [
    {
      Action: [
        'glue:GetDatabase',
        'glue:GetTable',
        'glue:GetTables',
        'glue:CreateTable',
        'glue:UpdateTable',
        'glue:GetPartition',
        'glue:GetPartitions',
        'glue:BatchGetPartition',
        'glue:CreatePartition',
        'glue:BatchCreatePartition',
        'glue:UpdatePartition',
        'glue:BatchUpdatePartition',
      ],
      Resource: [
        'catalog',
        'database/medallion_integ_bronze',
        'database/medallion_integ_silver',
        'database/medallion_integ_gold',
        'table/medallion_integ_bronze/*',
        'table/medallion_integ_silver/*',
        'table/medallion_integ_gold/*',
      ].map(resource => arn('glue', resource)),
    },
  ]),
  policy('medallion-integ-glue-role', 'logs', [
    {
      Action: ['logs:CreateLogGroup', 'logs:CreateLogStream'],
      Resource: ['/aws-glue/medallion-integ/error', '/aws-glue/medallion-integ/output', '/aws-glue/crawlers'].flatMap(
        name => [arn('logs', `log-group:${name}`), arn('logs', `log-group:${name}:*`)],
      ),
    },
    {
      Action: 'logs:PutLogEvents',
      Resource: [
        '/aws-glue/medallion-integ/error:*',
        '/aws-glue/medallion-integ/output:*',
      ].map(name => arn('logs', `log-group:${name}`)),
    },
    {
      Action: 'logs:PutLogEvents',
      Resource: [
        '/aws-glue/crawlers:log-stream:medallion-integ-bronze-*',
        '/aws-glue/crawlers:log-stream:medallion-integ-silver-*',
        '/aws-glue/crawlers:log-stream:medallion-integ-gold-*',
      ].map(name => arn('logs', `log-group:${name}`)),
    },
  ]),
  policy('medallion-integ-glue-role', 'events', [
    {
      Action: 'events:PutEvents',
      Resource: arn('events', 'event-bus/default'),
      Condition: {
        'ForAllValues:StringEquals': {
          'events:source': ['medallion.medallion-integ'], 'events:detail-type': ['Run Warnings'],
        },
        'Null': { 'events:source': 'false', 'events:detail-type': 'false' },
      },
    },
  ]),
  policy('medallion-integ-glue-role', 'metrics', [
    {
      Action: 'cloudwatch:PutMetricData',
      Resource: '*',
      Condition: { StringEquals: { 'cloudwatch:namespace': 'medallion-integ' } },
    },
  ]),
  role('medallion-integ-scheduler-role', {
    Principal: { Service: 'scheduler.amazonaws.com' },
    Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
  }),
  policy('medallion-integ-scheduler-role', 'jobs', [
    {
      Action: 'glue:StartJobRun',
      Resource: LAYERS.map(layer => arn('glue', `job/medallion-integ-${layer}-*`)),
    },
  ]),
];

const BUCKET_PROTECTION: Expectation[] = [
  {
    what: 'bucket: public access',
    type: 'AWS::S3::Bucket',
    call: ['s3', 'get_public_access_block', { Bucket: BUCKET }],
    of: ({ PublicAccessBlockConfiguration }) => PublicAccessBlockConfiguration,
    is: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
  },
  {
    what: 'bucket: versioning',
    type: 'AWS::S3::Bucket',
    call: ['s3', 'get_bucket_versioning', { Bucket: BUCKET }],
    is: { Status: 'Enabled' },
  },
  {
    what: 'bucket: policy',
    type: 'AWS::S3::BucketPolicy',
    call: ['s3', 'get_bucket_policy', { Bucket: BUCKET }],
    of: ({ Policy }) => JSON.parse(Policy),
    is: {
      Statement: [
        {
          Action: 's3:*',
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Resource: [`arn:aws:s3:::${BUCKET}`, objects('*')],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    },
  },
  {
    what: 'bucket: encryption',
    type: 'AWS::S3::Bucket',
    call: ['s3', 'get_bucket_encryption', { Bucket: BUCKET }],
    of: ({ ServerSideEncryptionConfiguration: { Rules } }) => ({
      BucketEncryption: Rules[0].ApplyServerSideEncryptionByDefault,
    }),
    is: { BucketEncryption: { SSEAlgorithm: 'AES256' } },
  },
  {
    what: 'bucket: lifecycle',
    type: 'AWS::S3::Bucket',
    call: ['s3', 'get_bucket_lifecycle_configuration', { Bucket: BUCKET }],
    of: ({ Rules }) => ({ LifecycleConfiguration: Rules.map(({ ID }: any) => ID) }),
    is: {
      LifecycleConfiguration: [
        'incomplete-uploads-and-noncurrent-versions', 'staging', 'superseded-raw-runs', 'athena-results',
      ],
    },
  },
];

/** Tags of the app. */
export const TAGS = { team: 'data' };

const TAGS_OF: Expectation[] = [
  {
    what: 'bucket: tags',
    type: 'AWS::S3::Bucket',
    call: ['s3', 'get_bucket_tagging', { Bucket: BUCKET }],
    of: ({ TagSet }) => ({ Tags: TagSet }),
    is: { Tags: [{ Key: 'medallion:lake', Value: 'medallion-integ' }, { Key: 'team', Value: 'data' }] },
  },
  {
    what: 'job medallion-integ-gold-states: tags',
    type: 'AWS::Glue::Job',
    call: ['glue', 'get_tags', { ResourceArn: `arn:aws:glue:${REGION}:${ACCOUNT}:job/medallion-integ-gold-states` }],
    is: {
      Tags: {
        ...TAGS,
        'medallion:lake': 'medallion-integ',
        'medallion:layer': 'gold',
        'medallion:dataset': 'states',
      },
    },
  },
];

const DATABASES: Expectation[] = LAYERS.map(layer => ({
  what: `database medallion_integ_${layer}`,
  type: 'AWS::Glue::Database',
  call: ['glue', 'get_database', { Name: `medallion_integ_${layer}` }],
  of: ({ Database }) => Database,
  is: { LocationUri: s3(`${layer}/`) },
}));

const CORE: Expectation[] = [
  {
    what: 'workgroup medallion-integ',
    type: 'AWS::Athena::WorkGroup',
    call: ['athena', 'get_work_group', { WorkGroup: 'medallion-integ' }],
    of: ({ WorkGroup }) => WorkGroup.Configuration,
    is: {
      EnforceWorkGroupConfiguration: true,
      BytesScannedCutoffPerQuery: 100 * 1024 ** 3,
      PublishCloudWatchMetricsEnabled: true,
      ResultConfiguration: { OutputLocation: s3('athena/'), EncryptionConfiguration: { EncryptionOption: 'SSE_S3' } },
    },
  },
  {
    what: 'schedule group medallion-integ',
    type: 'AWS::Scheduler::ScheduleGroup',
    call: ['scheduler', 'get_schedule_group', { Name: 'medallion-integ' }],
    is: { State: 'ACTIVE' },
  },
  ...['error', 'output'].map((stream): Expectation => ({
    what: `log group /aws-glue/medallion-integ/${stream}`,
    type: 'AWS::Logs::LogGroup',
    call: ['logs', 'describe_log_groups', { logGroupNamePrefix: `/aws-glue/medallion-integ/${stream}` }],
    of: ({ logGroups }) => logGroups[0],
    is: { logGroupName: `/aws-glue/medallion-integ/${stream}`, retentionInDays: 30 },
  })),
  {
    what: 'topic medallion-integ-alerts',
    type: 'AWS::SNS::Topic',
    call: ['sns', 'get_topic_attributes', { TopicArn: TOPIC }],
    of: ({ Attributes }) => ({
      DisplayName: Attributes.DisplayName,
      Policy: JSON.parse(Attributes.Policy).Statement.map(
        ({ Effect, Principal }: any) => `${Effect} ${Principal.Service ?? Principal.AWS ?? Principal}`,
      ),
    }),
    is: {
      DisplayName: 'medallion-integ-alerts',
      Policy: ['Deny *', 'Allow cloudwatch.amazonaws.com'],
    },
  },
  {
    what: 'subscription of medallion-integ-alerts',
    type: 'AWS::SNS::Subscription',
    call: ['sns', 'list_subscriptions_by_topic', { TopicArn: TOPIC }],
    of: ({ Subscriptions }) => Subscriptions[0],
    is: { Protocol: 'email', Endpoint: 'on-call@example.org' },
  },
  ...[
    ['dataset', 'medallion-integ-dataset-role'],
    ['alerts', 'medallion-integ-alerts-role'],
  ].map(([name, roleName]): Expectation => stateMachine(name, roleName)),
  rule('medallion-integ-job-alerts', {
    'source': ['aws.glue'],
    'detail-type': ['Glue Job State Change'],
    'detail': {
      jobName: LAYERS.map(layer => ({ prefix: `medallion-integ-${layer}-` })),
      $or: [{ state: ['FAILED'], jobRunId: [{ suffix: '_attempt_1' }] }, { state: ['TIMEOUT', 'STOPPED', 'ERROR'] }],
    },
  }),
  target('medallion-integ-job-alerts'),
  rule('medallion-integ-crawler-alerts', {
    'source': ['aws.glue'],
    'detail-type': ['Glue Crawler State Change'],
    'detail': {
      crawlerName: LAYERS.map(layer => ({ prefix: `medallion-integ-${layer}-` })),
      state: ['Failed'],
    },
  }),
  target('medallion-integ-crawler-alerts'),
  rule('medallion-integ-warning-alerts', {
    'source': ['medallion.medallion-integ'],
    'detail-type': ['Run Warnings'],
  }),
  target('medallion-integ-warning-alerts'),
  {
    what: 'alarm medallion-integ-dropped-schedules',
    type: 'AWS::CloudWatch::Alarm',
    call: ['cloudwatch', 'describe_alarms', { AlarmNames: ['medallion-integ-dropped-schedules'] }],
    of: ({ MetricAlarms }) => MetricAlarms[0],
    is: {
      Namespace: 'AWS/Scheduler',
      MetricName: 'InvocationDroppedCount',
      Dimensions: [{ Name: 'ScheduleGroup', Value: 'medallion-integ' }],
      Threshold: 1,
      TreatMissingData: 'notBreaching',
      AlarmActions: [TOPIC],
    },
  },
];

/** A standard state machine of the lake. The executions of the pipeline check its definition. */
function stateMachine(name: string, roleName: string): Expectation {
  return {
    what: `state machine medallion-integ-${name}`,
    type: 'AWS::StepFunctions::StateMachine',
    call: [
      'stepfunctions', 'describe_state_machine',
      { stateMachineArn: arn('states', `stateMachine:medallion-integ-${name}`) },
    ],
    is: { type: 'STANDARD', status: 'ACTIVE', roleArn: `arn:aws:iam::${ACCOUNT}:role/${roleName}` },
  };
}

function rule(name: string, pattern: object): Expectation {
  return {
    what: `rule ${name}`,
    type: 'AWS::Events::Rule',
    call: ['events', 'describe_rule', { Name: name }],
    of: ({ EventPattern, State }) => ({ EventPattern: JSON.parse(EventPattern), State }),
    is: { EventPattern: pattern, State: 'ENABLED' },
  };
}

function target(name: string): Expectation {
  return {
    what: `target of ${name}`,
    type: 'AWS::Events::Rule',
    call: ['events', 'list_targets_by_rule', { Rule: name }],
    of: ({ Targets }) => ({ Arn: Targets[0].Arn, RoleArn: Targets[0].RoleArn }),
    is: {
      Arn: arn('states', 'stateMachine:medallion-integ-alerts'),
      RoleArn: `arn:aws:iam::${ACCOUNT}:role/medallion-integ-events-role`,
    },
  };
}

/** All keys with a prefix. No other keys may exist. */
function keys(prefix: string, is: string[]): Expectation {
  return {
    what: `objects with the prefix "${prefix}"`,
    type: 'object',
    call: ['s3', 'list_objects_v2', { Bucket: BUCKET, Prefix: prefix }],
    of: ({ Contents }) => ({ Key: Contents.map((object: any) => object.Key).sort() }),
    is: { Key: [...is].sort() },
  };
}

/** An object whose content has this SHA-256 hash. */
function content(key: string, hash: string): Expectation {
  return {
    what: `object ${key}`,
    type: 'object',
    call: ['s3', 'get_object', { Bucket: BUCKET, Key: key }],
    of: ({ Body }) => Body,
    is: { sha256: hash },
  };
}

function document(key: string, is: object): Expectation {
  return {
    what: `object ${key}`,
    type: 'object',
    call: ['s3', 'get_object', { Bucket: BUCKET, Key: key }],
    of: ({ Body }) => JSON.parse(Body.text),
    is: { ...is },
  };
}

const bronzeScripts = (dataset: string) =>
  ['bronze.json', 'bronze_job.py', RUNTIME.fileName].map(name => `etl/${dataset}/glue/${name}`);
const goldScripts = (dataset: string) =>
  ['gold.json', 'gold_job.py', 'gold.sql', RUNTIME.fileName].map(name => `etl/${dataset}/glue/${name}`);

const ZIPCODES_CRAWLER = crawler('bronze', 'zipcodes', ['bronze/zipcodes/'], {
  Description: 'US ZIP codes with their places',
});
const FDA_CDER_CRAWLER = crawler('bronze', 'fda-cder', ['bronze/fda-cder/products/', 'bronze/fda-cder/packages/'], {
  TablePrefix: 'fda_cder_',
});
const GOLD_CRAWLERS = [
  crawler('gold', 'states', ['gold/states/']),
  crawler('gold', 'states-history', ['gold/states-history/']),
];
const ZIPCODES_SCHEDULE = schedule('medallion-integ-bronze-zipcodes', 'cron(0 6 * * ? *)', 'America/New_York', {
  Mode: 'FLEXIBLE',
  MaximumWindowInMinutes: 10,
});
const FDA_CDER_SCHEDULE = schedule('medallion-integ-bronze-fda-cder', 'rate(1 day)', 'UTC', {
  Mode: 'FLEXIBLE',
  MaximumWindowInMinutes: 10,
});
const STATES_SCHEDULE = schedule('medallion-integ-gold-states', 'cron(0 7 * * ? *)', 'America/New_York', {
  Mode: 'OFF',
});

/** The expectations after the first deployment. */
export const DEPLOYED: Expectation[] = [
  ...BUCKET_PROTECTION,
  ...TAGS_OF,
  ...DATABASES,
  ...CORE,
  ...ROLES,
  stateMachine('daily', 'medallion-integ-daily-role'),
  zipcodesJob(SMALL),
  FDA_CDER_JOB,
  ...GOLD_JOBS,
  ZIPCODES_CRAWLER,
  FDA_CDER_CRAWLER,
  ...GOLD_CRAWLERS,
  ZIPCODES_SCHEDULE,
  FDA_CDER_SCHEDULE,
  STATES_SCHEDULE,
  absent(
    'schedule medallion-integ-gold-states-history (it has none)',
    ['scheduler', 'get_schedule', { Name: 'medallion-integ-gold-states-history', GroupName: 'medallion-integ' }],
    'ResourceNotFoundException',
  ),
  keys('', [
    ...bronzeScripts('zipcodes'),
    ...bronzeScripts('fda-cder'),
    ...goldScripts('states'),
    ...goldScripts('states-history'),
  ]),
  content('etl/zipcodes/glue/bronze_job.py', script('bronze_job.py')),
  content('etl/states-history/glue/gold_job.py', script('gold_job.py')),
  content(`etl/zipcodes/glue/${RUNTIME.fileName}`, sha256(RUNTIME.bytes)),
  content('etl/states-history/glue/gold.sql', sha256(Buffer.from('SELECT * FROM medallion_integ_gold.states'))),
  document('etl/fda-cder/glue/bronze.json', {
    dataset: 'fda-cder',
    data_size_category: 'medium',
    source_url: 'https://example.org/cder.zip',
    file_format: { type: 'csv', delimiter: '|', encoding: 'cp1252' },
    file_table_mapping: { 'Products*.txt': 'products', 'Packages.txt': 'packages' },
  }),
  document('etl/states-history/glue/gold.json', {
    dataset: 'states-history',
    data_size_category: 'small',
    source_datasets: ['gold/states'],
    sql: 'query.sql',
    history: { business_key: ['state'] },
  }),
];

const DATA = 'bronze/fda-cder/products/fda_cder_products.parquet';

/** Creates the results of a job run and a crawl, which must remain when the dataset is deleted. */
export const PUBLISHED: [service: string, operation: string, parameters: object][] = [
  ['s3', 'put_object', { Bucket: BUCKET, Key: DATA, Body: 'rows' }],
  ['s3', 'put_object', { Bucket: BUCKET, Key: 'etl/fda-cder/runs/bronze/published.json', Body: '{}' }],
  ['glue', 'create_table', {
    DatabaseName: 'medallion_integ_bronze',
    TableInput: { Name: 'fda_cder_products', StorageDescriptor: { Location: s3('bronze/fda-cder/products/') } },
  }],
];

const DATA_IS_RETAINED: Expectation[] = [
  content(DATA, sha256(Buffer.from('rows'))),
  content('etl/fda-cder/runs/bronze/published.json', sha256(Buffer.from('{}'))),
  {
    what: 'table medallion_integ_bronze.fda_cder_products',
    type: 'table',
    call: ['glue', 'get_table', { DatabaseName: 'medallion_integ_bronze', Name: 'fda_cder_products' }],
    of: ({ Table }) => ({ Location: Table.StorageDescriptor.Location }),
    is: { Location: s3('bronze/fda-cder/products/') },
  },
];

/** A resource that must not exist. */
function absent(what: string, call: Expectation['call'], error: string): Expectation {
  return { what, type: 'absent', call, is: error };
}

/** A job, a crawler and a schedule that must not exist. */
function noJob(layer: string, dataset: string): Expectation[] {
  const name = `medallion-integ-${layer}-${dataset}`;
  return [
    absent(`job ${name}`, ['glue', 'get_job', { JobName: name }], 'EntityNotFoundException'),
    absent(`crawler ${name}-crawler`, ['glue', 'get_crawler', { Name: `${name}-crawler` }], 'EntityNotFoundException'),
    absent(
      `schedule ${name}`,
      ['scheduler', 'get_schedule', { Name: name, GroupName: 'medallion-integ' }],
      'ResourceNotFoundException',
    ),
  ];
}

/** The expectations after an update: zipcodes has a larger size, airports is new, and fda-cder is deleted. */
export const UPDATED: Expectation[] = [
  zipcodesJob(MEDIUM), ZIPCODES_CRAWLER, ZIPCODES_SCHEDULE,
  AIRPORTS_JOB, crawler('bronze', 'airports', ['bronze/airports/']),
  keys('etl/airports/', bronzeScripts('airports')),
  ...GOLD_JOBS, ...GOLD_CRAWLERS, STATES_SCHEDULE,
  ...noJob('bronze', 'fda-cder'),
  // Scripts are retained as well, because a job run in progress may still read them.
  keys('etl/fda-cder/', [...bronzeScripts('fda-cder'), 'etl/fda-cder/runs/bronze/published.json']),
  ...DATA_IS_RETAINED,
  ...BUCKET_PROTECTION,
];

/** The expectations after `cdk destroy`. */
export const DESTROYED: Expectation[] = [
  ...BUCKET_PROTECTION,
  ...DATABASES,
  ...DATA_IS_RETAINED,
  ...[
    ['bronze', 'zipcodes'],
    ['bronze', 'airports'],
    ['bronze', 'fda-cder'],
    ['gold', 'states'],
    ['gold', 'states-history'],
  ].flatMap(([layer, dataset]) => noJob(layer, dataset)),
  absent(
    'role medallion-integ-glue-role',
    ['iam', 'get_role', { RoleName: 'medallion-integ-glue-role' }],
    'NoSuchEntity',
  ),
  absent(
    'role medallion-integ-scheduler-role',
    ['iam', 'get_role', { RoleName: 'medallion-integ-scheduler-role' }],
    'NoSuchEntity',
  ),
  absent(
    'workgroup medallion-integ',
    ['athena', 'get_work_group', { WorkGroup: 'medallion-integ' }],
    'InvalidRequestException',
  ),
  absent(
    'schedule group medallion-integ',
    ['scheduler', 'get_schedule_group', { Name: 'medallion-integ' }],
    'ResourceNotFoundException',
  ),
  ...['dataset', 'alerts', 'daily'].map(name => absent(
    `state machine medallion-integ-${name}`,
    [
      'stepfunctions', 'describe_state_machine',
      { stateMachineArn: arn('states', `stateMachine:medallion-integ-${name}`) },
    ],
    'StateMachineDoesNotExist',
  )),
  absent('topic medallion-integ-alerts', ['sns', 'get_topic_attributes', { TopicArn: TOPIC }], 'NotFound'),
  absent(
    'rule medallion-integ-job-alerts',
    ['events', 'describe_rule', { Name: 'medallion-integ-job-alerts' }],
    'ResourceNotFoundException',
  ),
  absent(
    'rule medallion-integ-crawler-alerts',
    ['events', 'describe_rule', { Name: 'medallion-integ-crawler-alerts' }],
    'ResourceNotFoundException',
  ),
  absent(
    'rule medallion-integ-warning-alerts',
    ['events', 'describe_rule', { Name: 'medallion-integ-warning-alerts' }],
    'ResourceNotFoundException',
  ),
];
