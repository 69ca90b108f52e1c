import { Annotations, Stack, Stage, Token } from 'aws-cdk-lib';
import { Grant, IGrantable, IRole, IUser, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { tableNamesOf } from './dataset-table-names';
import { grantStatements, stackOfGrantee } from './grants';
import { grantSelect } from './lake-formation';
import { keyArnIn, objectKeyStatement } from './lake-key';
import { bucketLocationStatement } from './policy-statements';
import { Statements } from './shared-policies';
import { substituted } from './substituted-text';
import { IDataset } from '../../i-dataset';
import { IEtlCore, QueryGrantOptions } from '../../i-etl-core';
import { Layer } from '../../layer';
import { LakeNames } from '../../naming';
import { checkStruct, PropTypes } from '../errors/prop-types';
import { synthError } from '../errors/synth-error';
import { LAYERS } from '../layers';

/** The tables that a grantee can read: all tables of a layer, or the tables of one dataset. */
export interface ReadableTables {
  readonly layer: Layer;
  readonly database: string;
  /** Undefined for all datasets of the layer. */
  readonly dataset?: string;
  /** The names of the tables. Undefined for all tables of the database. */
  readonly tables?: string[];
}

/** The workgroup in which a grantee runs queries, the location of the results, and the key of the lake. */
export interface QueryGrantProps {
  /** The name of the workgroup. */
  readonly workGroup: string;
  /** The S3 prefix of the results, with a trailing slash. */
  readonly results: string;
  /** The key of the lake. Undefined if another app deploys the core, or the lake has no key. */
  readonly key?: IKey;
}

/** Allows a grantee to run queries in a workgroup. Implements `grantQuery` of the core and of a team. */
export function grantQuery(
  core: IEtlCore, grantee: IGrantable, { workGroup, results, key }: QueryGrantProps, options: QueryGrantOptions = {},
): Grant {
  const stack = Stack.of(core);
  const names = new LakeNames(core, core);
  const readable = readableTables(core, names, options);
  const grant = grantStatements(core, grantee, [
    ...athenaStatements(stack, workGroup),
    ...resultsStatements(stack, names, results),
    ...readStatements(core, grantee, readable, { key, results }),
  ]);
  grantLakeFormation(core, grantee, readable);
  return grant;
}

/**
 * Grants SELECT on tables in Lake Formation if the lake uses it. Fails if Lake Formation does not support the grantee.
 */
export function grantLakeFormation(
  core: IEtlCore, { grantPrincipal: principal }: IGrantable, readable: ReadableTables[],
): void {
  if (!core.lakeFormation) {
    return;
  }
  if (!isRole(principal) && !isUser(principal)) {
    throw synthError(
      core,
      'VALUE_INVALID',
      'the grantee is neither a role nor a user, and lakeFormation is true.',
      'Grant access to a role or a user: Lake Formation does not support IAM groups.',
    );
  }
  const named = readable.flatMap(({ database, tables = [] }) => tables.map(table => `${database}.${table}`));
  if (named.length > 0) {
    Annotations.of(core).addWarningV2('cdk-glue-medallion:lake-formation-tables',
      `the deployment of the Lake Formation grants on ${named.join(', ')} fails until these tables exist. Deploy and `
        + 'run the datasets before you add grantRead, or grantQuery with datasets. Or grant complete layers with '
        + 'grantQuery.');
  }
  grantSelect({ principal, readable, core: Stage.of(core) === Stage.of(principal) ? core : undefined });
}

function isRole(principal: object): principal is IRole {
  return 'roleArn' in principal;
}

function isUser(principal: object): principal is IUser {
  return 'userArn' in principal;
}

/** The tables that the options select. Fails if they contradict each other, or name a dataset of another lake. */
export function readableTables(core: IEtlCore, names: LakeNames, options: QueryGrantOptions): ReadableTables[] {
  checkStruct(core, 'options', options, OPTIONS);
  const { layers, datasets } = options;
  for (const layer of layers ?? []) {
    if (!LAYERS.includes(layer)) {
      throw synthError(
        core,
        'VALUE_INVALID',
        `"layers" contains ${JSON.stringify(layer)}, which is not a layer.`,
        'Use Layer.BRONZE, Layer.SILVER or Layer.GOLD.',
      );
    }
  }
  if (layers?.length === 0) {
    throw synthError(
      core, 'VALUE_INVALID', '"layers" is empty.',
      'Add a layer, or omit "layers" to grant access only to the gold layer.',
    );
  }
  if (datasets === undefined) {
    return [...new Set(layers ?? [Layer.GOLD])].map(layer => ({ layer, database: names.database(layer) }));
  }
  if (datasets.length === 0) {
    throw synthError(
      core, 'DATASETS_REQUIRED', '"datasets" is empty.',
      'Add a dataset, or omit "datasets" to grant access to complete layers.',
    );
  }
  datasets.forEach((dataset, index) => checkDataset(core, `datasets[${index}]`, dataset));
  checkLayersOfDatasets(core, layers, datasets);
  return datasets.map(dataset => tablesOfDataset(names, dataset));
}

/** The tables of one dataset. */
export function tablesOfDataset(names: LakeNames, dataset: IDataset): ReadableTables {
  const { layer } = dataset;
  return {
    layer, database: names.database(layer), dataset: dataset.dataset, tables: tableNamesOf(names, dataset),
  };
}

const OPTIONS: PropTypes<QueryGrantOptions> = { layers: 'unchecked', datasets: 'unchecked' };

function checkDataset(core: IEtlCore, prop: string, dataset: IDataset): void {
  if (typeof dataset !== 'object' || dataset === null || !('layer' in dataset)) {
    throw synthError(
      core, 'PROP_TYPE_INVALID', `${prop} has the wrong type.`,
      'Use a dataset: a BronzeDataset, a SilverDataset or a GoldDataset.',
    );
  }
  const { resourcePrefix, existingBucketName } = dataset.core;
  if (
    ![resourcePrefix, core.resourcePrefix].some(prefix => Token.isUnresolved(prefix))
    && (resourcePrefix !== core.resourcePrefix || existingBucketName !== core.existingBucketName)
  ) {
    throw synthError(
      core,
      'LAKE_MISMATCH',
      `${prop} is "${dataset.dataset}", which belongs to the lake "${resourcePrefix}".`,
      `Use datasets of the lake "${core.resourcePrefix}", or call grantQuery on the core of the other lake.`,
    );
  }
}

/** `datasets` limits `layers`, so each layer must have a dataset, and each dataset must belong to one of the layers. */
function checkLayersOfDatasets(core: IEtlCore, layers: Layer[] | undefined, datasets: IDataset[]): void {
  if (layers === undefined) {
    return;
  }
  const outside = datasets.find(({ layer }) => !layers.includes(layer));
  const unused = layers.find(layer => !datasets.some(dataset => dataset.layer === layer));
  if (outside || unused) {
    throw synthError(
      core,
      'SETTINGS_CONFLICT',
      outside
        ? `"datasets" contains "${outside.dataset}" of the layer ${outside.layer}, which is not in "layers".`
        : `"layers" contains ${unused}, but "datasets" has no dataset of this layer.`,
      'Omit "layers" to grant access only to the datasets. To grant access to a complete layer as well, call '
        + 'grantQuery a second time.',
    );
  }
}

/**
 * The actions that a user needs to run and save queries in one workgroup, and to find tables in the console.
 *
 * https://docs.aws.amazon.com/athena/latest/ug/tags-access-control.html
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html
 */
function athenaStatements(stack: Stack, workGroup: string): Statements[] {
  const athena = (resource: string, resourceName: string) =>
    substituted(stack.formatArn({ service: 'athena', resource, resourceName }));
  return [{
    list: [
      new PolicyStatement({
        actions: [
          'athena:GetWorkGroup', 'athena:StartQueryExecution', 'athena:StopQueryExecution', 'athena:GetQueryExecution',
          'athena:BatchGetQueryExecution', 'athena:ListQueryExecutions', 'athena:GetQueryResults',
          'athena:GetQueryResultsStream', 'athena:GetQueryRuntimeStatistics', 'athena:CreateNamedQuery',
          'athena:GetNamedQuery', 'athena:BatchGetNamedQuery', 'athena:ListNamedQueries', 'athena:UpdateNamedQuery',
          'athena:DeleteNamedQuery', 'athena:CreatePreparedStatement', 'athena:GetPreparedStatement',
          'athena:ListPreparedStatements', 'athena:UpdatePreparedStatement', 'athena:DeletePreparedStatement',
        ],
        resources: [athena('workgroup', workGroup)],
      }),
      // Athena also checks the permissions of the caller in AWS Glue.
      new PolicyStatement({
        actions: [
          'athena:GetDataCatalog', 'athena:GetDatabase', 'athena:ListDatabases', 'athena:GetTableMetadata',
          'athena:ListTableMetadata',
        ],
        resources: [athena('datacatalog', 'AwsDataCatalog')],
      }),
      // These actions do not support resource-level permissions. The console needs them to list the available choices.
      new PolicyStatement({
        actions: ['athena:ListWorkGroups', 'athena:ListDataCatalogs', 'athena:ListEngineVersions'],
        resources: ['*'],
      }),
    ],
    wildcards: 'The list actions of Athena do not support resource-level permissions.',
  }];
}

/**
 * The permissions to read and write query results: Athena writes them with the permissions of the caller. The policy
 * AmazonAthenaFullAccess has the same actions.
 *
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAthenaFullAccess.html
 */
function resultsStatements(stack: Stack, names: LakeNames, results: string): Statements[] {
  const arn = `arn:${stack.partition}:s3:::${names.bucket}`;
  return [{
    list: [
      new PolicyStatement({
        actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
        resources: [substituted(`${arn}/${results}*`)],
      }),
      // This action does not support a condition for the prefix.
      new PolicyStatement({ actions: ['s3:ListBucketMultipartUploads'], resources: [substituted(arn)] }),
    ],
    wildcards: 'Athena names the query results. The pattern is the prefix of the workgroup in the lake bucket.',
  }];
}

/**
 * The permissions to read tables: their objects, their metadata in the Data Catalog, and the key of the lake.
 *
 * A table of any format has all its objects, including the metadata of Iceberg, in the folder of its dataset.
 *
 * @param results the S3 prefix of query results; undefined for readers that do not use Athena
 */
export function readStatements(
  core: IEtlCore, grantee: IGrantable, readable: ReadableTables[], { key, results }: Partial<QueryGrantProps>,
): Statements[] {
  const stack = Stack.of(core);
  const names = new LakeNames(core, core);
  const isQuery = results !== undefined;
  const arn = `arn:${stack.partition}:s3:::${names.bucket}`;
  // Lake Formation gives readers credentials for the objects of tables. Access in IAM would circumvent it.
  const { lakeFormation } = core;
  const prefixes = lakeFormation ? [] : [...new Set(readable.map(({ layer, dataset }) =>
    dataset === undefined ? `${layer}/*` : `${layer}/${dataset}/*`))];
  const listed = [...prefixes, ...isQuery ? [`${results}*`] : []];
  return [
    {
      list: [
        ...lakeFormation ? [] : [new PolicyStatement({
          actions: ['s3:GetObject'],
          resources: prefixes.map(prefix => substituted(`${arn}/${prefix}`)),
        })],
        ...listed.length === 0 ? [] : [new PolicyStatement({
          actions: ['s3:ListBucket'],
          resources: [substituted(arn)],
          conditions: { StringLike: { 's3:prefix': listed } },
        })],
        bucketLocationStatement(stack, names),
      ],
      wildcards: 'Jobs generate object keys. Each pattern is the prefix of a layer or a dataset in the lake bucket.',
    },
    {
      list: [catalogReadStatement(stack, readable, isQuery)],
      wildcards: 'The grant includes future tables of the layer. The database belongs to the lake.',
    },
    // This action does not support resource-level permissions. The grants of Lake Formation limit it.
    ...lakeFormation
      ? [{ list: [new PolicyStatement({ actions: ['lakeformation:GetDataAccess'], resources: ['*'] })] }]
      : [],
    // Lake Formation decrypts tables with its own role.
    ...core.encrypted && (isQuery || !lakeFormation)
      ? [{
        list: [objectKeyStatement(
          stack, names, keyArnIn(stackOfGrantee(core, grantee), key),
          isQuery ? ['kms:Decrypt', 'kms:GenerateDataKey'] : ['kms:Decrypt'],
        )],
        wildcards: 'Another stack owns the key. A condition limits its use to objects of the lake bucket.',
      }]
      : [],
  ];
}

/**
 * Allows reading metadata in the Data Catalog. Requests need permissions for a table and for its ancestors, the
 * database and the catalog. Athena also requires a permission for the database `default`.
 *
 * https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
 */
function catalogReadStatement(stack: Stack, readable: ReadableTables[], isQuery: boolean): PolicyStatement {
  const glue = (resource: string, resourceName?: string) =>
    substituted(stack.formatArn({ service: 'glue', resource, resourceName }));
  const databases = [...new Set(readable.map(({ database }) => database))];
  const tables = readable.flatMap(({ database, tables: names = ['*'] }) => names.map(name => `${database}/${name}`));
  return new PolicyStatement({
    actions: [
      'glue:GetDatabase', 'glue:GetDatabases', 'glue:GetTable', 'glue:GetTables', 'glue:GetPartition',
      'glue:GetPartitions', 'glue:BatchGetPartition',
    ],
    resources: [
      glue('catalog'),
      ...[...databases, ...isQuery ? ['default'] : []].map(database => glue('database', database)),
      ...[...new Set(tables)].map(table => glue('table', table)),
    ],
  });
}
