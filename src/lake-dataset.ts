import { readFileSync } from 'fs';
import { Annotations, Stack } from 'aws-cdk-lib';
import { Metric, MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { IRuleTarget, Rule } from 'aws-cdk-lib/aws-events';
import { CfnCrawler, CfnJob } from 'aws-cdk-lib/aws-glue';
import { Grant, IGrantable, IRole } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { GlueVersion } from './glue-version';
import { IDataset } from './i-dataset';
import { IEtlCore } from './i-etl-core';
import { LakeDatasetProps } from './lake-dataset-props';
import { Layer } from './layer';
import { checkLength, DatasetNames, LakeNames } from './naming';
import { DatasetDefinition } from './private/definition/dataset-definition';
import { datasetGraph, registerFlex, registerInputs, registerSchedule } from './private/definition/dataset-graph';
import { checkNamedTables, checkQueryTables, registerTables } from './private/definition/lake-tables';
import { namedTables, withTableDatabases } from './private/definition/named-tables';
import { unencryptedUrls } from './private/document/api-rules';
import { withCompleteRules } from './private/document/data-rules';
import { DatasetDocument } from './private/document/dataset-document.generated';
import { checkRules } from './private/document/dataset-rules';
import { checkDocument, datasetSchema } from './private/document/dataset-schema';
import { tablesOf } from './private/document/dataset-tables';
import { withPendingLookups } from './private/document/pending-lookup';
import { columnDescriptionKey, tableFormatOf, withTableFormat } from './private/document/table-format';
import { unresolvedValues } from './private/document/unresolved-values';
import { workerSettingsProblems } from './private/document/worker-rules';
import { synthError } from './private/errors/synth-error';
import { checkEnvironment } from './private/resources/check-environment';
import { createCrawler } from './private/resources/crawler';
import { grantRead, grantStart } from './private/resources/dataset-grants';
import { checkMetricsEnabled, datasetMetric } from './private/resources/dataset-metric';
import { datasetRole } from './private/resources/dataset-role';
import { coreInSameStage, deployedCore } from './private/resources/deployed-core';
import { limitDescription, MAX_GLUE_DESCRIPTION_BYTES } from './private/resources/description';
import { registerFreshness } from './private/resources/freshness-check';
import { createGlueJob } from './private/resources/glue-job';
import { createJobSchedule } from './private/resources/job-schedule';
import { grantTables, LakeFormation, principalKey, tablePermissions } from './private/resources/lake-formation';
import { datasetTags, tagExisting } from './private/resources/lake-tags';
import { createRetryAlert } from './private/resources/retry-alert';
import { glueRoleArn, rolesOf, schedulerRoleArn } from './private/resources/role-arns';
import { failureRules, RunRules, successRules } from './private/resources/run-events';
import { claimName } from './private/resources/unique-names';
import { definitionHash } from './private/scripts/definition-hash';
import { placeholderProblems, withDatabases } from './private/scripts/query-databases';
import { deployScripts, JobScript, runtimePackageUri } from './private/scripts/script-bundle';
import { entryPointOf, entryPointsUsedBy, howToPublish } from './private/scripts/script-entry-point';
import { withDeployedUrls } from './private/scripts/source-files';
import { MAX_RETRIES, maxDpuHours, Size, sizeOf, SIZES } from './sizing';
import { TableFormat } from './table-format';

/**
 * The base class of all datasets.
 *
 * A dataset consists of a Glue job, a crawler (unless its tables are Iceberg tables), and a schedule (if `schedule` is
 * set). The scripts of all datasets of a stack are deployed together.
 *
 * @exampleMetadata fixture=lake
 * @example
 * const dataset = new BronzeDataset(datasets, 'Zipcodes', {
 *   core,
 *   dataset: 'zipcodes',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   source: Source.url('https://example.org/zipcodes.zip'),
 * });
 *
 * new CfnOutput(datasets, 'Tables', { value: dataset.tableNames.join(',') });
 */
export abstract class LakeDataset extends Construct implements IDataset {
  public readonly core: IEtlCore;
  public readonly layer: Layer;
  public readonly dataset: string;
  /** The Glue job that builds and publishes the tables. */
  public readonly job: CfnJob;
  /**
   * The crawler that adds the tables to the Glue Data Catalog. You or a pipeline start it. Undefined for Iceberg
   * tables, which the job adds to the catalog.
   */
  public readonly crawler?: CfnCrawler;
  /**
   * The role that you passed as `role`, or the role that the dataset created for itself. Undefined if the dataset uses
   * the shared role.
   */
  public readonly role?: IRole;
  /** The schedule that starts the job. Undefined if the dataset has none. */
  public readonly schedule?: CfnSchedule;
  /** The name of the job. */
  public readonly jobName: string;
  /** The name of the crawler. Undefined if the dataset has none. */
  public readonly crawlerName?: string;
  /** The database of the tables. */
  public readonly databaseName: string;
  /** The names of the tables in the database. */
  public readonly tableNames: string[];
  /** The JSON configuration of the dataset, which the job reads. */
  public readonly document: string;
  /** The maximum DPU-hours of a run: workers × DPU per worker × timeout in hours × (1 + retries). */
  public readonly maxDpuHours: number;

  private readonly successRules: RunRules;
  private readonly failureRules: RunRules;

  /**
   * Creates a dataset.
   *
   * @param scope the scope of the construct, usually a stack
   * @param id the ID of the construct within its scope
   * @param props the properties of the dataset
   */
  constructor(scope: Construct, id: string, props: LakeDatasetProps) {
    super(scope, id);
    const { layer, inputs, sourceFiles = [], ...defined } = this._define(props);
    const lake = new LakeNames(this, props.core);
    const written = datasetSchema().inOrder(
      withPendingLookups(withTableFormat(withDeployedUrls(defined.document, sourceFiles, lake), props.core)),
    );
    checkDocument(this, written);
    const resolved = withTableDatabases(written, lake);
    const document = withCompleteRules(resolved, (inputs ?? []).map(each => lake.database(each.layer)));
    const tableFormat = tableFormatOf(document);
    const inputNames = (inputs ?? []).map(input => `${input.layer}/${input.dataset}`);
    registerInputs(this, lake.resourcePrefix, `${layer}/${document.dataset}`, inputNames);
    checkEnvironment(this, props.core);

    const script = withDatabaseNames(this, defined.script, lake, document);
    const names = new DatasetNames(this, lake, layer, document.dataset, tablesOf(document));
    checkRules(this, resolved, Object.keys(names.tables), script.isCustom);
    warnAboutClearText(this, document);
    warnAboutColumnDescriptions(this, document);
    if (script.isCustom) {
      warnAboutScript(this, layer, document.dataset, script.path);
    }
    claimNames(this, names);
    registerTables(this, names);
    if (script.sql) {
      checkQueryTables(this, names, script.sql.text, inputNames);
    }
    checkNamedTables(this, names, namedTables(resolved), inputs ?? []);

    const { glueDefaults: defaults, glueWorkerConfigs } = props.core;
    const size = sizeOf(props.dataSizeCategory, defaults, glueWorkerConfigs, document);
    checkWorkers(this, document.dataset, size);
    if (size.flex) {
      registerFlex(this, lake.resourcePrefix, `${layer}/${document.dataset}`);
    }
    warnAboutShorterTimeout(this, props, document);
    const maxRetries = document.max_retries ?? defaults.maxRetries ?? MAX_RETRIES;
    this.role = props.role
      ?? rolesOf(props.core).datasets?.[`${layer}/${props.dataset}`]
      ?? datasetRole(this, { core: props.core, names, document, inputs: inputs ?? [] });
    const roleArn = roleArnOf(this, lake, props.core, this.role);
    const description = limitDescription(props.description, MAX_GLUE_DESCRIPTION_BYTES);

    this.job = createGlueJob(this, {
      names,
      size,
      roleArn,
      description,
      maxRetries,
      glueVersion: props.glueVersion ?? defaults.version ?? GlueVersion.V5_0,
      defaultArguments: defaults.defaultArguments,
      extraPyFiles: runtimePackageUri(names),
      hasQuery: script.sql !== undefined,
      definition: definitionHash(this, document, script),
      inputs,
      connection: document.connection,
      metrics: props.core.metrics,
      lineage: props.core.lineage,
      tableFormat,
      snapshotRetention: props.core.snapshotRetention,
    });
    createRetryAlert(this, props.core, lake, names, maxRetries);
    if (tableFormat === TableFormat.PARQUET) {
      this.crawler = createCrawler(this, { names, roleArn, description });
      this.crawlerName = names.crawler;
    }
    if (document.schedule) {
      checkLength(this, 'schedule', names.schedule);
      registerSchedule(this, lake.resourcePrefix, `${layer}/${document.dataset}`);
      this.schedule = createJobSchedule(this, {
        names, schedule: document.schedule, job: this.job, roleArn: schedulerRoleArn(this, lake, props.core),
      });
    }
    if (document.freshness) {
      registerFreshness(this, props.core, {
        dataset: `${layer}/${document.dataset}`,
        maxAgeHours: document.freshness.max_age_hours,
        graph: datasetGraph(this, lake.resourcePrefix),
      });
    }
    grantLakeFormation(this, props, layer, this.job, this.role);
    tagExisting(this, datasetTags(names));
    deployScripts(this, { names, document, script, sourceFiles, job: this.job, core: props.core });
    dependOnCore(this, props.core, layer);

    this.core = props.core;
    this.layer = layer;
    this.dataset = document.dataset;
    this.jobName = names.job;
    this.databaseName = names.database;
    this.tableNames = Object.values(names.tables).map(table => table.name);
    this.document = JSON.stringify(document);
    this.maxDpuHours = maxDpuHours(size, maxRetries);
    this.successRules = successRules(this, names);
    this.failureRules = failureRules(this, names, maxRetries);
  }

  /**
   * Allows a role, a user or a group to read the tables of the dataset without Athena, for example with Spark, pandas
   * or DuckDB. The grantee can read the objects of the tables and their metadata in the Glue Data Catalog. If the lake
   * is encrypted, the grantee can use the lake's key for objects of the bucket.
   *
   * If `lakeFormation` is set on the core, the grantee gets Lake Formation permissions and
   * `lakeformation:GetDataAccess` instead of IAM permissions on the objects. Use a reader that supports Lake Formation,
   * such as AWS Glue or Amazon EMR. The tables must exist before the deployment.
   *
   * The grantee cannot read originals, run records or other datasets. Synthesis fails with `ENVIRONMENT_MISMATCH` if
   * the grantee is in another account, and with `VALUE_INVALID` if it cannot have a policy.
   *
   * @param grantee who can read
   */
  public grantRead(grantee: IGrantable): Grant {
    return grantRead(this, grantee);
  }

  /**
   * Allows a role, a user or a group to start the job of the dataset, and to read the state of its runs.
   *
   * A run can be started with other job arguments, such as `--additional-python-modules`, so the grantee can run code
   * with the role of the job. Use this grant only for principals that may do everything that the job may do. The
   * grantee cannot change the job. It cannot stop a run either, because a stopped run is not retried. The job does not
   * start a crawler. Synthesis fails with `ENVIRONMENT_MISMATCH` if the grantee is in another account, and with
   * `VALUE_INVALID` if it cannot have a policy.
   *
   * @param grantee who can start the job
   * @see https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html
   */
  public grantStart(grantee: IGrantable): Grant {
    return grantStart(this, grantee);
  }

  /**
   * Sends an event to a target when a run of the job succeeds, regardless of whether a schedule, a pipeline or a person
   * started the run.
   *
   * Up to five targets of a dataset share one EventBridge rule, because an event bus has a quota of 300 rules. A run
   * also succeeds if its source has not changed and the tables stay the same. A crawler that adds new tables to the
   * Data Catalog can run after the event. EventBridge delivers the event on a best-effort basis. Its `detail` contains
   * `jobName`, `jobRunId`, `state` and `message`.
   *
   * @param target what to start or to notify, from `aws-cdk-lib/aws-events-targets`
   * @returns the rule of the target
   * @see https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-glue.html
   */
  public onSuccess(target: IRuleTarget): Rule {
    return this.successRules.add(target);
  }

  /**
   * Sends an event to a target when a run of the job fails and is not retried: the last attempt failed, or a run
   * timed out, was stopped, or ended with the state `ERROR`.
   *
   * Up to five targets of a dataset share one EventBridge rule, because an event bus has a quota of 300 rules.
   * EventBridge delivers the event on a best-effort basis. Its `detail` contains `jobName`, `jobRunId`, `state` and
   * `message`. If someone changes the number of retries of the job outside the CDK, no event is sent for its failures,
   * because the last attempt is identified by that number.
   *
   * @param target what to start or to notify, from `aws-cdk-lib/aws-events-targets`
   * @returns the rule of the target
   * @see https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-glue.html
   */
  public onFailure(target: IRuleTarget): Rule {
    return this.failureRules.add(target);
  }

  /**
   * The number of rows that a run published, in total for all tables of the dataset.
   *
   * A run that fails before it publishes, or whose source has not changed, does not publish the metric. Synthesis fails
   * with `SETTING_REQUIRED` if `metrics` is not set on the core, because the metric would never have a value.
   *
   * @param props the period, the statistic and other options; by default, the maximum per hour
   */
  public metricRows(props?: MetricOptions): Metric {
    return this.metric('Rows', { statistic: Stats.MAXIMUM, ...props });
  }

  /**
   * The number of failed runs. A failed run that is retried also counts. A run that is killed, for example because of
   * its timeout, does not publish the metric; use `onFailure` for these runs.
   *
   * Synthesis fails with `SETTING_REQUIRED` if `metrics` is not set on the core.
   *
   * @param props the period, the statistic and other options; by default, the sum per hour
   */
  public metricFailures(props?: MetricOptions): Metric {
    return this.metric('Failures', { statistic: Stats.SUM, ...props });
  }

  /**
   * The duration of a run in seconds.
   *
   * Synthesis fails with `SETTING_REQUIRED` if `metrics` is not set on the core.
   *
   * @param props the period, the statistic and other options; by default, the maximum per hour
   */
  public metricDuration(props?: MetricOptions): Metric {
    return this.metric('DurationSeconds', { statistic: Stats.MAXIMUM, ...props });
  }

  private metric(metricName: string, options: MetricOptions): Metric {
    checkMetricsEnabled(this, this.core);
    return datasetMetric(new LakeNames(this, this.core), this, metricName, options).attachTo(this);
  }

  /**
   * Converts the props of the layer to the definition of the dataset. Fails if a prop has the wrong type.
   *
   * @internal
   */
  protected abstract _define(props: LakeDatasetProps): DatasetDefinition;
}

/** Fails if two execution settings conflict. Such settings can come from both the core and the dataset. */
function checkWorkers(scope: Construct, dataset: string, { workerType: type, ...others }: Size): void {
  for (const { code, key, found, remedy } of workerSettingsProblems({ type, ...others })) {
    throw synthError(scope, code, `${key} of dataset "${dataset}" ${found}.`, remedy);
  }
}

/**
 * Warns if the default timeout in `glueDefaults` is shorter than the timeout of the size of the dataset. Such a default
 * can be sufficient for small datasets, but too short for large ones.
 */
function warnAboutShorterTimeout(
  scope: Construct,
  { core: { glueDefaults, glueWorkerConfigs }, dataSizeCategory: size }: LakeDatasetProps,
  document: DatasetDocument,
): void {
  const minutes = glueDefaults.timeout?.toMinutes();
  const isOverridden = document.timeout_minutes !== undefined || glueWorkerConfigs[size]?.timeout !== undefined;
  if (minutes !== undefined && !isOverridden && minutes < SIZES[size].timeoutMinutes) {
    Annotations.of(scope).addWarningV2('cdk-glue-medallion:shorter-timeout',
      `timeout of glueDefaults (glue_defaults.timeout_minutes) is ${minutes} minutes, which is shorter than the `
        + `timeout of the size "${size}" of dataset "${document.dataset}", ${SIZES[size].timeoutMinutes} minutes. `
        + 'Set the timeout of this size in glueWorkerConfigs, or the timeout of the dataset.');
  }
}

function roleArnOf(scope: Construct, lake: LakeNames, core: IEtlCore, role?: IRole): string {
  const isShared = role === undefined || role === deployedCore(core)?.role;
  return isShared ? glueRoleArn(scope, lake, core) : role.roleArn;
}

/** The script, with the placeholders in its query replaced with the names of the databases. */
function withDatabaseNames(
  scope: Construct, script: JobScript, lake: LakeNames, { dataset }: DatasetDocument,
): JobScript {
  if (script.sql === undefined) {
    return script;
  }
  const { name, text } = script.sql;
  for (const { code, found, remedy } of [...unresolvedValues(text), ...placeholderProblems(text)]) {
    throw synthError(scope, code, `transform of dataset "${dataset}" ${found}.`, remedy);
  }
  return { ...script, sql: { name, text: withDatabases(text, layer => lake.database(layer)) } };
}

/**
 * Warns if a URL sends credentials unencrypted. Does not fail, because an API in a private network may not use TLS.
 */
function warnAboutClearText(scope: Construct, document: DatasetDocument): void {
  for (const { key, host } of unencryptedUrls(document)) {
    Annotations.of(scope).addWarningV2(`cdk-glue-medallion:clear-text-${key}`,
      `${key} of dataset "${document.dataset}" uses http: credentials are sent to ${host} unencrypted. Use https.`);
  }
}

/**
 * Warns if columns of Parquet tables have descriptions, which the Data Catalog does not contain. Does not fail, because
 * the core can set the format of the tables for all datasets.
 */
function warnAboutColumnDescriptions(scope: Construct, document: DatasetDocument): void {
  const key = columnDescriptionKey(document);
  if (key !== undefined && tableFormatOf(document) === TableFormat.PARQUET) {
    Annotations.of(scope).addWarningV2('cdk-glue-medallion:column-descriptions',
      `${key} of dataset "${document.dataset}" is not in the Glue Data Catalog: the crawler creates the tables, `
        + 'without descriptions of columns. To add them to the Data Catalog, set tableFormat to TableFormat.ICEBERG '
        + '(table_format in a file).');
  }
}

/** The ID of the warning, for `acknowledgeWarning`. */
const NOT_PUBLISHED = 'cdk-glue-medallion:script-not-published';

/** Warns if a custom script does not publish tables. Does not fail, because a script can write its own output. */
function warnAboutScript(scope: Construct, layer: Layer, dataset: string, file: string): void {
  const used = entryPointsUsedBy(readFileSync(file, 'utf8'));
  if (used.includes(layer)) {
    return;
  }
  const others = used.length > 0 ? `calls ${used.map(entryPointOf).join(' and ')} and ` : '';
  Annotations.of(scope).addWarningV2(NOT_PUBLISHED,
    `the script "${file}" of dataset "${dataset}" ${others}does not call ${entryPointOf(layer)}, so a run does not `
      + `publish tables. ${howToPublish(layer)} If that is intended, acknowledge the warning: `
      + `Annotations.of(dataset).acknowledgeWarning('${NOT_PUBLISHED}').`);
}

function claimNames(scope: Construct, names: DatasetNames): void {
  claimName(scope, 'job', names.job);
  for (const { name, location } of Object.values(names.tables)) {
    claimName(scope, 'table', `${names.database}.${name}`);
    claimName(scope, 'folder', location);
  }
}

/**
 * Grants Lake Formation permissions to a role that the dataset has created for itself. The core grants permissions to
 * the shared role and to the roles in `roles.datasets`. A dataset grants nothing to a role that you pass, because
 * datasets in other stacks and apps can use the same role.
 */
function grantLakeFormation(
  scope: Construct, { core, dataset, role: passed }: LakeDatasetProps, layer: Layer, job: CfnJob, role?: IRole,
): void {
  if (!core.lakeFormation) {
    return;
  }
  const names = new LakeNames(scope, core);
  const deployed = coreInSameStage(core, scope);
  const lakeFormation = deployed && LakeFormation.of(deployed);
  if (role === undefined || coreGrants(scope, names, core, layer, role)) {
    lakeFormation?.grantsOf(layer).forEach(each => job.addDependency(each));
  } else if (passed === undefined) {
    grantTables(scope, { names, role, layer, lakeFormation }).forEach(each => job.addDependency(each));
  } else {
    Annotations.of(scope).addWarningV2(LAKE_FORMATION_ROLE,
      `no Lake Formation permissions are granted to the role of the dataset "${dataset}". Its job and crawler need `
        + `${tablePermissions(names, layer)}. Add the role to roles of the core: `
        + `{ datasets: { '${layer}/${dataset}': role } }. Or grant the permissions yourself (see `
        + 'docs/access/lake-formation.md), and acknowledge the warning: '
        + `Annotations.of(dataset).acknowledgeWarning('${LAKE_FORMATION_ROLE}').`);
  }
}

const LAKE_FORMATION_ROLE = 'cdk-glue-medallion:lake-formation-role';

/** Whether the core grants a role its Lake Formation permissions on a layer. */
function coreGrants(scope: Construct, names: LakeNames, core: IEtlCore, layer: Layer, role: IRole): boolean {
  const ofLayer = Object.entries(rolesOf(core).datasets ?? {}).filter(([key]) => key.startsWith(`${layer}/`));
  const shared = deployedCore(core)?.role;
  return [...shared ? [shared] : [], ...ofLayer.map(([, each]) => each)]
    .some(each => principalKey(each) === principalKey(role))
    || principalKey(role) === JSON.stringify(Stack.of(scope).resolve(glueRoleArn(scope, names, core)));
}

/** Deploys the dataset after the shared resources that it refers to by name, if this app deploys them. */
function dependOnCore(dataset: Construct, core: IEtlCore, layer: Layer): void {
  const deployed = coreInSameStage(core, dataset);
  if (deployed) {
    const database = {
      [Layer.BRONZE]: deployed.bronzeDatabase,
      [Layer.SILVER]: deployed.silverDatabase,
      [Layer.GOLD]: deployed.goldDatabase,
    }[layer];
    dataset.node.addDependency(deployed.role, deployed.schedulerRole, deployed.scheduleGroup);
    if (database) {
      dataset.node.addDependency(database);
    }
  }
}
