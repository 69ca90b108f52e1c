import { Annotations, Stack, Token } from 'aws-cdk-lib';
import { CfnCrawler, CfnJob } from 'aws-cdk-lib/aws-glue';
import { IRole } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { EtlCore } from './etl-core';
import { GlueVersion } from './glue-version';
import { IDataset } from './i-dataset';
import { IEtlCore } from './i-etl-core';
import { LakeDatasetProps } from './lake-dataset-props';
import { Layer } from './layer';
import { checkLength, DatasetNames, LakeNames } from './naming';
import { DatasetDefinition } from './private/definition/dataset-definition';
import { unencryptedUrls } from './private/document/api-rules';
import { DatasetDocument } from './private/document/dataset-document.generated';
import { checkRules } from './private/document/dataset-rules';
import { checkDocument, datasetSchema } from './private/document/dataset-schema';
import { tablesOf } from './private/document/dataset-tables';
import { synthError } from './private/errors/synth-error';
import { createCrawler } from './private/resources/crawler';
import { datasetRole } from './private/resources/dataset-role';
import { createGlueJob } from './private/resources/glue-job';
import { createJobSchedule } from './private/resources/job-schedule';
import { isInSameStage } from './private/resources/same-stage';
import { claimName } from './private/resources/unique-names';
import { deployScripts, runtimePackageUri } from './private/scripts/script-bundle';
import { MAX_RETRIES, maxDpuHours, sizeOf } from './sizing';

/**
 * A dataset: a job, a crawler, and with a schedule a third resource; the scripts of all datasets of a stack are
 * deployed together.
 *
 * It is made as a `BronzeDataset` or a `GoldDataset`.
 */
export abstract class LakeDataset extends Construct implements IDataset {
  public readonly core: IEtlCore;
  public readonly layer: Layer;
  public readonly dataset: string;
  /** Makes and publishes the tables. */
  public readonly job: CfnJob;
  /** Puts the tables into the catalog when a person starts it. */
  public readonly crawler: CfnCrawler;
  /**
   * The dataset's own role, if it has one: that of `role`, or the one that it made because the shared role may not do
   * what it needs.
   */
  public readonly role?: IRole;
  /** Starts the job, if the dataset has a schedule. */
  public readonly schedule?: CfnSchedule;
  /** The name of the job. */
  public readonly jobName: string;
  /** The name of the crawler. */
  public readonly crawlerName: string;
  /** The database of the tables. */
  public readonly databaseName: string;
  /** The names of the tables in the database. */
  public readonly tableNames: string[];
  /** The description of the dataset as the job reads it, in JSON. */
  public readonly document: string;
  /** The most DPU-hours one run can cost: workers × DPU × timeout × (1 + retries). */
  public readonly maxDpuHours: number;

  constructor(scope: Construct, id: string, props: LakeDatasetProps) {
    super(scope, id);
    const { layer, script, inputs, ...defined } = this._define(props);
    const document = datasetSchema().inOrder(defined.document);
    checkDocument(this, document);
    checkEnvironment(this, props.core);

    const lake = new LakeNames(this, props.core);
    const names = new DatasetNames(this, lake, layer, props.dataset, tablesOf(document));
    checkRules(this, document, Object.keys(names.tables), script.isOwn);
    warnOfClearText(this, document);
    claimNames(this, names);

    const { glueDefaults: defaults, glueWorkerConfigs } = props.core;
    const size = sizeOf(props.dataSizeCategory, defaults, glueWorkerConfigs);
    const maxRetries = defaults.maxRetries ?? MAX_RETRIES;
    this.role = props.role ?? datasetRole(this, { core: props.core, names, document });
    const roleArn = roleArnOf(this, lake, props.core, this.role);
    const description = props.description;

    this.job = createGlueJob(this, {
      names,
      size,
      roleArn,
      description,
      maxRetries,
      glueVersion: props.glueVersion ?? defaults.version ?? GlueVersion.V5_0,
      defaultArguments: defaults.defaultArguments,
      extraPyFiles: runtimePackageUri(names),
      sql: document.sql,
      inputs,
      connection: document.connection,
      metrics: props.core.metrics,
    });
    this.crawler = createCrawler(this, { names, roleArn, description });
    if (document.schedule) {
      checkLength(this, 'schedule', names.schedule);
      this.schedule = createJobSchedule(this, { names, schedule: document.schedule, job: this.job });
    }
    deployScripts(this, { names, document, script, job: this.job, core: props.core });
    dependOnCore(this, props.core, layer);

    this.core = props.core;
    this.layer = layer;
    this.dataset = props.dataset;
    this.jobName = names.job;
    this.crawlerName = names.crawler;
    this.databaseName = names.database;
    this.tableNames = Object.values(names.tables).map(table => table.name);
    this.document = JSON.stringify(document);
    this.maxDpuHours = maxDpuHours(size, maxRetries);
  }

  /**
   * What the layer makes of its props. Fails where one is of another kind.
   *
   * @internal
   */
  protected abstract _define(props: LakeDatasetProps): DatasetDefinition;
}

/** The shared role goes by its name, also when it is given: its ARN from another stack would be an export. */
function roleArnOf(scope: Construct, lake: LakeNames, core: IEtlCore, role?: IRole): string {
  const isShared = role === undefined || (core instanceof EtlCore && role === core.role);
  return isShared ? lake.roleArn(scope, lake.glueRole) : role.roleArn;
}

/** Not an error, because an API of a private network may have no other. */
function warnOfClearText(scope: Construct, document: DatasetDocument): void {
  for (const { key, host } of unencryptedUrls(document)) {
    Annotations.of(scope).addWarningV2(`cdk-glue-medallion:clear-text-${key}`,
      `${key} of dataset "${document.dataset}" has http: credentials travel to ${host} in the clear. Use https.`);
  }
}

/** A lake's bucket, databases and roles lie in one account and region, and so do its datasets. */
function checkEnvironment(scope: Construct, core: IEtlCore): void {
  if (!(core instanceof EtlCore)) {
    return;
  }
  const here = Stack.of(scope);
  const there = Stack.of(core);
  for (const [what, mine, its] of [['account', here.account, there.account], ['region', here.region, there.region]]) {
    if (!Token.isUnresolved(mine) && !Token.isUnresolved(its) && mine !== its) {
      throw synthError(
        scope,
        'ENVIRONMENT_MISMATCH',
        `its stack is for the ${what} ${mine}, that of its core "${core.node.path}" for ${its}.`,
        'Deploy both to one environment, or create a second core.',
      );
    }
  }
}

function claimNames(scope: Construct, names: DatasetNames): void {
  claimName(scope, 'job', names.job);
  for (const { name, location } of Object.values(names.tables)) {
    claimName(scope, 'table', `${names.database}.${name}`);
    claimName(scope, 'folder', location);
  }
}

/** Deploys the dataset after what it finds by name, if this app deploys that too. */
function dependOnCore(dataset: Construct, core: IEtlCore, layer: Layer): void {
  if (isInSameStage(core, dataset)) {
    const database = layer === Layer.BRONZE ? core.bronzeDatabase : core.goldDatabase;
    dataset.node.addDependency(core.role, database, core.schedulerRole, core.scheduleGroup);
  }
}
