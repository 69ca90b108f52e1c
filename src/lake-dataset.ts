import { readFileSync } from 'fs';
import { Annotations } from 'aws-cdk-lib';
import { CfnCrawler, CfnJob } from 'aws-cdk-lib/aws-glue';
import { IRole } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { GlueVersion } from './glue-version';
import { IDataset } from './i-dataset';
import { IEtlCore } from './i-etl-core';
import { LakeDatasetProps } from './lake-dataset-props';
import { Layer } from './layer';
import { checkLength, DatasetNames, LakeNames } from './naming';
import { DatasetDefinition } from './private/definition/dataset-definition';
import { datasetGraph, registerInputs, registerSchedule } from './private/definition/dataset-graph';
import { checkNamedTables, checkQueryTables, registerTables } from './private/definition/lake-tables';
import { namedTables, withTableDatabases } from './private/definition/named-tables';
import { unencryptedUrls } from './private/document/api-rules';
import { withCompleteRules } from './private/document/data-rules';
import { DatasetDocument } from './private/document/dataset-document.generated';
import { checkRules, workersProblem } from './private/document/dataset-rules';
import { checkDocument, datasetSchema } from './private/document/dataset-schema';
import { tablesOf } from './private/document/dataset-tables';
import { withPendingLookups } from './private/document/pending-lookup';
import { columnDescriptionKey, tableFormatOf, withTableFormat } from './private/document/table-format';
import { unresolvedValues } from './private/document/unresolved-values';
import { synthError } from './private/errors/synth-error';
import { checkEnvironment } from './private/resources/check-environment';
import { createCrawler } from './private/resources/crawler';
import { datasetRole } from './private/resources/dataset-role';
import { coreInSameStage, deployedCore } from './private/resources/deployed-core';
import { limitDescription, MAX_GLUE_DESCRIPTION_BYTES } from './private/resources/description';
import { registerFreshness } from './private/resources/freshness-check';
import { createGlueJob } from './private/resources/glue-job';
import { createJobSchedule } from './private/resources/job-schedule';
import { createRetryAlert } from './private/resources/retry-alert';
import { glueRoleArn, rolesOf, schedulerRoleArn } from './private/resources/role-arns';
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
 * A dataset is a Glue job, a crawler unless its tables are Iceberg tables, and a schedule if `schedule` is set. The
 * scripts of all datasets of a stack are deployed together.
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
   * The crawler that adds the tables to the Glue Data Catalog. It runs when you start it. Undefined for Iceberg tables,
   * which the job adds to the catalog.
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
  /** The configuration of the dataset that the job reads, as JSON. */
  public readonly document: string;
  /** The maximum DPU-hours of a run: workers × DPU × timeout in hours × (1 + retries). */
  public readonly maxDpuHours: number;

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
  }

  /**
   * Converts the props of the layer to the definition of the dataset. Fails if a prop has the wrong type.
   *
   * @internal
   */
  protected abstract _define(props: LakeDatasetProps): DatasetDefinition;
}

/** Fails if the number of workers does not fit their type. The core can set one of them, and the dataset the other. */
function checkWorkers(scope: Construct, dataset: string, { workerType, workers }: Size): void {
  const problem = workersProblem(workerType, workers);
  if (problem) {
    throw synthError(
      scope, problem.code, `${problem.key} of dataset "${dataset}" ${problem.found}.`, problem.remedy,
    );
  }
}

/** A default for all sizes that fits a small dataset can be too short for a large one. */
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
        + 'Set the timeout of this size in glueWorkerConfigs, or that of the dataset.');
  }
}

function roleArnOf(scope: Construct, lake: LakeNames, core: IEtlCore, role?: IRole): string {
  const isShared = role === undefined || role === deployedCore(core)?.role;
  return isShared ? glueRoleArn(scope, lake, core) : role.roleArn;
}

/** A script whose query has the names of the databases in place of placeholders. */
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

/** A warning and not an error, because an API in a private network can be without TLS. */
function warnAboutClearText(scope: Construct, document: DatasetDocument): void {
  for (const { key, host } of unencryptedUrls(document)) {
    Annotations.of(scope).addWarningV2(`cdk-glue-medallion:clear-text-${key}`,
      `${key} of dataset "${document.dataset}" uses http: credentials are sent to ${host} unencrypted. Use https.`);
  }
}

/** A warning and not an error, because the core can set the format of the tables for all datasets. */
function warnAboutColumnDescriptions(scope: Construct, document: DatasetDocument): void {
  const key = columnDescriptionKey(document);
  if (key !== undefined && tableFormatOf(document) === TableFormat.PARQUET) {
    Annotations.of(scope).addWarningV2('cdk-glue-medallion:column-descriptions',
      `${key} of dataset "${document.dataset}" is not in the Glue Data Catalog: the crawler creates the tables, `
        + 'without descriptions of columns. To have them in the catalog, set tableFormat to TableFormat.ICEBERG '
        + '(table_format in a file).');
  }
}

/** The ID of the warning, for `acknowledgeWarning`. */
const NOT_PUBLISHED = 'cdk-glue-medallion:script-not-published';

/** A warning and not an error, because a script can write its own output. */
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
