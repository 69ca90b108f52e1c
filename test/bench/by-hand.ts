import { Aws, Duration, RemovalPolicy, Size, Stack, Tags } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnCrawler, CfnDatabase, CfnJob } from 'aws-cdk-lib/aws-glue';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { datasetMachine } from '../../src/private/state-machines/dataset-machine';

const LAYERS = ['bronze', 'silver', 'gold'];
const BUCKET = `pp-dw-${Aws.ACCOUNT_ID}`;
const BUCKET_ARN = `arn:${Aws.PARTITION}:s3:::${BUCKET}`;

/** The resources of EtlCore, written by hand. */
export function coreByHand(stack: Stack): void {
  Tags.of(stack).add('medallion:lake', 'pp-dw');
  const glue = (name: string) => `arn:${Aws.PARTITION}:glue:${Aws.REGION}:${Aws.ACCOUNT_ID}:${name}`;
  const logs = (name: string) => `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:${name}`;
  const data = ['raw', ...LAYERS, 'staging'];
  const bucket = new Bucket(stack, 'Bucket', {
    bucketName: BUCKET,
    versioned: true,
    enforceSSL: true,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    lifecycleRules: [
      {
        id: 'incomplete-uploads-and-noncurrent-versions',
        abortIncompleteMultipartUploadAfter: Duration.days(1),
        noncurrentVersionExpiration: Duration.days(7),
        expiredObjectDeleteMarker: true,
      },
      {
        id: 'staging',
        prefix: 'staging/',
        expiration: Duration.days(1),
        noncurrentVersionExpiration: Duration.days(1),
      },
      {
        id: 'superseded-raw-runs',
        prefix: 'raw/',
        tagFilters: { 'medallion:superseded': 'true' },
        expiration: Duration.days(90),
      },
      { id: 'athena-results', prefix: 'athena', expiration: Duration.days(30) },
    ],
  });
  bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  for (const layer of LAYERS) {
    new CfnDatabase(stack, layer, {
      catalogId: Aws.ACCOUNT_ID,
      databaseInput: { name: `pp_dw_${layer}`, locationUri: `s3://${BUCKET}/${layer}/` },
    }).applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  }
  new Role(stack, 'GlueRole', {
    roleName: 'pp-dw-glue-role',
    description: 'Jobs and crawlers of the lake pp-dw',
    assumedBy: new ServicePrincipal('glue.amazonaws.com'),
    inlinePolicies: {
      bucket: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['s3:ListBucket'],
            resources: [BUCKET_ARN],
            conditions: { StringLike: { 's3:prefix': [...data, 'etl'].map(folder => `${folder}/*`) } },
          }),
          new PolicyStatement({
            actions: [
              's3:GetObject',
              's3:GetObjectVersion',
              's3:PutObject',
              's3:DeleteObject',
              's3:AbortMultipartUpload',
              's3:ListMultipartUploadParts',
            ],
            resources: data.map(folder => `${BUCKET_ARN}/${folder}/*`),
          }),
          new PolicyStatement({
            actions: ['s3:GetObjectTagging', 's3:PutObjectTagging', 's3:DeleteObjectTagging'],
            resources: [`${BUCKET_ARN}/raw/*`],
          }),
          new PolicyStatement({ actions: ['s3:GetObject'], resources: [`${BUCKET_ARN}/etl/*`] }),
          new PolicyStatement({
            actions: ['s3:PutObject', 's3:DeleteObject'],
            resources: [`${BUCKET_ARN}/etl/*/runs/*`],
          }),
          new PolicyStatement({ actions: ['s3:GetBucketLocation'], resources: [BUCKET_ARN] }),
        ],
      }),
      catalog: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: [
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
            resources: [
              'catalog',
              ...LAYERS.map(layer => `database/pp_dw_${layer}`),
              ...LAYERS.map(layer => `table/pp_dw_${layer}/*`),
            ].map(glue),
          }),
        ],
      }),
      logs: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['logs:CreateLogGroup', 'logs:CreateLogStream'],
            resources: ['/aws-glue/pp-dw/error', '/aws-glue/pp-dw/output', '/aws-glue/crawlers'].flatMap(name => [
              logs(name),
              logs(`${name}:*`),
            ]),
          }),
          new PolicyStatement({
            actions: ['logs:PutLogEvents'],
            resources: ['/aws-glue/pp-dw/error:*', '/aws-glue/pp-dw/output:*'].map(logs),
          }),
          new PolicyStatement({
            actions: ['logs:PutLogEvents'],
            resources: LAYERS.map(layer => logs(`/aws-glue/crawlers:log-stream:pp-dw-${layer}-*`)),
          }),
        ],
      }),
      events: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['events:PutEvents'],
            resources: [`arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}:event-bus/default`],
            conditions: {
              'ForAllValues:StringEquals': {
                'events:source': ['medallion.pp-dw'],
                'events:detail-type': ['Run Warnings'],
              },
              'Null': { 'events:source': 'false', 'events:detail-type': 'false' },
            },
          }),
        ],
      }),
    },
  });
  new CfnWorkGroup(stack, 'WorkGroup', {
    name: 'pp-dw',
    recursiveDeleteOption: true,
    workGroupConfiguration: {
      enforceWorkGroupConfiguration: true,
      bytesScannedCutoffPerQuery: Size.gibibytes(100).toBytes(),
      publishCloudWatchMetricsEnabled: true,
      resultConfiguration: {
        outputLocation: `s3://${BUCKET}/athena/`,
        encryptionConfiguration: { encryptionOption: 'SSE_S3' },
      },
    },
  });
  const jobs = LAYERS.map(layer => glue(`job/pp-dw-${layer}-*`));
  new CfnScheduleGroup(stack, 'ScheduleGroup', { name: 'pp-dw' });
  new Role(stack, 'SchedulerRole', {
    roleName: 'pp-dw-scheduler-role',
    description: 'Starts the jobs of the lake pp-dw',
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
    inlinePolicies: {
      jobs: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['glue:StartJobRun'],
            resources: jobs,
          }),
        ],
      }),
    },
  });
  const datasetRole = new Role(stack, 'DatasetRole', {
    roleName: 'pp-dw-dataset-role',
    description: 'Runs the jobs and crawlers of pipelines of the lake pp-dw',
    assumedBy: new ServicePrincipal('states.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
    inlinePolicies: {
      dataset: new PolicyDocument({
        statements: [
          new PolicyStatement({ actions: ['glue:GetJob', 'glue:StartJobRun', 'glue:GetJobRun'], resources: jobs }),
          new PolicyStatement({
            actions: ['glue:GetCrawler', 'glue:StartCrawler'],
            resources: LAYERS.map(layer => glue(`crawler/pp-dw-${layer}-*-crawler`)),
          }),
          new PolicyStatement({ actions: ['s3:GetObject'], resources: [`${BUCKET_ARN}/etl/*/runs/*`] }),
          new PolicyStatement({
            actions: ['s3:ListBucket'],
            resources: [BUCKET_ARN],
            conditions: { StringLike: { 's3:prefix': 'etl/*/runs/*' } },
          }),
        ],
      }),
    },
  });
  new CfnStateMachine(stack, 'DatasetStateMachine', {
    stateMachineName: 'pp-dw-dataset',
    stateMachineType: 'STANDARD',
    definitionString: stack.toJsonString(datasetMachine(Aws.PARTITION)),
    roleArn: datasetRole.roleArn,
  });
  for (const log of ['error', 'output']) {
    new LogGroup(stack, log, {
      logGroupName: `/aws-glue/pp-dw/${log}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

/**
 * The resources of a stack of bronze datasets, written by hand.
 *
 * @param runtime the file name of the shared Python package
 * @param scripts the folder with the files for `etl/`, one folder per dataset
 */
export function datasetsByHand(stack: Stack, datasets: string[], runtime: string, scripts: string): void {
  const role = `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/pp-dw-glue-role`;
  Tags.of(stack).add('medallion:lake', 'pp-dw');
  const logGroup = new LogGroup(stack, 'ScriptLogs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const scriptRole = new Role(stack, 'ScriptRole', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: 'Copies the scripts of Glue jobs to the lake bucket',
  });
  logGroup.grantWrite(scriptRole);
  const asset = new Asset(stack, 'ScriptFiles', { path: scripts });
  scriptRole.addToPolicy(new PolicyStatement({
    actions: ['s3:GetObject'], resources: [asset.bucket.arnForObjects('*')],
  }));
  scriptRole.addToPolicy(new PolicyStatement({
    actions: ['kms:Decrypt'],
    resources: [`arn:${Aws.PARTITION}:kms:${Aws.REGION}:*:key/*`],
    conditions: {
      StringEquals: { 'kms:ViaService': `s3.${Aws.REGION}.${Aws.URL_SUFFIX}` },
      StringLike: {
        'kms:EncryptionContext:aws:s3:arn': [asset.bucket.bucketArn, asset.bucket.arnForObjects('*')],
      },
    },
  }));
  scriptRole.addToPolicy(new PolicyStatement({
    actions: ['s3:ListBucket'], resources: [BUCKET_ARN], conditions: { StringLike: { 's3:prefix': 'etl/*' } },
  }));
  scriptRole.addToPolicy(new PolicyStatement({ actions: ['s3:PutObject'], resources: [`${BUCKET_ARN}/etl/*/glue/*`] }));
  const deployment = new BucketDeployment(stack, 'Scripts', {
    sources: [Source.bucket(asset.bucket, asset.s3ObjectKey)],
    destinationBucket: Bucket.fromBucketName(stack, 'Lake', BUCKET),
    destinationKeyPrefix: 'etl',
    prune: false,
    role: scriptRole.withoutPolicyUpdates(),
    memoryLimit: 512,
    ephemeralStorageSize: Size.mebibytes(513),
    outputObjectKeys: false,
    logGroup,
  });
  for (const dataset of datasets) {
    const table = dataset.replace(/-/g, '_');
    const name = `pp-dw-bronze-${dataset}`;
    const glue = `s3://${BUCKET}/etl/${dataset}/glue/`;
    const staging = `s3://${BUCKET}/staging/bronze/${dataset}/`;
    const location = `s3://${BUCKET}/bronze/${dataset}/`;
    const tags = { 'medallion:layer': 'bronze', 'medallion:dataset': dataset };
    const job = new CfnJob(stack, `${dataset}-job`, {
      name,
      role,
      command: { name: 'glueetl', pythonVersion: '3', scriptLocation: `${glue}bronze_job.py` },
      defaultArguments: {
        '--dataset_config': `${glue}bronze.json`,
        '--names': stack.toJsonString({
          layer: 'bronze',
          dataset,
          bucket: BUCKET,
          job: name,
          crawler: `${name}-crawler`,
          database: 'pp_dw_bronze',
          raw: `s3://${BUCKET}/raw/${dataset}/`,
          staging,
          runs: `s3://${BUCKET}/etl/${dataset}/runs/bronze/`,
          tables: { [table]: { name: table, location } },
          timeout_minutes: 30,
          auto_scaling: false,
          number_of_workers: 2,
          dpu_per_worker: 1,
          event_source: 'medallion.pp-dw',
        }),
        '--run_options': '{}',
        '--extra-py-files': `${glue}${runtime}`,
        '--TempDir': `${staging}temp/`,
        '--custom-logGroup-prefix': '/aws-glue/pp-dw',
      },
      glueVersion: '5.0',
      workerType: 'G.1X',
      numberOfWorkers: 2,
      timeout: 30,
      maxRetries: 1,
      executionProperty: { maxConcurrentRuns: 1 },
      tags,
    });
    job.node.addDependency(deployment);
    new CfnCrawler(stack, `${dataset}-crawler`, {
      name: `${name}-crawler`,
      role,
      databaseName: 'pp_dw_bronze',
      targets: { s3Targets: [{ path: location }] },
      recrawlPolicy: { recrawlBehavior: 'CRAWL_EVERYTHING' },
      schemaChangePolicy: { updateBehavior: 'UPDATE_IN_DATABASE', deleteBehavior: 'LOG' },
      configuration: JSON.stringify({ Version: 1, Grouping: { TableGroupingPolicy: 'CombineCompatibleSchemas' } }),
      tags,
    });
    new CfnSchedule(stack, `${dataset}-schedule`, {
      name,
      groupName: 'pp-dw',
      scheduleExpression: 'cron(0 6 * * ? *)',
      scheduleExpressionTimezone: 'UTC',
      state: 'ENABLED',
      flexibleTimeWindow: { mode: 'FLEXIBLE', maximumWindowInMinutes: 10 },
      target: {
        arn: `arn:${Aws.PARTITION}:scheduler:::aws-sdk:glue:startJobRun`,
        roleArn: `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/pp-dw-scheduler-role`,
        input: stack.toJsonString({ JobName: name }),
        retryPolicy: { maximumRetryAttempts: 5, maximumEventAgeInSeconds: 3600 },
      },
    }).node.addDependency(job);
  }
}
