import { ArnFormat, Aws, Fn, Stack, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { Layer } from './layer';
import { synthError } from './private/errors/synth-error';
import { LAYER_NAME, LAYERS } from './private/layers';

/** The prefixes that all names of a lake are derived from. */
export interface LakePrefixes {
  readonly resourcePrefix: string;
  readonly databasePrefix?: string;
  readonly existingBucketName?: string;
}

/** The start of the S3 prefixes of all query results. No other prefix of the lake starts with this string. */
export const QUERY_RESULTS = 'athena';

/** The keys of the cost-allocation tags. The tag `medallion:lake` is on all resources that can have tags. */
export const TAG_KEYS = {
  lake: 'medallion:lake',
  layer: 'medallion:layer',
  dataset: 'medallion:dataset',
  pipeline: 'medallion:pipeline',
} as const;

/** The folder of the source files of a dataset, next to its script. */
export const SOURCE_FOLDER = 'source';

/** A table of a dataset: its name in the Glue Data Catalog, and the `s3://` URL of its folder. */
export interface TableNames {
  readonly name: string;
  readonly location: string;
}

/**
 * The names of the shared resources of a lake, in the account and Region of a scope.
 *
 * Each dataset derives them in its own stack, so that no stack needs a cross-stack export.
 */
export class LakeNames {
  readonly resourcePrefix: string;
  readonly databasePrefix: string;
  readonly bucket: string;
  readonly glueRole: string;
  readonly schedulerRole: string;
  /** The role of the state machine that sends alerts. */
  readonly alertRole: string;
  /** The role of the EventBridge rules that start the state machine that sends alerts. */
  readonly eventsRole: string;
  readonly workGroup: string;
  readonly scheduleGroup: string;
  /**
   * The prefix of the log groups of the jobs. Glue 5.0 and later append `/error` and `/output`.
   * https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
   */
  readonly logGroupPrefix: string;
  readonly errorLogGroup: string;
  readonly outputLogGroup: string;
  readonly alertTopic: string;
  /** The state machine that sends alerts. */
  readonly alertStateMachine: string;
  readonly keyAlias: string;
  readonly jobAlertRule: string;
  readonly crawlerAlertRule: string;
  readonly warningAlertRule: string;
  readonly droppedScheduleAlarm: string;
  readonly dashboard: string;
  /** The state machine that handles one dataset of a pipeline. */
  readonly datasetStateMachine: string;
  readonly datasetStateMachineRole: string;
  /** The state machine that checks the freshness of datasets, and its schedule. */
  readonly freshnessStateMachine: string;
  readonly freshnessRole: string;
  readonly freshnessSchedulerRole: string;
  /** The state machine that adds up the DPU-hours of the month, its rule, and the alarm for exceeding the maximum. */
  readonly usageStateMachine: string;
  readonly usageRule: string;
  readonly usageAlarm: string;
  /** The alarm for runs that could not be counted. */
  readonly usageFailureAlarm: string;
  readonly usageRole: string;
  readonly usageEventsRole: string;
  /** The role that AWS Lake Formation assumes to access the tables. */
  readonly lakeFormationRole: string;
  /** The LF-tag with the layer of a database. */
  readonly layerTag: string;
  /** The S3 key of the results of the last freshness check. */
  readonly freshnessState = 'etl/freshness.json';
  /** The S3 prefix of the query results in the workgroup of the lake. */
  readonly queryResults = `${QUERY_RESULTS}/`;
  /** The CloudWatch namespace of the metrics of the lake. */
  readonly metricsNamespace: string;
  /** The source of the EventBridge events that the jobs of the lake send. */
  readonly eventSource: string;
  /** The detail type of the event of a successful run with warnings. */
  readonly warningEvent = 'Run Warnings';

  constructor(scope: IConstruct, prefixes: LakePrefixes) {
    checkPrefix(scope, 'resourcePrefix', prefixes.resourcePrefix, KEBAB_CASE, 'pp-dw');
    if (prefixes.databasePrefix !== undefined) {
      checkPrefix(scope, 'databasePrefix', prefixes.databasePrefix, SNAKE_CASE, 'pp_dw');
    }
    checkExistingBucket(scope, prefixes.existingBucketName);
    this.resourcePrefix = prefixes.resourcePrefix;
    this.databasePrefix = prefixes.databasePrefix ?? snakeCase(prefixes.resourcePrefix);
    this.bucket = prefixes.existingBucketName ?? `${this.resourcePrefix}-${Stack.of(scope).account}`;
    this.glueRole = `${this.resourcePrefix}-glue-role`;
    this.schedulerRole = `${this.resourcePrefix}-scheduler-role`;
    this.alertRole = `${this.resourcePrefix}-alerts-role`;
    this.eventsRole = `${this.resourcePrefix}-events-role`;
    this.workGroup = this.resourcePrefix;
    this.scheduleGroup = this.resourcePrefix;
    this.logGroupPrefix = `/aws-glue/${this.resourcePrefix}`;
    this.errorLogGroup = `${this.logGroupPrefix}/error`;
    this.outputLogGroup = `${this.logGroupPrefix}/output`;
    this.alertTopic = `${this.resourcePrefix}-alerts`;
    this.alertStateMachine = `${this.resourcePrefix}-alerts`;
    this.keyAlias = `alias/${this.resourcePrefix}`;
    this.jobAlertRule = `${this.resourcePrefix}-job-alerts`;
    this.crawlerAlertRule = `${this.resourcePrefix}-crawler-alerts`;
    this.warningAlertRule = `${this.resourcePrefix}-warning-alerts`;
    this.droppedScheduleAlarm = `${this.resourcePrefix}-dropped-schedules`;
    this.dashboard = this.resourcePrefix;
    this.datasetStateMachine = `${this.resourcePrefix}-dataset`;
    this.datasetStateMachineRole = `${this.resourcePrefix}-dataset-role`;
    this.freshnessStateMachine = `${this.resourcePrefix}-freshness`;
    this.freshnessRole = `${this.resourcePrefix}-freshness-role`;
    this.freshnessSchedulerRole = `${this.resourcePrefix}-freshness-scheduler-role`;
    this.usageStateMachine = `${this.resourcePrefix}-usage`;
    this.usageRule = `${this.resourcePrefix}-usage`;
    this.usageAlarm = `${this.resourcePrefix}-usage`;
    this.usageFailureAlarm = `${this.resourcePrefix}-usage-failures`;
    this.usageRole = `${this.resourcePrefix}-usage-role`;
    this.usageEventsRole = `${this.resourcePrefix}-usage-events-role`;
    this.lakeFormationRole = `${this.resourcePrefix}-lake-formation-role`;
    this.layerTag = `${this.resourcePrefix}-layer`;
    this.metricsNamespace = this.resourcePrefix;
    this.eventSource = `medallion.${this.resourcePrefix}`;

    const remedy = 'Use a prefix of at most 49 characters.';
    checkLength(scope, 'bucket', this.bucket, remedy);
    checkLength(scope, 'database', this.database(Layer.BRONZE), remedy);
    checkLength(scope, 'role', this.schedulerRole, remedy);
    checkLength(scope, 'schedule group', this.scheduleGroup, remedy);
    checkLength(scope, 'rule', this.crawlerAlertRule, remedy);
    checkLength(scope, 'state machine', this.datasetStateMachine, remedy);
  }

  database(layer: Layer): string {
    return `${this.databasePrefix}_${layer}`;
  }

  /**
   * The name of a job. For the dataset `*`, it is a pattern that matches all jobs of the layer. For an empty string, it
   * is the prefix that the names of these jobs have in common.
   */
  job(layer: Layer, dataset: string): string {
    return `${this.resourcePrefix}-${layer}-${dataset}`;
  }

  /** The name of the Athena workgroup of a team. */
  teamWorkGroup(team: string): string {
    return `${this.workGroup}-${team}`;
  }

  /** The S3 prefix of the query results of a team. The lifecycle rule for query results covers this prefix. */
  teamQueryResults(team: string): string {
    return `${QUERY_RESULTS}-${team}/`;
  }

  /** The name of the state machine, the schedule and the stack of a pipeline. */
  pipeline(pipeline: string): string {
    return `${this.resourcePrefix}-${pipeline}`;
  }

  /** The `s3://` URL of the folder with the run records and the list of published files of a dataset. */
  runs(layer: Layer, dataset: string): string {
    return this.uri(`etl/${dataset}/runs/${layer}/`);
  }

  /** The S3 prefix of the script, the document and the package of a dataset. */
  scriptFolder(dataset: string): string {
    return `etl/${dataset}/glue/`;
  }

  /** The `s3://` URL of a file in the app that a bronze dataset loads. */
  sourceFile(dataset: string, name: string): string {
    return this.uri(`${this.scriptFolder(dataset)}${SOURCE_FOLDER}/${name}`);
  }

  /** The `s3://` URL of a key or a prefix in the bucket of the lake. */
  uri(key: string): string {
    return `s3://${this.bucket}/${key}`;
  }

  stateMachineArn(scope: IConstruct, stateMachine: string): string {
    return Stack.of(scope).formatArn({
      service: 'states', resource: 'stateMachine', resourceName: stateMachine, arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  executionArn(scope: IConstruct, stateMachine: string, execution: string): string {
    return `${this.stateMachineArn(scope, stateMachine).replace(':stateMachine:', ':execution:')}:${execution}`;
  }

  roleArn(scope: IConstruct, roleName: string): string {
    return Stack.of(scope).formatArn({ service: 'iam', region: '', resource: 'role', resourceName: roleName });
  }
}

/** All names and paths of a dataset in a layer. */
export class DatasetNames {
  readonly job: string;
  readonly crawler: string;
  readonly schedule: string;
  /** The name of the role, if the dataset does not use the shared role. */
  readonly role: string;
  readonly database: string;
  readonly raw: string;
  readonly staging: string;
  readonly runs: string;
  readonly temp: string;
  /** The S3 prefix of the script, the document and the package of the dataset. */
  readonly scriptFolder: string;
  readonly script: string;
  readonly document: string;
  /** The query of a derived dataset. */
  readonly query: string;
  readonly tables: { readonly [key: string]: TableNames };
  /** The crawler prepends it to the name of a table's folder. */
  readonly tablePrefix?: string;

  /**
   * @param tables the keys of the tables; empty for a dataset with one table that has the name of the dataset
   */
  constructor(
    scope: IConstruct,
    readonly lake: LakeNames,
    readonly layer: Layer,
    readonly dataset: string,
    tables: string[] = [],
  ) {
    this.job = lake.job(layer, dataset);
    this.crawler = `${this.job}-crawler`;
    this.schedule = this.job;
    this.role = `${this.job}-role`;
    this.database = lake.database(layer);
    this.raw = lake.uri(`raw/${dataset}/`);
    this.staging = lake.uri(`staging/${layer}/${dataset}/`);
    this.temp = `${this.staging}temp/`;
    this.runs = lake.runs(layer, dataset);
    this.scriptFolder = lake.scriptFolder(dataset);
    this.script = lake.uri(`${this.scriptFolder}${layer}_job.py`);
    this.document = lake.uri(`${this.scriptFolder}${layer}.json`);
    this.query = lake.uri(`${this.scriptFolder}${layer}.sql`);

    const ownTable = snakeCase(dataset);
    const folder = lake.uri(`${layer}/${dataset}/`);
    const keys = tableKeys(dataset, tables);
    if (hasOwnTable(dataset, keys)) {
      this.tables = { [ownTable]: { name: ownTable, location: folder } };
    } else {
      this.tablePrefix = tablePrefix(dataset);
      this.tables = Object.fromEntries(
        keys.map(table => [table, { name: `${this.tablePrefix}${table}`, location: `${folder}${table}/` }]),
      );
    }

    checkLength(scope, 'job', this.job);
    checkLength(scope, 'crawler', this.crawler);
    for (const table of Object.values(this.tables)) {
      checkLength(scope, 'table', table.name);
    }
  }
}

/**
 * The keys of the tables of a dataset. If it declares no tables, its only key is the name of the dataset in snake_case.
 */
export function tableKeys(dataset: string, tables: string[]): string[] {
  return tables.length === 0 ? [snakeCase(dataset)] : [...new Set(tables)];
}

/** The names of the tables in Athena. A table with the name of the dataset has no prefix. */
export function tableNames(dataset: string, keys: string[]): string[] {
  return hasOwnTable(dataset, keys) ? keys : keys.map(key => `${tablePrefix(dataset)}${key}`);
}

/** Whether the dataset has a single table with the name of the dataset. */
function hasOwnTable(dataset: string, keys: string[]): boolean {
  return keys.length === 1 && keys[0] === snakeCase(dataset);
}

/** The prefix of the table names of a dataset that has several tables. */
export function tablePrefix(dataset: string): string {
  return `${snakeCase(dataset)}_`;
}

/** The maximum length of a name in characters. https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html */
const MAX_LENGTH = {
  'bucket': 63,
  'role': 64,
  'schedule': 64,
  'schedule group': 64,
  'rule': 64,
  'state machine': 80,
  'job': 255,
  'crawler': 255,
  'workgroup': 128,
  'database': 255,
  'table': 255,
};

/** Fails if a name is too long for its service. An account that is only known at deployment counts as twelve digits. */
export function checkLength(
  scope: IConstruct, what: keyof typeof MAX_LENGTH, name: string, remedy = 'Use a shorter prefix or dataset name.',
): void {
  const known = name.replace(Aws.ACCOUNT_ID, '123456789012');
  if (!Token.isUnresolved(known) && known.length > MAX_LENGTH[what]) {
    throw synthError(
      scope,
      'NAME_TOO_LONG',
      `the name of the ${what} "${known}" has ${known.length} characters; the maximum is ${MAX_LENGTH[what]}.`,
      remedy,
    );
  }
}

const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const SNAKE_CASE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/** Prefixes that S3 reserves. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const RESERVED_BUCKET_PREFIX = /^(xn--|sthree-|amzn-s3-demo-)/;

function checkPrefix(scope: IConstruct, prop: string, prefix: string, rule: RegExp, example: string): void {
  if (Token.isUnresolved(prefix)) {
    return;
  }
  if (typeof prefix !== 'string' || !rule.test(prefix)) {
    throw synthError(
      scope,
      'PREFIX_INVALID',
      `${prop} is ${prefix === undefined ? 'missing' : JSON.stringify(prefix)}.`,
      `Use lower-case letters, digits and single ${rule === KEBAB_CASE ? 'hyphens' : 'underscores'}, `
        + `starting with a letter, for example "${example}".`,
    );
  }
  const reserved = reservedPrefix(prefix);
  if (reserved) {
    throw synthError(scope, 'PREFIX_INVALID', `${prop} ${reserved.found}.`, reserved.remedy);
  }
}

/** The reason why a valid pipeline name cannot be used. Undefined if it can be used. */
export function reservedPipelineName(
  pipeline: string,
): { readonly found: string; readonly remedy: string } | undefined {
  if (RESERVED_PIPELINES.includes(pipeline)) {
    return { found: `is "${pipeline}", a name that the lake uses for its own resources`, remedy: 'Use another name.' };
  }
  const layer = LAYERS.find(each => pipeline.startsWith(`${each}-`));
  return layer && {
    found: `is "${pipeline}", which has the same prefix as the schedules of ${layer} datasets`,
    remedy: `Use another name, for example "${pipeline.slice(layer.length + 1)}-${layer}".`,
  };
}

/**
 * Names that pipelines cannot have, because their state machine or role would have the name of a resource of the lake.
 */
const RESERVED_PIPELINES = [
  'alerts', 'dataset', 'events', 'freshness', 'glue', 'lake-formation', 'scheduler', 'usage', 'usage-events',
];

/** The reason why a valid prefix cannot be used. Undefined if it can be used. */
export function reservedPrefix(prefix: string): { readonly found: string; readonly remedy: string } | undefined {
  if (RESERVED_BUCKET_PREFIX.test(prefix)) {
    return { found: `is "${prefix}", a prefix that S3 reserves for bucket names`, remedy: 'Use another prefix.' };
  }
  return !LAYER_NAME.test(prefix) ? undefined : {
    found: `is "${prefix}", which contains a layer name: the roles of another lake could get access to this lake`,
    remedy: `Use a prefix without the words ${LAYERS.join(', ')}.`,
  };
}

function checkExistingBucket(scope: IConstruct, name?: string): void {
  if (name !== undefined && !Token.isUnresolved(name) && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
    throw synthError(
      scope,
      'BUCKET_NAME_INVALID',
      `existingBucketName is "${name}", which is not a valid bucket name.`,
      'Use the bucket name only, for example "our-lake".',
    );
  }
}

/** Converts a kebab-case name to snake_case, even if it is only known at deployment. */
function snakeCase(name: string): string {
  return Token.isUnresolved(name) ? Fn.join('_', Fn.split('-', name)) : name.replace(/-/g, '_');
}
