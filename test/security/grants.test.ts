import { App, Stack } from 'aws-cdk-lib';
import { AccountPrincipal, IGrantable, Role, User } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Call, isAllowed, Policy } from './policy-evaluator';
import {
  BronzeDataset, DerivedDataset, EtlCore, EtlCorePrefixes, EtlCoreProps, GoldDataset, IEtlCore, Layer, SilverDataset,
  TableFormat, TeamWorkGroup,
} from '../../src';
import { resources } from '../assembly';
import { bronze, derived, ENV, gold, PREFIXES } from '../layouts';

const BUCKET = 'arn:aws:s3:::pp-dw-123456789012';
const OTHER_LAKE = 'arn:aws:s3:::pp-dw-dev-123456789012';
const GLUE = 'arn:aws:glue:eu-central-1:123456789012';
const ATHENA = 'arn:aws:athena:eu-central-1:123456789012';
const KMS = 'arn:aws:kms:eu-central-1:123456789012:key';
const LAKE_KEY = `${KMS}/11111111-1111-1111-1111-111111111111`;
const OTHER_KEY = `${KMS}/22222222-2222-2222-2222-222222222222`;
const THROUGH_S3 = { 'kms:ViaService': 's3.eu-central-1.amazonaws.com', 'kms:EncryptionContext:aws:s3:arn': BUCKET };
const PRINCIPAL = 'arn:aws:iam::123456789012:role/analysts';
const KEY_POLICY: Policy = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' },
  ],
};

type Row = [action: string, resource: string, context?: Call['context']];

/** A lake with datasets whose names are prefixes of each other, and a principal that gets the grants of a test. */
interface GrantLake {
  readonly core: IEtlCore;
  readonly stack: Stack;
  readonly grantee: IGrantable;
}

function lakeOf(core: (stack: Stack) => IEtlCore): GrantLake {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  const grantee = new Role(stack, 'Analysts', {
    roleName: 'analysts', assumedBy: new AccountPrincipal(ENV.account),
  });
  return { core: core(stack), stack, grantee };
}

const deployed = (props: Partial<EtlCoreProps> = {}) =>
  lakeOf(stack => new EtlCore(stack, 'Core', { ...PREFIXES, ...props }));
const imported = (prefixes: Partial<EtlCorePrefixes> = {}) =>
  lakeOf(stack => EtlCore.fromPrefixes(stack, 'Core', { ...PREFIXES, ...prefixes }));
const encrypted = () =>
  lakeOf(stack => new EtlCore(stack, 'Core', {
    ...PREFIXES, encryptionKey: Key.fromKeyArn(stack, 'Key', LAKE_KEY),
  }));

/** The policies of the principals that a test grants to. */
function policiesOf({ stack }: GrantLake): Policy[] {
  return [...resources(stack, 'AWS::IAM::Policy'), ...resources(stack, 'AWS::IAM::ManagedPolicy')]
    .filter(({ id }) => /^Analysts/.test(id))
    .map(({ Properties }) => Properties.PolicyDocument as Policy);
}

/** Tests all calls that a grant allows, and all that it does not allow. One test per row would take minutes. */
function table(name: string, grant: () => GrantLake, allowed: Row[], denied: Row[]): void {
  test.each([['allowed', true, allowed], ['denied', false, denied]] as const)(
    `${name}: what is %s`,
    async (_, expected, rows) => {
      const policies = policiesOf(grant());
      expect(policies).not.toEqual([]);
      const wrong: Row[] = [];
      for (const [action, resource, context] of rows) {
        const resourcePolicy = action.startsWith('kms:') ? KEY_POLICY : undefined;
        if (await isAllowed(PRINCIPAL, { action, resource, context }, policies, resourcePolicy) !== expected) {
          wrong.push([action, resource, context]);
        }
      }
      expect(wrong).toEqual([]);
    },
    60_000,
  );
}

const get = (key: string, bucket = BUCKET): Row => ['s3:GetObject', `${bucket}/${key}`];
const list = (prefix: string, bucket = BUCKET): Row => ['s3:ListBucket', bucket, { 's3:prefix': prefix }];
const workGroup = (name: string): Row[] => [
  'GetWorkGroup', 'StartQueryExecution', 'StopQueryExecution', 'GetQueryExecution', 'BatchGetQueryExecution',
  'ListQueryExecutions', 'GetQueryResults', 'GetQueryResultsStream', 'GetQueryRuntimeStatistics', 'CreateNamedQuery',
  'GetNamedQuery', 'BatchGetNamedQuery', 'ListNamedQueries', 'UpdateNamedQuery', 'DeleteNamedQuery',
  'CreatePreparedStatement', 'GetPreparedStatement', 'ListPreparedStatements', 'UpdatePreparedStatement',
  'DeletePreparedStatement',
].map(action => [`athena:${action}`, `${ATHENA}:workgroup/${name}`]);
const results = (prefix: string): Row[] => [
  get(`${prefix}/result.csv`), ['s3:PutObject', `${BUCKET}/${prefix}/result.csv`],
  ['s3:AbortMultipartUpload', `${BUCKET}/${prefix}/result.csv`],
  ['s3:ListMultipartUploadParts', `${BUCKET}/${prefix}/result.csv`], list(`${prefix}/`),
];
const catalog = (database: string, name: string): Row[] => [
  ['glue:GetTable', `${GLUE}:table/${database}/${name}`], ['glue:GetPartitions', `${GLUE}:table/${database}/${name}`],
  ['glue:BatchGetPartition', `${GLUE}:table/${database}/${name}`],
];
const database = (name: string): Row => ['glue:GetDatabase', `${GLUE}:database/${name}`];
const ALL_TABLES = (layer: string): Row[] => [
  get(`${layer}/ndc/part.parquet`), list(`${layer}/`), list(`${layer}/ndc/`), database(`pp_dw_${layer}`),
  ...catalog(`pp_dw_${layer}`, 'ndc'), ...catalog(`pp_dw_${layer}`, 'ndc_packages'),
];

/** What every grantee of a query needs in Athena, besides its workgroup. */
const CONSOLE: Row[] = [
  ['athena:ListWorkGroups', '*'], ['athena:ListDataCatalogs', '*'], ['athena:ListEngineVersions', '*'],
  ['athena:GetDataCatalog', `${ATHENA}:datacatalog/AwsDataCatalog`],
  ['athena:ListDatabases', `${ATHENA}:datacatalog/AwsDataCatalog`],
  ['athena:ListTableMetadata', `${ATHENA}:datacatalog/AwsDataCatalog`],
  ['s3:GetBucketLocation', BUCKET], ['s3:ListBucketMultipartUploads', BUCKET],
  ['glue:GetTable', `${GLUE}:catalog`], database('default'),
];

/** What no grantee may do. */
const DENIED: Row[] = [
  get('raw/ndc/run_id=1/ndc.zip'), get('staging/gold/ndc/part'), get('etl/ndc/glue/gold_job.py'),
  get('etl/ndc/runs/gold/published.json'), get('etl/freshness.json'), get('other/file'),
  list('raw/'), list('staging/'), list('etl/'), list(''), ['s3:ListBucket', BUCKET],
  ...['raw', 'bronze', 'silver', 'gold', 'staging', 'etl'].flatMap((prefix): Row[] => [
    ['s3:PutObject', `${BUCKET}/${prefix}/ndc/part.parquet`],
    ['s3:DeleteObject', `${BUCKET}/${prefix}/ndc/part.parquet`],
  ]),
  ['s3:DeleteObject', `${BUCKET}/athena/result.csv`], ['s3:GetObjectVersion', `${BUCKET}/gold/ndc/part.parquet`],
  ['s3:PutBucketPolicy', BUCKET], ['s3:DeleteBucket', BUCKET],
  get('gold/ndc/part.parquet', OTHER_LAKE), list('gold/', OTHER_LAKE),
  ...workGroup('pp-dw-dev'), ...workGroup('primary'),
  ['athena:UpdateWorkGroup', `${ATHENA}:workgroup/pp-dw`], ['athena:DeleteWorkGroup', `${ATHENA}:workgroup/pp-dw`],
  ['athena:UpdateWorkGroup', `${ATHENA}:workgroup/pp-dw-finance`],
  ['athena:CreateDataCatalog', `${ATHENA}:datacatalog/other`],
  ...catalog('pp_dw_dev_gold', 'ndc'), ...catalog('default', 'ndc'), database('pp_dw_dev_gold'),
  ...['CreateTable', 'UpdateTable', 'DeleteTable', 'BatchCreatePartition'].map((action): Row =>
    [`glue:${action}`, `${GLUE}:table/pp_dw_gold/ndc`]),
  ['glue:CreateDatabase', `${GLUE}:database/pp_dw_gold`], ['glue:UpdateDatabase', `${GLUE}:database/pp_dw_gold`],
  ['glue:UpdateJob', `${GLUE}:job/pp-dw-gold-ndc`], ['glue:StartCrawler', `${GLUE}:crawler/pp-dw-gold-ndc-crawler`],
  ['iam:PassRole', 'arn:aws:iam::123456789012:role/pp-dw-glue-role'],
  ['sts:AssumeRole', 'arn:aws:iam::123456789012:role/pp-dw-glue-role'],
  ['kms:Decrypt', LAKE_KEY], ['kms:Encrypt', LAKE_KEY, THROUGH_S3], ['kms:CreateGrant', LAKE_KEY],
  ['kms:Decrypt', LAKE_KEY, { ...THROUGH_S3, 'kms:EncryptionContext:aws:s3:arn': OTHER_LAKE }],
  ['kms:Decrypt', LAKE_KEY, { ...THROUGH_S3, 'kms:ViaService': 'secretsmanager.eu-central-1.amazonaws.com' }],
];
const START: Row[] = ['StartJobRun', 'GetJob', 'GetJobRun', 'GetJobRuns'].map(action =>
  [`glue:${action}`, `${GLUE}:job/pp-dw-gold-ndc`]);
const STOP: Row = ['glue:BatchStopJobRun', `${GLUE}:job/pp-dw-gold-ndc`];
const USES_KEY: Row[] = [
  ['kms:Decrypt', LAKE_KEY, THROUGH_S3], ['kms:GenerateDataKey', LAKE_KEY, THROUGH_S3],
  ['kms:Decrypt', LAKE_KEY, { ...THROUGH_S3, 'kms:EncryptionContext:aws:s3:arn': `${BUCKET}/gold/ndc/part.parquet` }],
];
const LAKE: Row[] = [...workGroup('pp-dw'), ...results('athena'), ...CONSOLE];
const TEAMS: Row[] = ['finance', 'finance-eu'].flatMap(team =>
  [...workGroup(`pp-dw-${team}`), ...results(`athena-${team}`)]);
const NEVER: Row[] = [...DENIED, ...START, STOP];

const ndc = ({ stack, core }: GrantLake, props = {}): DerivedDataset =>
  gold({ stack, core }, { dataset: 'ndc', ...props }, 'Ndc');
const packages = ({ stack, core }: GrantLake): DerivedDataset =>
  gold({ stack, core }, { dataset: 'ndc-packages' }, 'Packages');
const NDC_DATABASE = database('pp_dw_gold');
/** Calls on the table of the dataset `ndc`. */
const NDC: Row[] = [
  get('gold/ndc/part.parquet'), get('gold/ndc/metadata/1/v1.metadata.json'), get('gold/ndc/data/1-part.parquet'),
  list('gold/ndc/'), list('gold/ndc/metadata/'), NDC_DATABASE, ...catalog('pp_dw_gold', 'ndc'),
];
/** Calls on the table of a dataset whose name starts with the name of another dataset. */
const PACKAGES: Row[] = [
  get('gold/ndc-packages/part.parquet'), list('gold/ndc-packages/'), ...catalog('pp_dw_gold', 'ndc_packages'),
];
const OTHERS: Row[] = [
  ...PACKAGES, list('gold/'), list('gold/ndc'), get('gold/ndcx/part'), get('gold/other/part'),
  ...catalog('pp_dw_gold', 'ndc_x'), ...catalog('pp_dw_gold', 'other'),
  ...ALL_TABLES('bronze'), ...ALL_TABLES('silver'),
];

function granted(lake: GrantLake, ...options: Parameters<IEtlCore['grantQuery']>[1][]): GrantLake {
  (options.length === 0 ? [undefined] : options).forEach(each => lake.core.grantQuery(lake.grantee, each));
  return lake;
}

table('grantQuery without options allows gold only', () => granted(deployed()),
  [...LAKE, ...ALL_TABLES('gold')],
  [...NEVER, ...ALL_TABLES('bronze'), ...ALL_TABLES('silver'), ...TEAMS, ...USES_KEY]);

table('grantQuery of an imported core allows the same', () => granted(imported()),
  [...LAKE, ...ALL_TABLES('gold')],
  [...NEVER, ...ALL_TABLES('bronze'), ...ALL_TABLES('silver'), ...TEAMS, ...USES_KEY]);

table('grantQuery to a user allows the same',
  () => {
    const lake = deployed();
    return granted({ ...lake, grantee: new User(lake.stack, 'AnalystsUser') });
  },
  [...LAKE, ...ALL_TABLES('gold')],
  [...NEVER, ...ALL_TABLES('bronze'), ...ALL_TABLES('silver'), ...TEAMS, ...USES_KEY]);

table('grantQuery on layers allows these layers', () => granted(deployed(), { layers: [Layer.BRONZE, Layer.SILVER] }),
  [...LAKE, ...ALL_TABLES('bronze'), ...ALL_TABLES('silver')], [...NEVER, ...ALL_TABLES('gold'), ...TEAMS]);

table('grantQuery on a dataset does not allow a dataset whose name starts with the same word',
  () => {
    const lake = deployed();
    packages(lake);
    return granted(lake, { datasets: [ndc(lake)] });
  },
  [...LAKE, ...NDC], [...NEVER, ...OTHERS, ...TEAMS]);

table('grantQuery on the dataset with the longer name does not allow the one with the shorter name',
  () => {
    const lake = deployed();
    ndc(lake);
    return granted(lake, { datasets: [packages(lake)] });
  },
  [...LAKE, ...PACKAGES], [...NEVER, ...NDC.filter(row => row !== NDC_DATABASE)]);

table('grantQuery on a dataset of another app allows one table with its name',
  () => {
    const lake = imported();
    return granted(lake, { datasets: [GoldDataset.fromName(lake.core, 'ndc')] });
  },
  [...LAKE, ...NDC], [...NEVER, ...OTHERS]);

table('grantQuery on a dataset of another app allows the tables in its list',
  () => {
    const lake = imported();
    return granted(lake, { datasets: [GoldDataset.fromName(lake.core, 'ndc', ['a', 'b'])] });
  },
  [...LAKE, get('gold/ndc/a/part'), ...catalog('pp_dw_gold', 'ndc_a'), ...catalog('pp_dw_gold', 'ndc_b')],
  [...NEVER, ...OTHERS, ...catalog('pp_dw_gold', 'ndc')]);

table('grantQuery on datasets of several layers',
  () => {
    const lake = deployed();
    return granted(lake, {
      datasets: [BronzeDataset.fromName(lake.core, 'ndc'), SilverDataset.fromName(lake.core, 'ndc')],
    });
  },
  [
    ...LAKE, get('bronze/ndc/part'), get('silver/ndc/part'), ...catalog('pp_dw_bronze', 'ndc'),
    ...catalog('pp_dw_silver', 'ndc'),
  ],
  [
    ...NEVER, ...NDC.filter(row => row !== NDC_DATABASE), get('bronze/other/part'),
    ...catalog('pp_dw_bronze', 'ndc_packages'),
  ]);

table('grantQuery on a dataset with several Iceberg tables',
  () => {
    const lake = deployed();
    return granted(lake, { datasets: [ndc(lake, { outputs: ['a', 'b'], tableFormat: TableFormat.ICEBERG })] });
  },
  [
    ...LAKE, get('gold/ndc/a/metadata/1/v1.metadata.json'), get('gold/ndc/b/data/1-part.parquet'),
    list('gold/ndc/a/metadata/'), ...catalog('pp_dw_gold', 'ndc_a'), ...catalog('pp_dw_gold', 'ndc_b'),
  ],
  [...NEVER, ...OTHERS]);

table('grantQuery on a history',
  () => {
    const lake = deployed();
    const history = derived('silver', lake, { dataset: 'ndc', history: { businessKey: ['rows'] } }, 'History');
    return granted(lake, { datasets: [history] });
  },
  [...LAKE, get('silver/ndc/part.parquet'), list('silver/ndc/'), ...catalog('pp_dw_silver', 'ndc')],
  [...NEVER, ...ALL_TABLES('gold'), get('silver/ndc-packages/part'), ...catalog('pp_dw_silver', 'ndc_packages')]);

table('grantQuery of an encrypted lake allows its key through S3 only', () => granted(encrypted()),
  [...LAKE, ...ALL_TABLES('gold'), ...USES_KEY],
  [...NEVER, ['kms:Decrypt', OTHER_KEY, THROUGH_S3], ...ALL_TABLES('bronze')]);

table('grantQuery of an imported encrypted lake allows keys for its objects',
  () => granted(imported({ encrypted: true })),
  [...LAKE, ...ALL_TABLES('gold'), ...USES_KEY], [...NEVER, ...ALL_TABLES('bronze')]);

const OUR_BUCKET = 'arn:aws:s3:::our-lake';
table('grantQuery of a lake in an existing bucket', () => granted(deployed({ existingBucketName: 'our-lake' })),
  [...workGroup('pp-dw'), get('gold/ndc/part', OUR_BUCKET), list('gold/', OUR_BUCKET), get('athena/r.csv', OUR_BUCKET)],
  [...NEVER, get('gold/ndc/part'), get('bronze/ndc/part', OUR_BUCKET), list('', OUR_BUCKET)]);

table('grantQuery of a team allows its workgroup and its results only',
  () => {
    const lake = deployed();
    new TeamWorkGroup(lake.stack, 'FinanceEu', { core: lake.core, team: 'finance-eu' });
    new TeamWorkGroup(lake.stack, 'Finance', { core: lake.core, team: 'finance' }).grantQuery(lake.grantee);
    return lake;
  },
  [...workGroup('pp-dw-finance'), ...results('athena-finance'), ...CONSOLE, ...ALL_TABLES('gold')],
  [
    ...NEVER, ...workGroup('pp-dw'), ...results('athena'), ...workGroup('pp-dw-finance-eu'),
    ...results('athena-finance-eu'), ...ALL_TABLES('bronze'),
  ]);

table('grantRead allows the tables of the dataset, without Athena',
  () => {
    const lake = encrypted();
    packages(lake);
    ndc(lake).grantRead(lake.grantee);
    return lake;
  },
  [...NDC, ['s3:GetBucketLocation', BUCKET], ['kms:Decrypt', LAKE_KEY, THROUGH_S3]],
  [...NEVER, ...OTHERS, ...workGroup('pp-dw'), ...results('athena'), ['kms:GenerateDataKey', LAKE_KEY, THROUGH_S3],
    database('default'), ['athena:ListWorkGroups', '*'], ['s3:ListBucketMultipartUploads', BUCKET]]);

table('grantRead of a dataset with several tables allows exactly these tables',
  () => {
    const lake = deployed();
    bronze(lake, { dataset: 'ndc', fileTableMapping: { 'a.csv': 'a', 'b.csv': 'b' } }).grantRead(lake.grantee);
    return lake;
  },
  [get('bronze/ndc/a/part'), ...catalog('pp_dw_bronze', 'ndc_a'), ...catalog('pp_dw_bronze', 'ndc_b')],
  [...NEVER, ...ALL_TABLES('gold'), ...catalog('pp_dw_bronze', 'ndc'), ...catalog('pp_dw_bronze', 'ndc_packages')]);

table('grantStart allows to start the job of the dataset, and to read its runs',
  () => {
    const lake = deployed();
    ndc(lake).grantStart(lake.grantee);
    return lake;
  },
  START,
  [
    ...DENIED, STOP, ...NDC, ...workGroup('pp-dw'), ['glue:StartJobRun', `${GLUE}:job/pp-dw-gold-ndc-packages`],
    ['glue:StartJobRun', `${GLUE}:job/pp-dw-silver-ndc`],
  ]);
