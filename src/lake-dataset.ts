import { Annotations, Stack, Token } from 'aws-cdk-lib';
import { CfnCrawler, CfnJob } from 'aws-cdk-lib/aws-glue';
import { IRole } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { DataQuality } from './data-quality';
import { EtlCore, IEtlCore } from './etl-core';
import { GlueVersion } from './glue-version';
import { Layer } from './layer';
import { checkLength, DatasetNames, LakeNames } from './naming';
import { clearTextAddresses } from './private/api-rules';
import { createCrawler } from './private/crawler';
import { DatasetDefinition } from './private/dataset-definition';
import { checkDocument, datasetSchema } from './private/dataset-document';
import { DatasetDocument } from './private/dataset-document.generated';
import { datasetRole } from './private/dataset-role';
import { checkRules } from './private/dataset-rules';
import { tablesOf } from './private/dataset-tables';
import { isDeployedWith } from './private/deployed-with';
import { createGlueJob } from './private/glue-job';
import { createJobSchedule } from './private/job-schedule';
import { takeName } from './private/names-taken';
import { deployScripts, runtimePackageUri } from './private/script-bundle';
import { synthError } from './private/synth-error';
import { Schedule } from './schedule';
import { SchemaContract } from './schema-contract';
import { DataSizeCategory, MAX_RETRIES, maxDpuHours, sizeOf } from './sizing';

/** A dataset of a lake, in this app or in another: what a gold dataset can be made from. */
export interface IDataset {
  /** The lake the dataset belongs to. */
  readonly core: IEtlCore;
  /** The layer of its tables. */
  readonly layer: Layer;
  /** The name of the dataset. */
  readonly dataset: string;
}

/** What datasets of every layer have in common. */
export interface LakeDatasetProps {
  /** The lake the dataset belongs to. */
  readonly core: IEtlCore;

  /** The name of the dataset in kebab-case, for example `fda-nsde`. Every name and path is made from it; 80 characters at most. */
  readonly dataset: string;

  /** How big the dataset is. It picks the workers and the timeout. */
  readonly dataSizeCategory: DataSizeCategory;

  /**
   * What the dataset holds, in one or two sentences, 2048 characters at most. It goes to the job, the crawler and the table.
   *
   * @default - none
   */
  readonly description?: string;

  /**
   * The columns, by their names in the table, that identify a row of every table. Two rows with the same values fail the run.
   *
   * @default - none, so rows may repeat
   */
  readonly businessKey?: string[];

  /**
   * The same by table, for a dataset of several: from the table, as the dataset calls it, to its columns. Either of the two.
   *
   * @default - businessKey holds for every table
   */
  readonly businessKeys?: { [table: string]: string[] };

  /**
   * What happens when the columns are not those that were published.
   *
   * @default SchemaContract.EVOLVE
   */
  readonly schemaContract?: SchemaContract;

  /**
   * The gates that a run must pass before its tables replace the published ones.
   *
   * @default - at least one row, at most half of the rows lost, at most 1 % of a bronze column's values rescued
   */
  readonly dataQuality?: DataQuality;

  /**
   * When the job runs.
   *
   * @default - only when a person starts it
   */
  readonly schedule?: Schedule;

  /**
   * The Glue version of the job.
   *
   * @default - `glueDefaults.version` of the core, GlueVersion.V5_0 unless it says another
   */
  readonly glueVersion?: GlueVersion;

  /**
   * The role of the dataset's job and crawler, for a dataset that must do more than the others.
   *
   * @default - the role all datasets of the lake share; a role of the dataset's own, `<resourcePrefix>-bronze-<dataset>-role`, with `auth`, a
   * `connection` or a source in a bucket
   */
  readonly role?: IRole;
}

/**
 * A dataset: a job, a crawler, and with a schedule a third resource; the scripts of all datasets of a stack are deployed together.
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
  /** The dataset's own role, if it has one: that of `role`, or the one that it made because the shared role may not do what it needs. */
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
    takeNames(this, names);

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
    comeAfter(this, props.core, layer);

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
  for (const { key, host } of clearTextAddresses(document)) {
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
      throw synthError(scope, `its stack is for the ${what} ${mine}, that of its core "${core.node.path}" for ${its}.`,
        'Deploy both to one environment, or give the other one a core of its own.');
    }
  }
}

function takeNames(scope: Construct, names: DatasetNames): void {
  takeName(scope, 'job', names.job);
  for (const { name, location } of Object.values(names.tables)) {
    takeName(scope, 'table', `${names.database}.${name}`);
    takeName(scope, 'folder', location);
  }
}

/** Deploys the dataset after what it finds by name, if this app deploys that too. */
function comeAfter(dataset: Construct, core: IEtlCore, layer: Layer): void {
  if (isDeployedWith(core, dataset)) {
    const database = layer === Layer.BRONZE ? core.bronzeDatabase : core.goldDatabase;
    dataset.node.addDependency(core.role, database, core.schedulerRole, core.scheduleGroup);
  }
}
