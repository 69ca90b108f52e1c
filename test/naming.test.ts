import { App, CfnParameter, Stack, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { ENV } from './layouts';
import { Layer } from '../src';
import { DatasetNames, LakeNames, LakePrefixes } from '../src/naming';

const lake = (prefixes: LakePrefixes = { resourcePrefix: 'pp-dw' }) =>
  new LakeNames(new Stack(new App(), 'Lake', { env: ENV }), prefixes);
const dataset = (name: string, tables?: string[], layer: Layer | `${Layer}` = Layer.BRONZE) =>
  new DatasetNames(new Stack(new App(), 'Lake', { env: ENV }), lake(), layer as Layer, name, tables);

test.each([
  ['bucket', 'pp-dw-123456789012'],
  ['glueRole', 'pp-dw-glue-role'],
  ['schedulerRole', 'pp-dw-scheduler-role'],
  ['alertRole', 'pp-dw-alerts-role'],
  ['eventsRole', 'pp-dw-events-role'],
  ['lakeFormationRole', 'pp-dw-lake-formation-role'],
  ['layerTag', 'pp-dw-layer'],
  ['workGroup', 'pp-dw'],
  ['queryResults', 'athena/'],
  ['scheduleGroup', 'pp-dw'],
  ['databasePrefix', 'pp_dw'],
  ['errorLogGroup', '/aws-glue/pp-dw/error'],
  ['outputLogGroup', '/aws-glue/pp-dw/output'],
  ['alertTopic', 'pp-dw-alerts'],
  ['alertStateMachine', 'pp-dw-alerts'],
  ['datasetStateMachine', 'pp-dw-dataset'],
  ['keyAlias', 'alias/pp-dw'],
  ['jobAlertRule', 'pp-dw-job-alerts'],
  ['crawlerAlertRule', 'pp-dw-crawler-alerts'],
  ['warningAlertRule', 'pp-dw-warning-alerts'],
  ['droppedScheduleAlarm', 'pp-dw-dropped-schedules'],
  ['dashboard', 'pp-dw'],
  ['usageStateMachine', 'pp-dw-usage'],
  ['usageRule', 'pp-dw-usage'],
  ['usageAlarm', 'pp-dw-usage'],
  ['usageFailureAlarm', 'pp-dw-usage-failures'],
  ['usageRole', 'pp-dw-usage-role'],
  ['usageEventsRole', 'pp-dw-usage-events-role'],
  ['metricsNamespace', 'pp-dw'],
  ['eventSource', 'medallion.pp-dw'],
] as const)('in the lake pp-dw, the %s is %s', (what, name) => {
  expect(lake()[what]).toBe(name);
});

test('in the lake pp-dw, the workgroup and the query results of a team have the name of the team', () => {
  expect(lake().teamWorkGroup('finance')).toBe('pp-dw-finance');
  expect(lake().teamQueryResults('finance')).toBe('athena-finance/');
});

test.each([
  ['bronze', 'job', 'pp-dw-bronze-fda-nsde'],
  ['silver', 'job', 'pp-dw-silver-fda-nsde'],
  ['gold', 'job', 'pp-dw-gold-fda-nsde'],
  ['bronze', 'crawler', 'pp-dw-bronze-fda-nsde-crawler'],
  ['bronze', 'schedule', 'pp-dw-bronze-fda-nsde'],
  ['bronze', 'role', 'pp-dw-bronze-fda-nsde-role'],
  ['bronze', 'database', 'pp_dw_bronze'],
  ['silver', 'database', 'pp_dw_silver'],
  ['gold', 'database', 'pp_dw_gold'],
  ['bronze', 'raw', 's3://pp-dw-123456789012/raw/fda-nsde/'],
  ['bronze', 'staging', 's3://pp-dw-123456789012/staging/bronze/fda-nsde/'],
  ['gold', 'staging', 's3://pp-dw-123456789012/staging/gold/fda-nsde/'],
  ['bronze', 'runs', 's3://pp-dw-123456789012/etl/fda-nsde/runs/bronze/'],
  ['bronze', 'script', 's3://pp-dw-123456789012/etl/fda-nsde/glue/bronze_job.py'],
  ['silver', 'staging', 's3://pp-dw-123456789012/staging/silver/fda-nsde/'],
  ['silver', 'runs', 's3://pp-dw-123456789012/etl/fda-nsde/runs/silver/'],
  ['silver', 'script', 's3://pp-dw-123456789012/etl/fda-nsde/glue/silver_job.py'],
  ['silver', 'document', 's3://pp-dw-123456789012/etl/fda-nsde/glue/silver.json'],
  ['silver', 'query', 's3://pp-dw-123456789012/etl/fda-nsde/glue/silver.sql'],
  ['gold', 'query', 's3://pp-dw-123456789012/etl/fda-nsde/glue/gold.sql'],
  ['gold', 'script', 's3://pp-dw-123456789012/etl/fda-nsde/glue/gold_job.py'],
  ['bronze', 'document', 's3://pp-dw-123456789012/etl/fda-nsde/glue/bronze.json'],
] as const)('for the %s dataset fda-nsde, the %s is %s', (layer, what, name) => {
  expect(dataset('fda-nsde', [], layer)[what]).toBe(name);
});

const OWN = { fda_cder: { name: 'fda_cder', location: 's3://pp-dw-123456789012/bronze/fda-cder/' } };
test.each([
  { tables: [], prefix: undefined, names: OWN },
  { tables: ['fda_cder'], prefix: undefined, names: OWN },
  {
    tables: ['products'],
    prefix: 'fda_cder_',
    names: { products: { name: 'fda_cder_products', location: 's3://pp-dw-123456789012/bronze/fda-cder/products/' } },
  },
  {
    tables: ['products', 'packages', 'products'],
    prefix: 'fda_cder_',
    names: {
      products: { name: 'fda_cder_products', location: 's3://pp-dw-123456789012/bronze/fda-cder/products/' },
      packages: { name: 'fda_cder_packages', location: 's3://pp-dw-123456789012/bronze/fda-cder/packages/' },
    },
  },
])(
  'the tables $tables of fda-cder have their own folders, and the names that a crawler gives them',
  ({ tables, prefix, names }) => {
    expect(dataset('fda-cder', tables).tables).toEqual(names);
    expect(dataset('fda-cder', tables).tablePrefix).toBe(prefix);
  },
);

test.each([
  [
    { resourcePrefix: 'PP-DW' },
    'PREFIX_INVALID: Lake: resourcePrefix is "PP-DW". Use lower-case letters, digits and single hyphens',
  ],
  [{ resourcePrefix: 'pp_dw' }, 'PREFIX_INVALID: Lake: resourcePrefix is "pp_dw". Use'],
  [{ resourcePrefix: 'pp--dw' }, 'PREFIX_INVALID: Lake: resourcePrefix is "pp--dw". Use'],
  [{ resourcePrefix: '-pp' }, 'PREFIX_INVALID: Lake: resourcePrefix is "-pp". Use'],
  [{ resourcePrefix: '' }, 'PREFIX_INVALID: Lake: resourcePrefix is "". Use'],
  [{ resourcePrefix: '1pp' }, 'PREFIX_INVALID: Lake: resourcePrefix is "1pp". Use'],
  [
    { resourcePrefix: 'sthree-pp' },
    'PREFIX_INVALID: Lake: resourcePrefix is "sthree-pp", a prefix that S3 reserves for bucket names. Use '
      + 'another prefix.',
  ],
  [
    { resourcePrefix: 'pp-bronze' },
    'PREFIX_INVALID: Lake: resourcePrefix is "pp-bronze", which contains a layer name: the roles of another '
      + 'lake could get access to this lake. Use a prefix without the words bronze, silver, gold.',
  ],
  [
    { resourcePrefix: 'pp-silver' },
    'PREFIX_INVALID: Lake: resourcePrefix is "pp-silver", which contains a layer name',
  ],
  [
    { resourcePrefix: 'pp-gold-dev' },
    'PREFIX_INVALID: Lake: resourcePrefix is "pp-gold-dev", which contains a layer name: the roles of another '
      + 'lake could get access to this lake. Use a prefix without the words bronze, silver, gold.',
  ],
  [
    { resourcePrefix: 'pp', databasePrefix: 'pp-dw' },
    'PREFIX_INVALID: Lake: databasePrefix is "pp-dw". Use lower-case letters, digits and single underscores',
  ],
  [
    { resourcePrefix: 'pp', existingBucketName: 's3://our-lake/' },
    'BUCKET_NAME_INVALID: Lake: existingBucketName is "s3://our-lake/", which is not a valid bucket name. Use the bucket name only, for example "our-lake".',
  ],
  [
    { resourcePrefix: 'a'.repeat(51) },
    `NAME_TOO_LONG: Lake: the name of the bucket "${'a'.repeat(51)}-123456789012" has 64 characters; `
      + 'the maximum is 63.',
  ],
  [
    { resourcePrefix: 'a'.repeat(50) },
    `NAME_TOO_LONG: Lake: the name of the role "${'a'.repeat(50)}-scheduler-role" has 65 characters; `
      + 'the maximum is 64.',
  ],
])('the prefixes %j are an error with its code and what to do', (prefixes, message) => {
  expect(() => lake(prefixes)).toThrow(message);
});

test('rule names with the longest prefix have 64 characters, the limit of EventBridge', () => {
  expect(lake({ resourcePrefix: 'a'.repeat(49) }).crawlerAlertRule).toHaveLength(64);
});

test('the longest prefix has 49 characters, even if the account is only known at deployment', () => {
  expect(() => new LakeNames(new Stack(), { resourcePrefix: 'a'.repeat(49) })).not.toThrow();
  expect(() => new LakeNames(new Stack(), { resourcePrefix: 'a'.repeat(51) })).toThrow('has 64 characters');
});

test('names are the same if the prefix is only known at deployment', () => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  const prefix = new CfnParameter(stack, 'Prefix').valueAsString;
  const names = new LakeNames(stack, { resourcePrefix: prefix });
  expect(stack.resolve(names.bucket)).toEqual({ 'Fn::Join': ['', [{ Ref: 'Prefix' }, '-123456789012']] });
  expect(stack.resolve(names.database(Layer.BRONZE))).toEqual(
    { 'Fn::Join': ['', [{ 'Fn::Join': ['_', { 'Fn::Split': ['-', { Ref: 'Prefix' }] }] }, '_bronze']] });
});

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,4}$/);
const kebab = fc.array(word, { minLength: 1, maxLength: 3 }).map(words => words.join('-'));
const snake = fc.array(word, { minLength: 1, maxLength: 2 }).map(words => words.join('_'));

test('two datasets never share a job, a crawler, a role, a table or a folder', () => {
  fc.assert(fc.property(kebab, kebab, (one, other) => {
    fc.pre(one !== other);
    const all = [dataset(one), dataset(other)].flatMap(
      ({ job, crawler, role, raw, staging, runs, script, document, tables }) => [
        job,
        crawler,
        role,
        raw,
        staging,
        runs,
        script,
        document,
        ...Object.values(tables).flatMap(Object.values),
      ],
    );
    expect(new Set(all).size).toBe(all.length);
  }));
});

test('the tables of a dataset have different names, and no folder contains another', () => {
  fc.assert(fc.property(kebab, fc.uniqueArray(snake, { minLength: 1, maxLength: 5 }), (name, tables) => {
    fc.pre(!tables.includes(name.replace(/-/g, '_')));
    const made = Object.values(dataset(name, tables).tables);
    expect(new Set(made.map(table => table.name)).size).toBe(tables.length);
    for (const one of made) {
      expect(made.filter(other => other.location.startsWith(one.location))).toEqual([one]);
      // A crawler names a table by its prefix and the last folder.
      expect(one.name).toBe(`${dataset(name, tables).tablePrefix}${one.location.split('/').at(-2)}`);
    }
  }));
});

test('names contain no tokens if the prefix and the environment are known', () => {
  expect(Token.isUnresolved(JSON.stringify(dataset('fda-nsde').tables))).toBe(false);
});
