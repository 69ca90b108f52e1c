import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule } from 'aws-cdk-lib/aws-events';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import { CfnRole, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, IBucket, LifecycleRule } from 'aws-cdk-lib/aws-s3';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { EtlCorePrefixes, EtlCoreProps } from './etl-core-props';
import { GlueDefaults } from './glue-defaults';
import { GlueWorkerConfig } from './glue-worker-config';
import { IEtlCore } from './i-etl-core';
import { LakeRetention } from './lake-retention';
import { Layer } from './layer';
import { LakeNames } from './naming';
import { checkGlueSettings } from './private/document/glue-settings';
import { synthError } from './private/errors/synth-error';
import { LakeAlerts } from './private/resources/lake-alerts';
import { grantCloudWatchLogs, isEncrypted, lakeKeys } from './private/resources/lake-key';
import { acknowledge, acknowledgeWildcards } from './private/resources/nag-suppressions';
import { claimName } from './private/resources/unique-names';
import { SharedGlueRole } from './shared-glue-role';

/**
 * What all datasets of a lake share: bucket, databases, role, Athena workgroup, and the group and role of their
 * schedules.
 *
 * Bucket and databases outlive the stack; only a first deployment that is rolled back takes them away again.
 */
export class EtlCore extends Construct implements IEtlCore {
  /**
   * A core that another app deploys, for datasets in this one.
   *
   * Nothing is looked up: the prefixes must be those the core was made with.
   */
  public static fromPrefixes(scope: Construct, id: string, prefixes: EtlCorePrefixes): IEtlCore {
    return new ImportedEtlCore(scope, id, prefixes);
  }

  public readonly resourcePrefix: string;
  public readonly databasePrefix: string;
  public readonly existingBucketName?: string;
  public readonly glueDefaults: GlueDefaults;
  public readonly glueWorkerConfigs: { [size: string]: GlueWorkerConfig };
  public readonly metrics: boolean;
  public readonly encrypted: boolean;

  /** Holds everything: raw, bronze, gold, staging, scripts and the records of runs, query results. */
  public readonly bucket: IBucket;
  /** The database of the tables as their sources say. */
  public readonly bronzeDatabase: CfnDatabase;
  /** The database of the tables that are made of others. */
  public readonly goldDatabase: CfnDatabase;
  /** The role of all jobs and crawlers that have none of their own. */
  public readonly role: SharedGlueRole;
  /** Where analysts query; it puts the results under `athena/`. */
  public readonly workGroup: CfnWorkGroup;
  /** The group of all datasets' schedules. */
  public readonly scheduleGroup: CfnScheduleGroup;
  /** The role with which schedules start jobs. */
  public readonly schedulerRole: Role;
  /** What Spark and Glue log. */
  public readonly errorLogGroup: LogGroup;
  /** What the jobs print. */
  public readonly outputLogGroup: LogGroup;
  /** Encrypts what the lake keeps, if it is encrypted. Grant its use to those who query. */
  public readonly encryptionKey?: IKey;
  /** Where alerts go, if somebody is to hear of them. Subscribe to it what you like. */
  public readonly alertTopic?: ITopic;
  /** Encrypts the alerts, if they are encrypted. */
  public readonly alertKey?: IKey;
  /** What watches the jobs and the crawlers of the whole lake. None without alerts. */
  public readonly alertRules: Rule[];
  /** Goes off when a schedule gave up to start its job. */
  public readonly droppedScheduleAlarm?: Alarm;

  constructor(scope: Construct, id: string, props: EtlCoreProps) {
    super(scope, id);
    const names = new LakeNames(this, props);
    // Roles and buckets know no regions.
    claimName(this, 'resourcePrefix', names.resourcePrefix, Stack.of(this).account);
    claimName(this, 'databasePrefix', names.databasePrefix);

    this.resourcePrefix = names.resourcePrefix;
    this.databasePrefix = names.databasePrefix;
    this.existingBucketName = props.existingBucketName;
    checkGlueSettings(this, props);
    this.glueDefaults = props.glueDefaults ?? {};
    this.glueWorkerConfigs = props.glueWorkerConfigs ?? {};
    this.metrics = props.metrics ?? false;
    this.encrypted = isEncrypted(props);
    const keys = lakeKeys(this, names, props);
    this.encryptionKey = keys.lake;
    this.bucket = this.createBucket(names, props);
    this.bronzeDatabase = this.createDatabase(names, Layer.BRONZE, 'BronzeDatabase');
    this.goldDatabase = this.createDatabase(names, Layer.GOLD, 'GoldDatabase');
    this.role = new SharedGlueRole(this, 'GlueRole', { ...props, encryptionKey: keys.lake });
    this.workGroup = this.createWorkGroup(names, props);
    this.scheduleGroup = new CfnScheduleGroup(this, 'ScheduleGroup', { name: names.scheduleGroup });
    this.schedulerRole = this.createSchedulerRole(names);
    if (keys.lake) {
      grantCloudWatchLogs(this, names, keys.lake);
    }
    this.errorLogGroup = this.createLogGroup('ErrorLogs', names.errorLogGroup, props.retention);
    this.outputLogGroup = this.createLogGroup('OutputLogs', names.outputLogGroup, props.retention);

    const { maxRetries } = this.glueDefaults;
    const alerts =
      props.alerts && new LakeAlerts(this, 'Alerts', { names, alerts: props.alerts, key: keys.alerts, maxRetries });
    this.alertTopic = alerts?.topic;
    this.alertKey = keys.alerts;
    this.alertRules = alerts?.rules ?? [];
    this.droppedScheduleAlarm = alerts?.droppedScheduleAlarm;
  }

  private createBucket(names: LakeNames, props: EtlCoreProps): IBucket {
    if (props.existingBucketName !== undefined) {
      const { logs, ...ofBucket } = props.retention ?? {};
      if (Object.keys(ofBucket).length > 0) {
        throw synthError(
          this,
          'SETTING_NOT_APPLICABLE',
          `retention sets ${Object.keys(ofBucket).join(', ')} for the existing bucket "${props.existingBucketName}".`,
          'Set the lifecycle rules on that bucket.',
        );
      }
      return Bucket.fromBucketName(this, 'Bucket', props.existingBucketName);
    }
    const bucket = new Bucket(this, 'Bucket', {
      bucketName: names.bucket,
      versioned: true,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      ...this.encryptionKey
        ? { encryption: BucketEncryption.KMS, encryptionKey: this.encryptionKey, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED },
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      lifecycleRules: lifecycleRules(props.retention ?? {}),
    });
    bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    acknowledge(
      bucket.node.defaultChild as CfnBucket,
      'S1',
      'Access logs take a second bucket and grow with every request. Who must have them sets '
        + 'loggingConfiguration on the CfnBucket.',
    );
    return bucket;
  }

  private createDatabase(names: LakeNames, layer: Layer, id: string): CfnDatabase {
    const database = new CfnDatabase(this, id, {
      catalogId: Stack.of(this).account,
      databaseInput: { name: names.database(layer), locationUri: names.uri(`${layer}/`) },
    });
    database.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    return database;
  }

  private createWorkGroup(names: LakeNames, { queryScanLimit = Size.gibibytes(100) }: EtlCoreProps): CfnWorkGroup {
    if (!queryScanLimit.isUnresolved() && queryScanLimit.toBytes() < MIN_SCAN_LIMIT_BYTES) {
      throw synthError(
        this,
        'VALUE_INVALID',
        `queryScanLimit is ${queryScanLimit.toBytes()} bytes.`,
        'The minimum of Athena is 10 MB: use Size.mebibytes(10) or more.',
      );
    }
    return new CfnWorkGroup(this, 'WorkGroup', {
      name: names.workGroup,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        bytesScannedCutoffPerQuery: queryScanLimit.toBytes(),
        // A service's metrics of itself are free of charge; they tell who reads how much.
        publishCloudWatchMetricsEnabled: true,
        resultConfiguration: {
          outputLocation: names.uri('athena/'),
          encryptionConfiguration: this.encryptionKey
            ? { encryptionOption: 'SSE_KMS', kmsKey: this.encryptionKey.keyArn }
            : { encryptionOption: 'SSE_S3' },
        },
      },
      // Else the queries people saved in it would keep the stack from being deleted.
      recursiveDeleteOption: true,
    });
  }

  private createSchedulerRole(names: LakeNames): Role {
    const stack = Stack.of(this);
    const jobsOf = (layer: Layer) =>
      stack.formatArn({ service: 'glue', resource: 'job', resourceName: names.job(layer, '*') });
    const startJobs = new PolicyStatement({
      actions: ['glue:StartJobRun'],
      resources: Object.values(Layer).map(jobsOf),
    });
    const role = new Role(this, 'SchedulerRole', {
      roleName: names.schedulerRole,
      description: `Starts the jobs of the lake ${names.resourcePrefix}`,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
      inlinePolicies: { jobs: new PolicyDocument({ statements: [startJobs] }) },
    });
    acknowledgeWildcards(
      role.node.defaultChild as CfnRole,
      "Datasets come and go, also in other apps. The name of each job begins with the lake's prefix and a layer.",
      startJobs,
    );
    return role;
  }

  private createLogGroup(id: string, logGroupName: string, retention: LakeRetention = {}): LogGroup {
    return new LogGroup(this, id, {
      logGroupName,
      encryptionKey: this.encryptionKey,
      retention: retention.logs ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

/** A core of another app: names and nothing else. */
class ImportedEtlCore extends Construct implements IEtlCore {
  public readonly resourcePrefix: string;
  public readonly databasePrefix: string;
  public readonly existingBucketName?: string;
  public readonly glueDefaults: GlueDefaults;
  public readonly glueWorkerConfigs: { [size: string]: GlueWorkerConfig };
  public readonly metrics: boolean;
  public readonly encrypted: boolean;

  constructor(scope: Construct, id: string, prefixes: EtlCorePrefixes) {
    super(scope, id);
    const names = new LakeNames(this, prefixes);
    this.resourcePrefix = names.resourcePrefix;
    this.databasePrefix = names.databasePrefix;
    this.existingBucketName = prefixes.existingBucketName;
    checkGlueSettings(this, prefixes);
    this.glueDefaults = prefixes.glueDefaults ?? {};
    this.glueWorkerConfigs = prefixes.glueWorkerConfigs ?? {};
    this.metrics = prefixes.metrics ?? false;
    this.encrypted = prefixes.encrypted ?? false;
  }
}

/** https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html */
const MIN_SCAN_LIMIT_BYTES = 10_000_000;

function lifecycleRules(retention: LakeRetention): LifecycleRule[] {
  const staging = retention.staging ?? Duration.days(1);
  return [
    {
      id: 'half-done-and-old-versions',
      abortIncompleteMultipartUploadAfter: retention.incompleteUploads ?? Duration.days(1),
      noncurrentVersionExpiration: retention.noncurrentVersions ?? Duration.days(7),
      expiredObjectDeleteMarker: true,
    },
    { id: 'staging', prefix: 'staging/', expiration: staging, noncurrentVersionExpiration: staging },
    {
      id: 'superseded-raw-runs',
      prefix: 'raw/',
      tagFilters: { 'medallion:superseded': 'true' },
      expiration: retention.supersededRuns ?? Duration.days(90),
    },
    { id: 'athena-results', prefix: 'athena/', expiration: retention.athenaResults ?? Duration.days(30) },
  ];
}
