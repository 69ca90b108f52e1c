import { Aws, Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnCrawler, CfnDatabase, CfnJob } from 'aws-cdk-lib/aws-glue';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';

const BUCKET = `pp-dw-${Aws.ACCOUNT_ID}`;
const BUCKET_ARN = `arn:${Aws.PARTITION}:s3:::${BUCKET}`;

/** The resources of EtlCore, written by hand. */
export function coreByHand(stack: Stack): void {
  const glue = (name: string) => `arn:${Aws.PARTITION}:glue:${Aws.REGION}:${Aws.ACCOUNT_ID}:${name}`;
  const logs = (name: string) => `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:${name}`;
  const data = ['raw', 'bronze', 'gold', 'staging'];
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
      { id: 'athena-results', prefix: 'athena/', expiration: Duration.days(30) },
    ],
  });
  bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  for (const layer of ['bronze', 'gold']) {
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
          new PolicyStatement({ actions: ['s3:GetBucketLocation'], resources: [BUCKET_ARN] }),
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
              'database/pp_dw_bronze',
              'database/pp_dw_gold',
              'table/pp_dw_bronze/*',
              'table/pp_dw_gold/*',
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
            resources: [
              '/aws-glue/pp-dw/error:*',
              '/aws-glue/pp-dw/output:*',
              '/aws-glue/crawlers:log-stream:pp-dw-bronze-*',
              '/aws-glue/crawlers:log-stream:pp-dw-gold-*',
            ].map(logs),
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
            resources: ['job/pp-dw-bronze-*', 'job/pp-dw-gold-*'].map(glue),
          }),
        ],
      }),
    },
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
    logGroup,
  });
  for (const dataset of datasets) {
    const table = dataset.replace(/-/g, '_');
    const name = `pp-dw-bronze-${dataset}`;
    const glue = `s3://${BUCKET}/etl/${dataset}/glue/`;
    const staging = `s3://${BUCKET}/staging/bronze/${dataset}/`;
    const location = `s3://${BUCKET}/bronze/${dataset}/`;
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
