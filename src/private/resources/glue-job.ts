import { Duration, Stack } from 'aws-cdk-lib';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { Construct } from 'constructs';
import { acknowledge } from './nag-suppressions';
import { substituted } from './substituted-text';
import { GlueVersion } from '../../glue-version';
import { IDataset } from '../../i-dataset';
import { Layer } from '../../layer';
import { DatasetNames } from '../../naming';
import { DPU_PER_WORKER, Size } from '../../sizing';
import { TableFormat } from '../../table-format';
import { AUTO_SCALING_ARGUMENT } from '../document/operation-keys';
import { synthError } from '../errors/synth-error';

export interface GlueJobProps {
  readonly names: DatasetNames;
  readonly size: Size;
  readonly roleArn: string;
  readonly maxRetries: number;
  readonly glueVersion: GlueVersion;
  /** The default arguments of the lake. */
  readonly defaultArguments?: { readonly [argument: string]: string };
  readonly description?: string;
  /** The S3 URL of the Python package that the script imports. */
  readonly extraPyFiles: string;
  /** Whether the dataset has a query. */
  readonly hasQuery: boolean;
  /** The hash of the document, script and query of a derived dataset. */
  readonly definition: string;
  /** The datasets whose tables the job reads. */
  readonly inputs?: IDataset[];
  /** The name of the Glue connection. The job runs in its VPC. */
  readonly connection?: string;
  /** Whether runs publish metrics. */
  readonly metrics: boolean;
  /** Whether runs write OpenLineage events. */
  readonly lineage: boolean;
  readonly tableFormat: TableFormat;
  /** How long to keep the superseded snapshots of Iceberg tables. */
  readonly snapshotRetention: Duration;
}

/** The Glue job of a dataset, with the arguments of its script. */
export function createGlueJob(scope: Construct, props: GlueJobProps): CfnJob {
  const { names, size } = props;
  const job = new CfnJob(scope, 'Job', {
    name: names.job,
    description: props.description,
    role: props.roleArn,
    command: { name: 'glueetl', pythonVersion: '3', scriptLocation: substituted(names.script) },
    defaultArguments: jobArguments(scope, props),
    connections: props.connection === undefined ? undefined : { connections: [props.connection] },
    glueVersion: props.glueVersion,
    workerType: size.workerType,
    numberOfWorkers: size.workers,
    timeout: size.timeoutMinutes,
    maxRetries: props.maxRetries,
    executionClass: size.flex ? 'FLEX' : undefined,
    executionProperty: { maxConcurrentRuns: 1 },
  });
  acknowledge(job, 'GL1', 'The log groups of the lake are encrypted, with the key of the lake if it has one.');
  acknowledge(job, 'GL3', 'The job does not use bookmarks.');
  return job;
}

/**
 * Glue allows 260 KB of arguments. The rest is reserved for the arguments of a run.
 * https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
 */
const MAX_ARGUMENT_BYTES = 200_000;

function jobArguments(scope: Construct, props: GlueJobProps): { [argument: string]: string } {
  const { names, size } = props;
  const jobNames = {
    layer: names.layer,
    dataset: names.dataset,
    bucket: names.lake.bucket,
    job: names.job,
    ...(props.tableFormat === TableFormat.PARQUET && { crawler: names.crawler }),
    database: names.database,
    ...(names.layer === Layer.BRONZE && { raw: names.raw }),
    ...(props.inputs !== undefined && { inputs: props.inputs.map(input => inputNames(names, input)) }),
    ...(props.hasQuery && { sql: names.query }),
    staging: names.staging,
    runs: names.runs,
    tables: names.tables,
    timeout_minutes: size.timeoutMinutes,
    auto_scaling: size.autoScaling,
    number_of_workers: size.workers,
    dpu_per_worker: DPU_PER_WORKER[size.workerType],
    ...(props.tableFormat === TableFormat.ICEBERG && { snapshot_retention_hours: props.snapshotRetention.toHours() }),
    ...(names.layer !== Layer.BRONZE && { definition: props.definition }),
    event_source: names.lake.eventSource,
    ...(props.metrics && { metrics_namespace: names.lake.metricsNamespace }),
    ...(props.lineage && { lineage_namespace: lineageNamespace(Stack.of(scope)) }),
  };
  const bytes = Buffer.byteLength(JSON.stringify(jobNames));
  if (bytes > MAX_ARGUMENT_BYTES) {
    throw synthError(
      scope,
      'JOB_ARGUMENTS_TOO_LARGE',
      `the names of ${Object.keys(names.tables).length} tables require ${bytes} bytes of job arguments; `
        + `the maximum is ${MAX_ARGUMENT_BYTES}.`,
      'Split the dataset into several datasets.',
    );
  }
  return {
    ...props.defaultArguments,
    ...(props.tableFormat === TableFormat.ICEBERG && { [DATALAKE_FORMATS]: datalakeFormats(props) }),
    ...(size.autoScaling && { [AUTO_SCALING_ARGUMENT]: 'true' }),
    '--dataset_config': substituted(names.document),
    '--names': substituted(Stack.of(scope).toJsonString(jobNames)),
    '--run_options': '{}',
    '--extra-py-files': substituted(props.extraPyFiles),
    '--TempDir': substituted(names.temp),
    '--custom-logGroup-prefix': names.lake.logGroupPrefix,
  };
}

/** https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-iceberg.html */
const DATALAKE_FORMATS = '--datalake-formats';

/** The data lake formats that the user has set, and Iceberg, separated by commas. */
function datalakeFormats({ defaultArguments }: GlueJobProps): string {
  const formats = defaultArguments?.[DATALAKE_FORMATS] ?? '';
  const list = formats.split(',').map(format => format.trim()).filter(format => format !== '');
  return [...new Set([...list, TableFormat.ICEBERG])].join(',');
}

/**
 * The OpenLineage namespace of the tables in the Data Catalog. The specification uses the partition `aws` for all
 * Regions. https://openlineage.io/docs/spec/naming
 */
function lineageNamespace({ region, account }: Stack): string {
  return `arn:aws:glue:${region}:${account}`;
}

/** The names that the job needs to read an input dataset. */
function inputNames({ lake }: DatasetNames, { layer, dataset }: IDataset): { [name: string]: string } {
  return { dataset: `${layer}/${dataset}`, database: lake.database(layer), runs: lake.runs(layer, dataset) };
}
