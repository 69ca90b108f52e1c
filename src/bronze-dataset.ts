import { Stack, Token } from 'aws-cdk-lib';
import { CfnCrawler, CfnJob } from 'aws-cdk-lib/aws-glue';
import { IRole } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { ColumnSchema } from './column-schema';
import { DataQuality } from './data-quality';
import { EtlCore, IEtlCore } from './etl-core';
import { FileFormat } from './file-format';
import { GlueVersion } from './glue-version';
import { checkLength, DatasetNames, LakeNames } from './naming';
import { createCrawler } from './private/crawler';
import { checkDocument } from './private/dataset-document';
import { ColumnSchema as ColumnSchemaDocument, DataQuality as DataQualityDocument, DatasetDocument } from './private/dataset-document.generated';
import { checkRules } from './private/dataset-rules';
import { isDeployedWith } from './private/deployed-with';
import { createGlueJob } from './private/glue-job';
import { createJobSchedule } from './private/job-schedule';
import { takeName } from './private/names-taken';
import { deployScripts, runtimePackageUri } from './private/script-bundle';
import { synthError } from './private/synth-error';
import { Schedule } from './schedule';
import { SchemaContract } from './schema-contract';
import { DataSizeCategory, maxDpuHours, SIZES } from './sizing';
import { Source } from './source';

/** What a bronze dataset is called, how big it is, where it comes from and how to read it. */
export interface BronzeDatasetProps {
  /** The lake the dataset belongs to. */
  readonly core: IEtlCore;

  /** The name of the dataset in kebab-case, for example `fda-nsde`. Every name and path is made from it; 80 characters at most. */
  readonly dataset: string;

  /** How big the dataset is. It picks the workers and the timeout. */
  readonly dataSizeCategory: DataSizeCategory;

  /** Where the data comes from. */
  readonly source: Source;

  /**
   * What the dataset holds, in one or two sentences, 2048 characters at most. It goes to the job, the crawler and the table.
   *
   * @default - none
   */
  readonly description?: string;

  /**
   * How many days a run goes back where an address of `source` holds a date and there is no file of the run's own date yet, 366 at most.
   *
   * 0 takes the run's own date or fails.
   *
   * @default 7 - over a weekend and holidays, while a source that died is still noticed
   */
  readonly lookbackDays?: number;

  /**
   * Short form of `fileFormat` when only the delimiter differs from the usual.
   *
   * @default - a comma
   */
  readonly delimiter?: string;

  /**
   * Short form of `fileFormat` when only the dates differ from the usual, for example `yyyyMMdd`.
   *
   * @default - ISO dates: 2024-01-31
   */
  readonly dateFormat?: string;

  /**
   * How to read the files.
   *
   * @default - told from the file, by its ending and then its first bytes; text is CSV with a header, in UTF-8, quoted with double quotes
   */
  readonly fileFormat?: FileFormat;

  /**
   * Which file of a ZIP feeds which table: from the file's name, or a glob such as `Products*.txt`, to the table's name in snake_case.
   *
   * A ZIP with several data files needs it, because the tables are fixed at synth.
   *
   * @default - one table with the dataset's own name
   */
  readonly fileTableMapping?: { [file: string]: string };

  /**
   * What columns are called and what they hold: from the table, as `fileTableMapping` calls it, to its columns by their names in the source.
   *
   * The table of a dataset without `fileTableMapping` is the dataset's own name in snake_case. Columns that are not named here come as they
   * are. A declared type holds from the first publication on; a value that does not fit leaves its cell null and goes to `meta_rescued`.
   *
   * @default - names in snake_case, types guessed at the first publication
   */
  readonly columnSchema?: { [table: string]: { [sourceColumn: string]: ColumnSchema } };

  /**
   * Short form of `columnSchema` for names alone, for all tables: from the name in the source to that in the table.
   *
   * @default - names in snake_case
   */
  readonly columnMappings?: { [sourceColumn: string]: string };

  /**
   * The columns, by their names in the table, that identify a row of every table. Two rows with the same values fail the run.
   *
   * @default - none, so rows may repeat
   */
  readonly businessKey?: string[];

  /**
   * The same by table, for a dataset of several: from the table, as `fileTableMapping` calls it, to its columns. Either of the two.
   *
   * @default - businessKey holds for every table
   */
  readonly businessKeys?: { [table: string]: string[] };

  /**
   * What happens when the source's columns are not those that were published.
   *
   * @default SchemaContract.EVOLVE
   */
  readonly schemaContract?: SchemaContract;

  /**
   * The gates that a run must pass before its tables replace the published ones.
   *
   * @default - at least one row, at most half of the rows lost, at most 1 % of a column's values rescued
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
   * @default - that of the core, GlueVersion.V5_0 unless it says another
   */
  readonly glueVersion?: GlueVersion;

  /**
   * The role of the dataset's job and crawler, for a dataset that must do more than the others.
   *
   * @default - the role all datasets of the lake share
   */
  readonly role?: IRole;
}

/**
 * A dataset as its source says, kept whole in `raw/` and published as one or more tables of the bronze database.
 *
 * It is a job, a crawler, and with a schedule a third resource; the scripts of all datasets of a stack are deployed together.
 */
export class BronzeDataset extends Construct {
  /** The name of the dataset. */
  public readonly dataset: string;
  /** The lake the dataset belongs to. */
  public readonly core: IEtlCore;
  /** Fetches the source and publishes the tables. */
  public readonly job: CfnJob;
  /** Puts the tables into the catalog when a person starts it. */
  public readonly crawler: CfnCrawler;
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

  constructor(scope: Construct, id: string, props: BronzeDatasetProps) {
    super(scope, id);
    checkKinds(this, props);
    const document = toDocument(this, props);
    checkDocument(this, document);
    checkEnvironment(this, props.core);

    const lake = new LakeNames(this, props.core);
    const names = new DatasetNames(this, lake, 'bronze', props.dataset, Object.values(props.fileTableMapping ?? {}));
    checkRules(this, document, Object.keys(names.tables));
    takeNames(this, names);

    const size = SIZES[props.dataSizeCategory];
    const roleArn = this.roleArn(props, lake);
    const description = props.description;

    this.job = createGlueJob(this, {
      names, size, roleArn, description, glueVersion: props.glueVersion ?? props.core.glueVersion, extraPyFiles: runtimePackageUri(names),
    });
    this.crawler = createCrawler(this, { names, roleArn, description });
    if (document.schedule) {
      checkLength(this, 'schedule', names.schedule);
      this.schedule = createJobSchedule(this, { names, schedule: document.schedule, job: this.job });
    }
    deployScripts(this, { names, document, job: this.job, core: props.core });
    comeAfter(this, props.core);

    this.dataset = props.dataset;
    this.core = props.core;
    this.jobName = names.job;
    this.crawlerName = names.crawler;
    this.databaseName = names.database;
    this.tableNames = Object.values(names.tables).map(table => table.name);
    this.document = JSON.stringify(document);
    this.maxDpuHours = maxDpuHours(size);
  }

  /** The shared role goes by its name, also when it is given: its ARN from another stack would be an export. */
  private roleArn({ role, core }: BronzeDatasetProps, lake: LakeNames): string {
    const isShared = role === undefined || (core instanceof EtlCore && role === core.role);
    return isShared ? lake.roleArn(this, lake.glueRole) : role.roleArn;
  }
}

/** Where nobody checks types, a prop of another kind would count as left out: a schedule of aws-events, say, would never start anything. */
function checkKinds(scope: Construct, { core, source, fileFormat, schedule }: BronzeDatasetProps): void {
  const kinds: [string, unknown, string, string][] = [
    ['core', core, 'resourcePrefix', 'an EtlCore: new EtlCore(…) or EtlCore.fromPrefixes(…)'],
    ['source', source, '_address', 'a Source: Source.url("https://…")'],
    ...fileFormat === undefined ? [] : [['fileFormat', fileFormat, '_document', 'a FileFormat: FileFormat.csv({…})'] as [string, unknown, string, string]],
    ...schedule === undefined ? [] : [['schedule', schedule, '_document', 'a Schedule of cdk-glue-medallion: Schedule.cron("0 6 * * ? *")'] as [string, unknown, string, string]],
  ];
  for (const [prop, value, mark, expected] of kinds) {
    if (typeof value !== 'object' || value === null || !(mark in value)) {
      throw synthError(scope, `${prop} is ${value === undefined ? 'missing' : 'of another kind'}.`, `Give it ${expected}.`);
    }
  }
}

/** The props as the document that the job reads, with the keys that were set and no others. */
function toDocument(scope: Construct, props: BronzeDatasetProps): DatasetDocument {
  return {
    dataset: props.dataset,
    description: props.description,
    data_size_category: props.dataSizeCategory,
    source_url: props.source._address,
    lookback_days: props.lookbackDays,
    delimiter: props.delimiter,
    date_format: props.dateFormat,
    file_format: props.fileFormat?._document,
    file_table_mapping: props.fileTableMapping,
    column_schema: props.columnSchema && mapValues(props.columnSchema, columns => mapValues(columns, columnDocument)),
    column_mappings: props.columnMappings,
    business_key: props.businessKey,
    business_keys: props.businessKeys,
    schema_contract: props.schemaContract,
    data_quality: props.dataQuality && dataQualityDocument(scope, props.dataQuality),
    schedule: props.schedule?._document,
    glue_version: props.glueVersion,
  };
}

/** Without the keys that are not set: a column that says nothing is refused. */
function columnDocument({ targetName, type, format }: ColumnSchema): ColumnSchemaDocument {
  return {
    ...targetName !== undefined && { target_name: targetName },
    ...type !== undefined && { type },
    ...format !== undefined && { format },
  };
}

function dataQualityDocument(scope: Construct, quality: DataQuality): DataQualityDocument {
  for (const prop of ['requiredColumns', 'expectedRecordCountMin'] as const) {
    if (quality[prop] !== undefined && quality[`${prop}ByTable`] !== undefined) {
      throw synthError(scope, `dataQuality has both ${prop} and ${prop}ByTable.`, 'Set one of them.');
    }
  }
  return {
    required_columns: quality.requiredColumns ?? quality.requiredColumnsByTable,
    critical_null_threshold: quality.criticalNullThreshold,
    expected_record_count_min: quality.expectedRecordCountMin ?? quality.expectedRecordCountMinByTable,
    max_shrink: quality.maxShrink,
    max_rescued_share: quality.maxRescuedShare,
  };
}

function mapValues<From, To>(map: { [key: string]: From }, value: (from: From) => To): { [key: string]: To } {
  return Object.fromEntries(Object.entries(map).map(([key, from]) => [key, value(from)]));
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
function comeAfter(dataset: Construct, core: IEtlCore): void {
  if (isDeployedWith(core, dataset)) {
    dataset.node.addDependency(core.role, core.bronzeDatabase, core.schedulerRole, core.scheduleGroup);
  }
}
