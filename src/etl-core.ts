import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule } from 'aws-cdk-lib/aws-events';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import {
  CfnRole, Grant, IGrantable, IRole, PolicyDocument, PolicyStatement, Role,
} from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, IBucket, LifecycleRule } from 'aws-cdk-lib/aws-s3';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct, IConstruct } from 'constructs';
import { Alerts } from './alerts';
import { EtlCorePrefixes, EtlCoreProps } from './etl-core-props';
import { GlueDefaults } from './glue-defaults';
import { GlueWorkerConfig } from './glue-worker-config';
import { IEtlCore, QueryGrantOptions } from './i-etl-core';
import { LakeRetention } from './lake-retention';
import { LakeRoles } from './lake-roles';
import { Layer } from './layer';
import { LakeNames, QUERY_RESULTS } from './naming';
import { checkGlueSettings, workerConfigs } from './private/document/glue-settings';
import { withPendingLookups } from './private/document/pending-lookup';
import { checkProps, checkStruct, KEY, PropTypes } from './private/errors/prop-types';
import { synthError } from './private/errors/synth-error';
import { LAYERS } from './private/layers';
import { accountService } from './private/resources/account-service';
import { checkRoles } from './private/resources/check-roles';
import { createDatasetStateMachine } from './private/resources/dataset-state-machine';
import { LakeAlerts } from './private/resources/lake-alerts';
import { LakeBudget } from './private/resources/lake-budget';
import { LakeFormation } from './private/resources/lake-formation';
import { grantCloudWatchLogs, isEncrypted, lakeKeys } from './private/resources/lake-key';
import { lakeTags, tagAll } from './private/resources/lake-tags';
import { acknowledge, acknowledgeWildcards } from './private/resources/nag-suppressions';
import { grantQuery } from './private/resources/query-grant';
import { claimName } from './private/resources/unique-names';
import { createWorkGroup } from './private/resources/work-group';
import { SharedGlueRole } from './shared-glue-role';
import { TableFormat } from './table-format';

/** Marks a core. Each copy of this package in an app has its own class, but all copies have the same symbol. */
const ETL_CORE = Symbol.for('cdk-glue-medallion.EtlCore');

/**
 * The core of a lake: the resources that all its datasets share.
 *
 * It creates the bucket, the databases, the shared role of jobs and crawlers, the Athena workgroup, the log groups, the
 * group and the role of the schedules, and the state machine that handles the datasets of pipelines. The bucket and the
 * databases are retained when the stack is deleted. They are deleted only if the first deployment fails and is rolled
 * back.
 *
 * @exampleMetadata fixture=lake
 * @example
 * const lake = new EtlCore(new Stack(app, 'Lake'), 'Core', {
 *   resourcePrefix: 'pp-dw',
 *   queryScanLimit: Size.gibibytes(10),
 *   retention: { logs: RetentionDays.THREE_MONTHS },
 *   alerts: { emails: ['on-call@example.org'] },
 * });
 */
export class EtlCore extends Construct implements IEtlCore {
  /**
   * Whether a construct is an `EtlCore`, even if it was created by another copy of this package in the same app.
   *
   * Use this method instead of `instanceof`, which is false for a core of another copy.
   *
   * @param construct the construct to check
   * @exampleMetadata fixture=lake
   * @example
   * for (const construct of app.node.findAll()) {
   *   if (EtlCore.isEtlCore(construct)) {
   *     Tags.of(construct).add('team', 'data');
   *   }
   * }
   */
  public static isEtlCore(construct: IConstruct): construct is EtlCore {
    return ETL_CORE in construct;
  }

  /**
   * Refers to a core that another app deploys, for datasets in this app.
   *
   * Nothing is looked up: repeat the prefixes and settings of that core.
   *
   * @param scope the scope of the construct, usually a stack
   * @param id the ID of the construct within its scope
   * @param prefixes the prefixes and settings of the core
   * @exampleMetadata fixture=lake
   * @example
   * const lake = EtlCore.fromPrefixes(datasets, 'Core', { resourcePrefix: 'pp-dw', metrics: true });
   */
  public static fromPrefixes(scope: Construct, id: string, prefixes: EtlCorePrefixes): IEtlCore {
    return new ImportedEtlCore(scope, id, prefixes);
  }

  public readonly resourcePrefix: string;
  public readonly databasePrefix: string;
  public readonly existingBucketName?: string;
  public readonly glueDefaults: GlueDefaults;
  public readonly glueWorkerConfigs: { [size: string]: GlueWorkerConfig };
  public readonly tableFormat: TableFormat;
  public readonly snapshotRetention: Duration;
  public readonly metrics: boolean;
  public readonly lineage: boolean;
  public readonly encrypted: boolean;
  public readonly lakeFormation: boolean;
  public readonly roles?: LakeRoles;

  /**
   * The bucket with all data of the lake: original files, tables, staging data, scripts, run records and query results.
   */
  public readonly bucket: IBucket;
  /** The database of the bronze tables. Undefined with `existingDatabases`. */
  public readonly bronzeDatabase?: CfnDatabase;
  /** The database of the silver tables. Undefined with `existingDatabases`. */
  public readonly silverDatabase?: CfnDatabase;
  /** The database of the gold tables. Undefined with `existingDatabases`. */
  public readonly goldDatabase?: CfnDatabase;
  /** The shared role of jobs and crawlers. Datasets with their own role do not use it. */
  public readonly role: IRole;
  /** The Athena workgroup for queries. It stores query results under `athena/` in the bucket. */
  public readonly workGroup: CfnWorkGroup;
  /** The group of the schedules of all datasets. */
  public readonly scheduleGroup: CfnScheduleGroup;
  /** The role that schedules use to start jobs. */
  public readonly schedulerRole: IRole;
  /**
   * The state machine that handles one dataset of a pipeline: it runs the job, and the crawler if a schema has changed.
   */
  public readonly datasetStateMachine: CfnStateMachine;
  /** The log group of Spark and AWS Glue. */
  public readonly errorLogGroup: LogGroup;
  /** The log group of the output of the jobs. */
  public readonly outputLogGroup: LogGroup;
  /**
   * The KMS key of the lake. Everyone who queries the tables needs permission to use it. Undefined if the lake has no
   * key of its own.
   */
  public readonly encryptionKey?: IKey;
  /** The SNS topic of the alerts, to which you can add subscriptions. Undefined without `alerts`. */
  public readonly alertTopic?: ITopic;
  /** The KMS key that encrypts the new topic of the alerts. Undefined for an existing or unencrypted topic. */
  public readonly alertKey?: IKey;
  /** The EventBridge rules for failed runs, failed crawlers, and runs with warnings. Empty without `alerts`. */
  public readonly alertRules: Rule[];
  /** The state machine that the EventBridge rules start to send the alerts. Undefined without `alerts`. */
  public readonly alertStateMachine?: CfnStateMachine;
  /** The role of the state machine that sends the alerts. Undefined without `alerts`. */
  public readonly alertRole?: IRole;
  /** The role that `alertRules` use to start `alertStateMachine`. Undefined without `alerts`. */
  public readonly eventsRole?: IRole;
  /** The alarm for schedules that cannot start their job. Undefined without `alerts`. */
  public readonly droppedScheduleAlarm?: Alarm;
  /** The alarm for too many DPU-hours in a month. Undefined without `maxDpuHoursPerMonth`. */
  public readonly usageAlarm?: Alarm;
  /** The alarm for runs whose DPU-hours could not be counted. Undefined without `maxDpuHoursPerMonth`. */
  public readonly usageFailureAlarm?: Alarm;
  /** The state machine that counts the DPU-hours of the month. Undefined without `maxDpuHoursPerMonth`. */
  public readonly usageStateMachine?: CfnStateMachine;
  /** The role of the state machine that counts the DPU-hours. Undefined without `maxDpuHoursPerMonth`. */
  public readonly usageRole?: IRole;
  /** The EventBridge rule that starts `usageStateMachine` when a run ends. Undefined without `maxDpuHoursPerMonth`. */
  public readonly usageRule?: Rule;
  /** The role that `usageRule` uses to start `usageStateMachine`. Undefined without `maxDpuHoursPerMonth`. */
  public readonly usageEventsRole?: IRole;
  /** The role that AWS Lake Formation assumes to access the tables. Undefined without `lakeFormation`. */
  public readonly lakeFormationRole?: IRole;

  /**
   * Creates the core of a lake.
   *
   * @param scope the scope of the construct, usually a stack
   * @param id the ID of the construct within its scope
   * @param props the properties of the core
   */
  constructor(scope: Construct, id: string, props: EtlCoreProps) {
    super(scope, id);
    checkProps(this, props, CORE_PROPS);
    checkStruct(this, 'alerts', props.alerts, ALERTS_PROPS);
    Object.defineProperty(this, ETL_CORE, { value: true });
    props = withPendingLookups(props);
    const names = new LakeNames(this, props);
    // Roles and buckets are not regional.
    claimName(this, 'resourcePrefix', names.resourcePrefix, Stack.of(this).account);
    claimName(this, 'databasePrefix', names.databasePrefix);
    claimName(this, 'workgroup', names.workGroup);

    this.resourcePrefix = names.resourcePrefix;
    this.databasePrefix = names.databasePrefix;
    this.existingBucketName = props.existingBucketName;
    checkGlueSettings(this, props);
    this.glueDefaults = props.glueDefaults ?? {};
    this.glueWorkerConfigs = workerConfigs(props);
    this.tableFormat = props.tableFormat ?? TableFormat.PARQUET;
    this.snapshotRetention = props.retention?.snapshots ?? SNAPSHOT_RETENTION;
    this.metrics = props.metrics ?? false;
    this.lineage = props.lineage ?? false;
    this.encrypted = isEncrypted(props);
    this.lakeFormation = props.lakeFormation ?? false;
    checkRoles(this, props.roles);
    this.roles = props.roles;
    const keys = lakeKeys(this, names, props);
    this.encryptionKey = keys.lake;
    this.bucket = this.createBucket(names, props);
    if (!props.existingDatabases) {
      this.bronzeDatabase = this.createDatabase(names, Layer.BRONZE, 'BronzeDatabase');
      this.silverDatabase = this.createDatabase(names, Layer.SILVER, 'SilverDatabase');
      this.goldDatabase = this.createDatabase(names, Layer.GOLD, 'GoldDatabase');
    }
    this.role = props.roles?.glue ?? new SharedGlueRole(this, 'GlueRole', {
      resourcePrefix: props.resourcePrefix,
      databasePrefix: props.databasePrefix,
      existingBucketName: props.existingBucketName,
      metrics: props.metrics,
      encryptionKey: keys.lake,
    });
    if (this.lakeFormation) {
      this.lakeFormationRole = this.createLakeFormation(names, props.roles).role;
    }
    this.workGroup = createWorkGroup(this, {
      names,
      workGroup: names.workGroup,
      results: names.queryResults,
      queryScanLimit: props.queryScanLimit,
      encrypted: this.encrypted,
      key: keys.lake,
    });
    this.scheduleGroup = new CfnScheduleGroup(this, 'ScheduleGroup', { name: names.scheduleGroup });
    this.schedulerRole = props.roles?.scheduler ?? this.createSchedulerRole(names);
    this.datasetStateMachine = createDatasetStateMachine(this, {
      names, role: props.roles?.stateMachines, key: keys.lake,
    });
    if (keys.lake) {
      grantCloudWatchLogs(this, names, keys.lake);
    }
    this.errorLogGroup = this.createLogGroup('ErrorLogs', names.errorLogGroup, props.retention);
    this.outputLogGroup = this.createLogGroup('OutputLogs', names.outputLogGroup, props.retention);

    const { maxRetries } = this.glueDefaults;
    const { maxDpuHoursPerMonth } = props;
    const alerts = props.alerts && new LakeAlerts(this, 'Alerts', {
      names,
      alerts: props.alerts,
      key: keys.alerts,
      lakeKey: keys.lake,
      maxRetries,
      alarms: maxDpuHoursPerMonth === undefined ? [] : [names.usageAlarm, names.usageFailureAlarm],
      role: props.roles?.alerts,
    });
    this.alertTopic = alerts?.topic;
    this.alertKey = keys.alerts;
    this.alertRules = alerts?.rules ?? [];
    this.alertStateMachine = alerts?.stateMachine;
    this.alertRole = alerts?.role;
    this.eventsRole = alerts?.eventsRole;
    this.droppedScheduleAlarm = alerts?.droppedScheduleAlarm;

    const budget = maxDpuHoursPerMonth === undefined ? undefined : new LakeBudget(this, 'Budget', {
      names,
      maxDpuHours: maxDpuHoursPerMonth,
      topic: alerts?.topic,
      role: props.roles?.stateMachines,
      eventsRole: props.roles?.alerts,
    });
    tagAll(this, lakeTags(names));
    this.usageAlarm = budget?.alarm;
    this.usageFailureAlarm = budget?.failureAlarm;
    this.usageStateMachine = budget?.stateMachine;
    this.usageRole = budget?.role;
    this.usageRule = budget?.rule;
    this.usageEventsRole = budget?.eventsRole;
  }

  /**
   * Allows a role, a user or a group to query tables of the lake with Athena.
   *
   * The grantee can run queries in the workgroup of the lake, read the selected tables, and read and write query
   * results under `athena/`. It cannot change tables. If the lake is encrypted, the grantee can use its key for objects
   * of the bucket. The grantee can see the queries, saved queries and results of everyone who uses the workgroup; use a
   * `TeamWorkGroup` to separate teams.
   *
   * The statements are added to an inline policy of a role or a group, or to a managed policy of a user. The policies
   * of the bucket and of the key are not changed. Synthesis fails with `ENVIRONMENT_MISMATCH` if the grantee is in
   * another account, and with `VALUE_INVALID` if it is a principal that cannot have a policy, such as a
   * service principal.
   *
   * @param grantee who can query
   * @param options which tables can be queried; all tables of the gold layer by default
   * @see https://docs.aws.amazon.com/athena/latest/ug/access.html
   * @exampleMetadata fixture=lake
   * @example
   * const analysts = Role.fromRoleName(datasets, 'Analysts', 'analysts');
   * core.grantQuery(analysts);
   * core.grantQuery(analysts, { datasets: [zipcodes] });
   */
  public grantQuery(grantee: IGrantable, options?: QueryGrantOptions): Grant {
    return grantLakeQuery(this, grantee, options, this.encryptionKey);
  }

  private createBucket(names: LakeNames, props: EtlCoreProps): IBucket {
    if (props.existingBucketName !== undefined) {
      const { logs, snapshots, ...ofBucket } = props.retention ?? {};
      if (Object.keys(ofBucket).length > 0) {
        throw synthError(
          this,
          'SETTING_NOT_APPLICABLE',
          `these settings of retention do not apply to the existing bucket "${props.existingBucketName}": `
            + `${Object.keys(ofBucket).join(', ')}.`,
          'Remove them, and set the lifecycle rules on that bucket.',
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
      'Access logs need a second bucket and grow with every request. Set loggingConfiguration on the CfnBucket '
        + 'if you need them.',
    );
    return bucket;
  }

  private createDatabase(names: LakeNames, layer: Layer, id: string): CfnDatabase {
    const database = new CfnDatabase(this, id, {
      catalogId: Stack.of(this).account,
      databaseInput: {
        name: names.database(layer),
        locationUri: names.uri(`${layer}/`),
        // Otherwise, the settings of the account can give IAMAllowedPrincipals permissions on new tables.
        ...this.lakeFormation && { createTableDefaultPermissions: [] },
      },
    });
    database.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    return database;
  }

  private createLakeFormation(names: LakeNames, roles?: LakeRoles): LakeFormation {
    const databases = [this.bronzeDatabase, this.silverDatabase, this.goldDatabase];
    return new LakeFormation(this, {
      names,
      bucket: this.bucket,
      key: this.encryptionKey,
      databases: databases.filter(database => database !== undefined),
      glueRole: this.role,
      roles,
    });
  }

  private createSchedulerRole(names: LakeNames): Role {
    const stack = Stack.of(this);
    const jobsOf = (layer: Layer) =>
      stack.formatArn({ service: 'glue', resource: 'job', resourceName: names.job(layer, '*') });
    const startJobs = new PolicyStatement({
      actions: ['glue:StartJobRun'],
      resources: LAYERS.map(jobsOf),
    });
    const role = new Role(this, 'SchedulerRole', {
      roleName: names.schedulerRole,
      description: `Starts the jobs of the lake ${names.resourcePrefix}`,
      assumedBy: accountService(this, 'scheduler'),
      inlinePolicies: { jobs: new PolicyDocument({ statements: [startJobs] }) },
    });
    acknowledgeWildcards(
      role.node.defaultChild as CfnRole | undefined,
      "Other apps can add datasets. The name of each job starts with the lake's prefix and a layer.",
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

/** A core that another app deploys. It has only the names of the resources. */
class ImportedEtlCore extends Construct implements IEtlCore {
  public readonly resourcePrefix: string;
  public readonly databasePrefix: string;
  public readonly existingBucketName?: string;
  public readonly glueDefaults: GlueDefaults;
  public readonly glueWorkerConfigs: { [size: string]: GlueWorkerConfig };
  public readonly tableFormat: TableFormat;
  public readonly snapshotRetention: Duration;
  public readonly metrics: boolean;
  public readonly lineage: boolean;
  public readonly encrypted: boolean;
  public readonly lakeFormation: boolean;
  public readonly roles?: LakeRoles;

  constructor(scope: Construct, id: string, prefixes: EtlCorePrefixes) {
    super(scope, id);
    checkProps(this, prefixes, PREFIXES_PROPS);
    prefixes = withPendingLookups(prefixes);
    const names = new LakeNames(this, prefixes);
    this.resourcePrefix = names.resourcePrefix;
    this.databasePrefix = names.databasePrefix;
    this.existingBucketName = prefixes.existingBucketName;
    checkGlueSettings(this, prefixes);
    this.glueDefaults = prefixes.glueDefaults ?? {};
    this.glueWorkerConfigs = workerConfigs(prefixes);
    this.tableFormat = prefixes.tableFormat ?? TableFormat.PARQUET;
    this.snapshotRetention = prefixes.retention?.snapshots ?? SNAPSHOT_RETENTION;
    this.metrics = prefixes.metrics ?? false;
    this.lineage = prefixes.lineage ?? false;
    this.encrypted = prefixes.encrypted ?? false;
    this.lakeFormation = prefixes.lakeFormation ?? false;
    checkRoles(this, prefixes.roles);
    this.roles = prefixes.roles;
  }

  public grantQuery(grantee: IGrantable, options?: QueryGrantOptions): Grant {
    return grantLakeQuery(this, grantee, options);
  }
}

/** Allows a grantee to run queries in the workgroup of the lake. */
function grantLakeQuery(core: IEtlCore, grantee: IGrantable, options?: QueryGrantOptions, key?: IKey): Grant {
  const { workGroup, queryResults } = new LakeNames(core, core);
  return grantQuery(core, grantee, { workGroup, results: queryResults, key }, options);
}

const PREFIXES_PROPS: PropTypes<EtlCorePrefixes> = {
  resourcePrefix: 'unchecked',
  databasePrefix: 'unchecked',
  existingBucketName: 'unchecked',
  glueDefaults: 'unchecked',
  glueWorkerConfigs: 'unchecked',
  tableFormat: 'unchecked',
  retention: 'unchecked',
  metrics: 'boolean',
  lineage: 'boolean',
  encrypted: 'boolean',
  lakeFormation: 'boolean',
  roles: 'unchecked',
};

const CORE_PROPS: PropTypes<EtlCoreProps> = {
  ...PREFIXES_PROPS,
  existingDatabases: 'boolean',
  queryScanLimit: { member: 'toBytes', example: 'a Size: Size.gibibytes(100)' },
  encryptionKey: KEY,
  alerts: 'unchecked',
  maxDpuHoursPerMonth: 'unchecked',
};

const ALERTS_PROPS: PropTypes<Alerts> = {
  emails: 'unchecked',
  topic: { member: 'topicArn', example: 'an SNS topic: Topic.fromTopicArn(…)' },
  encrypted: 'boolean',
  encryptionKey: KEY,
};

const SNAPSHOT_RETENTION = Duration.days(7);

function lifecycleRules(retention: LakeRetention): LifecycleRule[] {
  const staging = retention.staging ?? Duration.days(1);
  return [
    {
      id: 'incomplete-uploads-and-noncurrent-versions',
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
    // Also covers the results of teams.
    { id: 'athena-results', prefix: QUERY_RESULTS, expiration: retention.athenaResults ?? Duration.days(30) },
  ];
}
