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
import { Construct, IConstruct } from 'constructs';
import { Alerts } from './alerts';
import { GlueDefaults } from './glue-defaults';
import { GlueWorkerConfig } from './glue-worker-config';
import { Layer } from './layer';
import { LakeNames } from './naming';
import { acknowledge, acknowledgeWildcards } from './private/acknowledged-findings';
import { checkGlueSettings } from './private/config-document';
import { LakeAlerts } from './private/lake-alerts';
import { admitLogs, isEncrypted, lakeKeys } from './private/lake-key';
import { takeName } from './private/names-taken';
import { synthError } from './private/synth-error';
import { SharedGlueRole } from './shared-glue-role';

/** The core of a lake, made in this app or in another. Datasets find what it holds by the names that its prefixes make. */
export interface IEtlCore extends IConstruct {
  /** The prefix of every name of the lake. */
  readonly resourcePrefix: string;
  /** The prefix of the lake's databases. */
  readonly databasePrefix: string;
  /** The bucket's own name, if the lake lies in a bucket that was there before it. */
  readonly existingBucketName?: string;
  /** What every job gets, unless its dataset says otherwise. */
  readonly glueDefaults: GlueDefaults;
  /** Workers and timeouts in place of those of the table of sizes, by the size. */
  readonly glueWorkerConfigs: { [size: string]: GlueWorkerConfig };
  /** Whether every run publishes metrics. */
  readonly metrics: boolean;
  /** Whether what the lake keeps is encrypted with a customer key. */
  readonly encrypted: boolean;
}

/** What the names of a lake are made from, and what its datasets have in common. One lake is one prefix in one account and region. */
export interface EtlCorePrefixes {
  /**
   * The prefix of every name of the lake, in kebab-case, at most 49 characters: bucket, jobs, roles, workgroup.
   *
   * Development and production in one account take two prefixes.
   */
  readonly resourcePrefix: string;

  /**
   * The prefix of the databases, in snake_case: `<databasePrefix>_bronze` and `<databasePrefix>_gold`.
   *
   * @default - resourcePrefix in snake_case
   */
  readonly databasePrefix?: string;

  /**
   * The name of a bucket that is already there, to put the lake into.
   *
   * It stays as it is: its policy, encryption and lifecycle are its owner's.
   *
   * @default - a new bucket `<resourcePrefix>-<account>`
   */
  readonly existingBucketName?: string;

  /**
   * What every job gets, unless its dataset says otherwise. In another app it is said again.
   *
   * @default - Glue 5.0, one retry, a timeout by the size
   */
  readonly glueDefaults?: GlueDefaults;

  /**
   * Workers and timeouts in place of those of the table of sizes: from `small`, `medium`, `large` or `xlarge` to what is other there. In
   * another app it is said again.
   *
   * @default - the table of sizes
   */
  readonly glueWorkerConfigs?: { [size: string]: GlueWorkerConfig };

  /**
   * Whether every run publishes metrics to CloudWatch, in the namespace `<resourcePrefix>` with the dimensions Dataset and Layer: Runs,
   * Failures, DurationSeconds, FailedGates, PublishedAt (seconds since 1970; an unchanged source counts as published), Rows, Bytes and
   * RescuedValues. What a run did not get to is left out. A run that was killed publishes none. In another app it is said again.
   *
   * A role that a dataset is given needs `cloudwatch:PutMetricData`; without it, a line in the log says that they are missing.
   *
   * @default false - CloudWatch bills each of them by the hour in which it was sent
   */
  readonly metrics?: boolean;

  /**
   * Whether what the lake keeps is encrypted with a KMS key of your own: bucket, logs of jobs, query results and alerts. In another app it is
   * said again.
   *
   * The key is `alias/<resourcePrefix>`: a new one that is rotated every year and outlives the stack as the bucket does, or the
   * `encryptionKey` of the core. Who queries needs `kms:Decrypt` and `kms:GenerateDataKey` on it, and so does a role that a dataset is given.
   * Objects from before stay encrypted as they were. KMS bills a key by the month, and its use.
   *
   * @default false, true with an encryptionKey - S3, CloudWatch Logs and Athena encrypt with keys of their own
   */
  readonly encrypted?: boolean;
}

/** How long a lake keeps what it no longer needs. Published tables and their originals stay for ever. */
export interface LakeRetention {
  /**
   * Parts of uploads that were never completed.
   *
   * @default Duration.days(1)
   */
  readonly incompleteUploads?: Duration;

  /**
   * What a run writes before it publishes, under `staging/`.
   *
   * @default Duration.days(1)
   */
  readonly staging?: Duration;

  /**
   * Versions of objects that were replaced or deleted: the time in which a mistake can be undone.
   *
   * @default Duration.days(7)
   */
  readonly noncurrentVersions?: Duration;

  /**
   * Original files of runs whose tables a later run replaced. The job tags them `medallion:superseded`.
   *
   * @default Duration.days(90)
   */
  readonly supersededRuns?: Duration;

  /**
   * Results of Athena queries, under `athena/`.
   *
   * @default Duration.days(30)
   */
  readonly athenaResults?: Duration;

  /**
   * Logs of the jobs.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logs?: RetentionDays;
}

/** What a lake is called and how long it keeps what. */
export interface EtlCoreProps extends EtlCorePrefixes {
  /**
   * How long the lake keeps what it no longer needs.
   *
   * @default - a day for what is half done, a week to undo, three months of superseded originals, a month of logs and query results
   */
  readonly retention?: LakeRetention;

  /**
   * The most that one query of the workgroup may read; Athena cancels a query that goes beyond it. At least 10 MB. A token is given as
   * `Size.bytes(…)`.
   *
   * @default Size.gibibytes(100) - Athena bills by the data a query reads: about half a dollar at 5 USD a TB
   */
  readonly queryScanLimit?: Size;

  /**
   * A key of this account and region to encrypt with, instead of a new one. It gets the alias `alias/<resourcePrefix>`.
   *
   * Its policy is extended if this app makes it. Else it must leave permissions to IAM, let `logs.<region>.amazonaws.com` use it for the
   * lake's log groups, and with alerts let `events.amazonaws.com` and `cloudwatch.amazonaws.com` use `kms:Decrypt` and
   * `kms:GenerateDataKey*`. With an existing bucket it is the key of that bucket.
   *
   * @default - a new key, if the lake is encrypted
   */
  readonly encryptionKey?: IKey;

  /**
   * Who hears of failures: of jobs, of crawlers, and of schedules that could not start their job.
   *
   * Glue tries a run that failed once more; people hear of it when that failed too, and never of a run that its retry repaired. A run that
   * reached its timeout or was stopped is not tried again, and is told at once. AWS sends these events as best it can, not for certain.
   * Where somebody changes the retries of a job by hand, its failures are not told: the last attempt is known by the retries it has here.
   *
   * @default - nobody
   */
  readonly alerts?: Alerts;
}

/**
 * What all datasets of a lake share: bucket, databases, role, Athena workgroup, and the group and role of their schedules.
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
    return new ForeignCore(scope, id, prefixes);
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
    takeName(this, 'resourcePrefix', names.resourcePrefix, Stack.of(this).account);
    takeName(this, 'databasePrefix', names.databasePrefix);

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
      admitLogs(this, names, keys.lake);
    }
    this.errorLogGroup = this.createLogGroup('ErrorLogs', names.errorLogGroup, props.retention);
    this.outputLogGroup = this.createLogGroup('OutputLogs', names.outputLogGroup, props.retention);

    const { maxRetries } = this.glueDefaults;
    const alerts = props.alerts && new LakeAlerts(this, 'Alerts', { names, alerts: props.alerts, key: keys.alerts, maxRetries });
    this.alertTopic = alerts?.topic;
    this.alertKey = keys.alerts;
    this.alertRules = alerts?.rules ?? [];
    this.droppedScheduleAlarm = alerts?.droppedScheduleAlarm;
  }

  private createBucket(names: LakeNames, props: EtlCoreProps): IBucket {
    if (props.existingBucketName !== undefined) {
      const { logs, ...ofBucket } = props.retention ?? {};
      if (Object.keys(ofBucket).length > 0) {
        throw synthError(this, `retention sets ${Object.keys(ofBucket).join(', ')} for the existing bucket "${props.existingBucketName}".`,
          'Its lifecycle belongs to its owner: set the rules there.');
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
    acknowledge(bucket.node.defaultChild as CfnBucket, 'S1',
      'Access logs take a second bucket and grow with every request. Who must have them sets loggingConfiguration on the CfnBucket.');
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
      throw synthError(this, `queryScanLimit is ${queryScanLimit.toBytes()} bytes.`, 'Athena takes no less than 10 MB: use Size.mebibytes(10) or more.');
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
    const jobsOf = (layer: Layer) => stack.formatArn({ service: 'glue', resource: 'job', resourceName: names.job(layer, '*') });
    const startJobs = new PolicyStatement({ actions: ['glue:StartJobRun'], resources: Object.values(Layer).map(jobsOf) });
    const role = new Role(this, 'SchedulerRole', {
      roleName: names.schedulerRole,
      description: `Starts the jobs of the lake ${names.resourcePrefix}`,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': stack.account } } }),
      inlinePolicies: { jobs: new PolicyDocument({ statements: [startJobs] }) },
    });
    acknowledgeWildcards(role.node.defaultChild as CfnRole,
      'Datasets come and go, also in other apps. The name of each job begins with the lake\'s prefix and a layer.', startJobs);
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
class ForeignCore extends Construct implements IEtlCore {
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
