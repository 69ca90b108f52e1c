import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Role } from 'aws-cdk-lib/aws-iam';
import {
  BronzeDataset,
  DataSizeCategory,
  DerivedDatasetProps,
  EtlCore,
  GlueVersion,
  IDataset,
  Schedule,
  SchemaContract,
  TableFormat,
  Transform,
  WorkerType,
} from '../src';
import { deployedFiles, resource, resources } from './assembly';
import { bronze, DERIVED, derived, DerivedLayer, ENV, gold, Lake, LAYOUTS, PREFIXES } from './layouts';

const BUCKET = 'pp-dw-123456789012';
const QUERY = 'SELECT count(*) AS rows FROM pp_dw_bronze.fda_nsde';

const folder = mkdtempSync(path.join(tmpdir(), 'derived-dataset-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file for a transform, and returns its path. */
function file(name: string, content: string): string {
  const written = path.join(folder, name);
  writeFileSync(written, content);
  return written;
}

describe.each(Object.keys(DERIVED) as DerivedLayer[])('a %s dataset', layer => {
  /** All props. The type makes the compiler report a missing one. */
  function everyProp({ core, stack }: Lake): Required<DerivedDatasetProps> {
    return {
      core,
      dataset: 'fda-summary',
      dataSizeCategory: DataSizeCategory.MEDIUM,
      inputs: [BronzeDataset.fromName(core, 'fda-nsde'), DERIVED[layer].fromName(core, 'calendar')],
      transform: Transform.sql(QUERY),
      description: 'How many there are',
      outputs: ['years', 'months'],
      history: {
        businessKey: ['ndc'],
        compare: ['name'],
        exclude: ['updated_at'],
        validFrom: 'effective_date',
        validTo: 'end_date',
        isCurrent: 'current_flag',
        changeType: 'operation',
        openEnd: '9999-12-31',
        initialTable: '${bronze_database}.fda_nsde',
      },
      columnDescriptions: { years: { year: 'Calendar year' } },
      businessKey: ['ndc'],
      businessKeys: { years: ['year'] },
      schemaContract: SchemaContract.FREEZE,
      tableFormat: TableFormat.ICEBERG,
      dataQuality: { requiredColumns: ['ndc'], criticalNullThreshold: 0, expectedRecordCountMin: 10, maxShrink: 0.1 },
      schedule: Schedule.cron('0 7 * * ? *'),
      freshness: { maxAge: Duration.days(366) },
      glueVersion: GlueVersion.V6_0,
      workerType: WorkerType.G_4X,
      numberOfWorkers: 3,
      autoScaling: true,
      flex: false,
      timeout: Duration.minutes(15),
      maxRetries: 10,
      role: Role.fromRoleName(stack, 'OwnRole', 'own-role'),
    };
  }

  /** Props that do not exclude each other, in all combinations. */
  function validProps(lake: Lake): DerivedDatasetProps[] {
    const {
      businessKey, businessKeys, outputs, columnDescriptions, history: { compare, exclude, ...key }, ...rest
    } = everyProp(lake);
    return [
      { ...rest, businessKey },
      { ...rest, businessKeys, outputs, columnDescriptions, dataset: 'by-table' },
      { ...rest, history: { ...key, compare }, dataset: 'comparing' },
      { ...rest, history: { ...key, exclude }, dataset: 'excluding' },
    ];
  }

  test('every key of a derived dataset in the schema has a prop, and every prop has a key', () => {
    const schemaFile = path.join(__dirname, '..', 'glue-templates', 'dataset.schema.json');
    const schema = JSON.parse(readFileSync(schemaFile, 'utf8'));
    const where = LAYOUTS[0].lake(ENV);
    const documents = validProps(where)
      .map((props, index) => JSON.parse(derived(layer, where, props, `Dataset${index}`).document));
    const ofBronze = [
      'source_url',
      'lookback_days',
      'source_dates',
      'source_files',
      'api_endpoints',
      'headers',
      'rate_limit',
      'auth',
      'delimiter',
      'date_format',
      'file_format',
      'file_table_mapping',
      'column_schema',
      'column_mappings',
      'connection',
      'role',
    ];
    // A dataset with inputs is gold by default.
    const byDefault = layer === 'gold' ? ['layer'] : [];
    expect([...new Set(documents.flatMap(each => Object.keys(each)))].sort())
      .toEqual(Object.keys(schema.properties).filter(key => ![...ofBronze, ...byDefault].includes(key)).sort());
    expect([...new Set(documents.flatMap(each => Object.keys(each.history ?? {})))].sort())
      .toEqual(Object.keys(schema.$defs.history.properties).sort());
  });

  describe.each(LAYOUTS)('in the layout $name', ({ lake }) => {
    test('the job has the names, inputs and arguments that its script reads', () => {
      const where = lake(ENV);
      const inputs = [bronze(where), DERIVED[layer].fromName(where.core, 'calendar')];
      derived(layer, where, { inputs, description: 'A summary' });
      const { Properties } = resources(where.stack, 'AWS::Glue::Job').find(
        ({ Properties: { Name } }) => Name === `pp-dw-${layer}-fda-summary`,
      )!;
      const { '--names': names, '--extra-py-files': extraPyFiles, ...otherArguments } = Properties.DefaultArguments;
      expect(JSON.parse(names)).toEqual({
        layer: `${layer}`,
        dataset: 'fda-summary',
        bucket: BUCKET,
        job: `pp-dw-${layer}-fda-summary`,
        crawler: `pp-dw-${layer}-fda-summary-crawler`,
        database: `pp_dw_${layer}`,
        inputs: [
          { dataset: 'bronze/fda-nsde', database: 'pp_dw_bronze', runs: `s3://${BUCKET}/etl/fda-nsde/runs/bronze/` },
          { dataset: `${layer}/calendar`, database: `pp_dw_${layer}`, runs: `s3://${BUCKET}/etl/calendar/runs/${layer}/` },
        ],
        sql: `s3://${BUCKET}/etl/fda-summary/glue/${layer}.sql`,
        staging: `s3://${BUCKET}/staging/${layer}/fda-summary/`,
        runs: `s3://${BUCKET}/etl/fda-summary/runs/${layer}/`,
        tables: { fda_summary: { name: 'fda_summary', location: `s3://${BUCKET}/${layer}/fda-summary/` } },
        timeout_minutes: 30,
        auto_scaling: false,
        number_of_workers: 2,
        dpu_per_worker: 1,
        event_source: 'medallion.pp-dw',
        definition: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      expect(extraPyFiles).toMatch(new RegExp(`^s3://${BUCKET}/etl/fda-summary/glue/etl_runtime-[0-9a-f]{12}\\.zip$`));
      expect(otherArguments).toEqual({
        '--dataset_config': `s3://${BUCKET}/etl/fda-summary/glue/${layer}.json`,
        '--run_options': '{}',
        '--TempDir': `s3://${BUCKET}/staging/${layer}/fda-summary/temp/`,
        '--custom-logGroup-prefix': '/aws-glue/pp-dw',
      });
      expect(Properties).toMatchObject({
        Name: `pp-dw-${layer}-fda-summary`,
        Description: 'A summary',
        Command: { ScriptLocation: `s3://${BUCKET}/etl/fda-summary/glue/${layer}_job.py` },
      });
    });

    test('the crawler writes to the database of the layer and has one target per output', () => {
      const where = lake(ENV);
      derived(layer, where, { outputs: ['years', 'months'] });
      expect(resource(where.stack, 'AWS::Glue::Crawler').Properties).toMatchObject({
        Name: `pp-dw-${layer}-fda-summary-crawler`,
        DatabaseName: `pp_dw_${layer}`,
        TablePrefix: 'fda_summary_',
        Targets: { S3Targets: [{ Path: `s3://${BUCKET}/${layer}/fda-summary/years/` }, { Path: `s3://${BUCKET}/${layer}/fda-summary/months/` }] },
      });
    });

    test('a bronze and a derived dataset can have the same name, and share a folder without conflicts', () => {
      const where = lake(ENV);
      const input = bronze(where);
      derived(layer, where, { dataset: 'fda-nsde', inputs: [input] });
      expect([...deployedFiles(where.stack).keys()].filter(name => !name.endsWith('.zip')).sort()).toEqual([
        'fda-nsde/glue/bronze.json',
        'fda-nsde/glue/bronze_job.py',
        `fda-nsde/glue/${layer}.json`,
        `fda-nsde/glue/${layer}.sql`,
        `fda-nsde/glue/${layer}_job.py`,
      ]);
    });

    test('queries and scripts are deployed unchanged', () => {
      const where = lake(ENV);
      derived(layer, where,
        { dataset: 'by-file', transform: Transform.sqlFile(file('per year.sql', '-- ${HOME} "é"\nSELECT 1 AS one\n')) },
        'ByFile',
      );
      derived(layer, where, { dataset: 'by-text', transform: Transform.sql(QUERY) }, 'ByText');
      const script = file('mine.py', 'print("mine")\n');
      derived(layer, where, { dataset: 'by-script', transform: Transform.script(script) }, 'ByScript');
      const files = deployedFiles(where.stack);
      expect(String(files.get(`by-file/glue/${layer}.sql`))).toBe('-- ${HOME} "é"\nSELECT 1 AS one\n');
      expect(JSON.parse(String(files.get(`by-file/glue/${layer}.json`)))).toMatchObject({ sql: 'per_year.sql' });
      expect(String(files.get(`by-text/glue/${layer}.sql`))).toBe(QUERY);
      expect(String(files.get(`by-script/glue/${layer}_job.py`))).toBe('print("mine")\n');
      expect(JSON.parse(String(files.get(`by-script/glue/${layer}.json`)))).not.toHaveProperty('sql');
      expect(String(files.get(`by-text/glue/${layer}_job.py`))).toBe(
        readFileSync(path.join(__dirname, '..', 'glue-templates', 'jobs', `${layer}_job.py`), 'utf8'),
      );
    });

    test.each<[string, (lake: Lake) => Partial<DerivedDatasetProps>, string]>([
      [
        'no inputs',
        () => ({ inputs: undefined }),
        'SETTING_REQUIRED: Lake/Derived: inputs is missing. Use a list of datasets: [zipcodes].',
      ],
      [
        'a string as an input',
        () => ({ inputs: ['zipcodes' as unknown as IDataset] }),
        'PROP_TYPE_INVALID: Lake/Derived: inputs[0] has the wrong type. Use a dataset: '
          + 'a BronzeDataset, a SilverDataset or a GoldDataset.',
      ],
      [
        'an input twice',
        ({ core }) => ({ inputs: [BronzeDataset.fromName(core, 'a'), BronzeDataset.fromName(core, 'a')] }),
        'DUPLICATE_VALUE: Lake/Derived: source_datasets of dataset "fda-summary" is ["bronze/a","bronze/a"], which '
          + 'contains a duplicate.',
      ],
      [
        'an input with an invalid name',
        ({ core }) => ({ inputs: [BronzeDataset.fromName(core, 'My Data')] }),
        'VALUE_INVALID: Lake/Derived: source_datasets[0] of dataset "fda-summary" is "bronze/My Data". Expected: A '
          + 'dataset of the same lake: bronze/NAME, silver/NAME or gold/NAME.',
      ],
      [
        'an input of another lake',
        ({ stack }) => ({
          inputs: [BronzeDataset.fromName(EtlCore.fromPrefixes(stack, 'Other', { resourcePrefix: 'other' }), 'a')],
        }),
        'LAKE_MISMATCH: Lake/Derived: inputs of dataset "fda-summary" contains "a", which belongs to the lake '
          + '"other". Use inputs of the lake "pp-dw".',
      ],
      [
        'the dataset itself as an input',
        ({ core }) => ({ inputs: [DERIVED[layer].fromName(core, 'fda-summary')] }),
        `INPUTS_CYCLE: Lake/Derived: inputs of dataset "${layer}/fda-summary" form a cycle: ${layer}/fda-summary ← `
          + `${layer}/fda-summary. A dataset cannot depend on itself: remove one of these inputs.`,
      ],
      [
        'no transform',
        () => ({ transform: undefined }),
        'SETTING_REQUIRED: Lake/Derived: transform is missing. Use a Transform: Transform.sqlFile("gold/….sql").',
      ],
      [
        'a string as the transform',
        () => ({ transform: QUERY as unknown as Transform }),
        'PROP_TYPE_INVALID: Lake/Derived: transform has the wrong type. Use a Transform: '
          + 'Transform.sqlFile("gold/….sql").',
      ],
      [
        'a file that does not exist',
        () => ({ transform: Transform.sqlFile('gold/none.sql') }),
        'FILE_NOT_FOUND: Lake/Derived: transform of dataset "fda-summary" refers to the file "gold/none.sql", '
          + `which does not exist. Paths are relative to the folder where you run cdk: ${process.cwd()}.`,
      ],
      ['a folder instead of a file', () => ({ transform: Transform.script(folder) }), 'which does not exist.'],
      [
        'an empty query',
        () => ({ transform: Transform.sql(' \n') }),
        'TRANSFORM_REQUIRED: Lake/Derived: transform of dataset "fda-summary" is an empty query. Write a query, '
          + 'for example',
      ],
      [
        'an empty file',
        () => ({ transform: Transform.sqlFile(file('empty.sql', '\n')) }),
        'empty.sql", which is empty. Write a query, for example',
      ],
      [
        'an empty script',
        () => ({ transform: Transform.script(file('empty.py', '')) }),
        'empty.py", which is empty. Add a script. For an example, see docs/derived/scripts.md.',
      ],
      [
        'an output that is not snake_case',
        () => ({ outputs: ['By Year'] }),
        'VALUE_INVALID: Lake/Derived: outputs[0] of dataset "fda-summary" is "By Year". Expected: Name of a table '
          + 'within its dataset: snake_case',
      ],
      [
        'an output with the name of the dataset, and another output',
        () => ({ outputs: ['fda_summary', 'other'] }),
        'TABLE_NAME_RESERVED: Lake/Derived: outputs of dataset "fda-summary" has several tables, and one of them '
          + 'has the name of the dataset, "fda_summary". Rename this table, for example to "main": its '
          + 'folder would contain the folders of the other tables.',
      ],
      [
        'maxRescuedShare, which is only for bronze',
        () => ({ dataQuality: { maxRescuedShare: 0.1 } }),
        'SETTING_NOT_APPLICABLE: Lake/Derived: data_quality.max_rescued_share of dataset "fda-summary" is set, but '
          + `the dataset is ${layer}. Remove it: only bronze datasets have rescued values.`,
      ],
      [
        'a history with several outputs',
        () => ({ outputs: ['a', 'b'], history: { businessKey: ['ndc'] } }),
        'SETTINGS_CONFLICT: Lake/Derived: history of dataset "fda-summary" is set, and outputs is also set. Use '
          + 'one dataset per table: a dataset with a history has exactly one table.',
      ],
      [
        'a history without a key',
        () => ({ history: { businessKey: [] } }),
        'VALUE_INVALID: Lake/Derived: history.business_key of dataset "fda-summary" is []. Expected: List of '
          + 'column names, as in the table.',
      ],
      [
        'a history and a businessKey',
        () => ({ businessKey: ['ndc'], history: { businessKey: ['ndc'] } }),
        'SETTINGS_CONFLICT: Lake/Derived: business_key of dataset "fda-summary" is set, and history is also set. '
          + 'Remove it: a history has several rows per business key, one per version. It uses history.business_key.',
      ],
      [
        'a history with compare and exclude',
        () => ({ history: { businessKey: ['ndc'], compare: ['a'], exclude: ['b'] } }),
        'SETTINGS_CONFLICT: Lake/Derived: history.compare of dataset "fda-summary" is set, and history.exclude '
          + 'is also set. Set only one of them.',
      ],
      [
        'a history that compares a column of the key',
        () => ({ history: { businessKey: ['ndc'], compare: ['ndc'] } }),
        'SETTINGS_CONFLICT: Lake/Derived: history.compare of dataset "fda-summary" contains ndc, which is also '
          + 'in history.business_key. Remove it from compare.',
      ],
      [
        'a history that compares a metadata column',
        () => ({ history: { businessKey: ['ndc'], compare: ['meta_run_id'] } }),
        'COLUMN_NAME_RESERVED: Lake/Derived: history.compare of dataset "fda-summary" contains the metadata column '
          + 'meta_run_id. Rename the column in the query: names that start with meta_ are reserved for run metadata.',
      ],
      [
        'a history that excludes a column it adds',
        () => ({ history: { businessKey: ['ndc'], exclude: ['valid_from'] } }),
        'COLUMN_NAME_RESERVED: Lake/Derived: history.exclude of dataset "fda-summary" contains valid_from, a column '
          + 'that the history adds. Use columns of the query.',
      ],
      [
        'a column of a history that has another name',
        () => ({ history: { businessKey: ['ndc'], exclude: ['end_date'], validTo: 'end_date' } }),
        'COLUMN_NAME_RESERVED: Lake/Derived: history.exclude of dataset "fda-summary" contains end_date, a column that '
          + 'the history adds.',
      ],
      [
        'two columns of a history with the same name',
        () => ({ history: { businessKey: ['ndc'], validFrom: 'day', validTo: 'day' } }),
        'COLUMN_NAME_TAKEN: Lake/Derived: history.valid_to of dataset "fda-summary" is "day", which is also the name '
          + 'of the column valid_from. Use different names.',
      ],
      [
        'a column of a history with the default name of another one',
        () => ({ history: { businessKey: ['ndc'], validFrom: 'valid_to' } }),
        'COLUMN_NAME_TAKEN: Lake/Derived: history.valid_from of dataset "fda-summary" is "valid_to", which is also the '
          + 'name of the column valid_to.',
      ],
      ...['Valid From', 'meta_from', '', 'a'.repeat(129)].map((name): [string, () => object, string] => [
        `a column of a history with the name "${name.slice(0, 20)}"`,
        () => ({ history: { businessKey: ['ndc'], validFrom: name } }),
        'VALUE_INVALID: Lake/Derived: history.valid_from of dataset "fda-summary" is ',
      ]),
      ...['9999-31-12', '2100-02-30', '9999', 'never', '2099-12-31', '9999-12-31T00:00:00'].map(
        (date): [string, () => object, string] => [
          `the open end "${date}"`,
          () => ({ history: { businessKey: ['ndc'], openEnd: date } }),
          `VALUE_INVALID: Lake/Derived: history.open_end of dataset "fda-summary" is "${date}"`,
        ],
      ),
      [
        'an initial table of a database that is not of the lake',
        () => ({ history: { businessKey: ['ndc'], initialTable: 'legacy_db.drugs_history' } }),
        'UNKNOWN_TABLE: Lake/Derived: history.initial_table of dataset "fda-summary" is "legacy_db.drugs_history", '
          + 'which is not a table of the lake. ',
      ],
      [
        'an initial table of a layer without inputs',
        ({ core }) => ({
          inputs: [BronzeDataset.fromName(core, 'fda-nsde')],
          history: { businessKey: ['ndc'], initialTable: '${gold_database}.drugs_history' },
        }),
        'QUERY_TABLE_NOT_AN_INPUT: Lake/Derived: history.initial_table of dataset "fda-summary" is '
          + '"pp_dw_gold.drugs_history", which does not belong to any of its inputs. Add the dataset of the table to '
          + 'inputs, or to source_datasets in a file.',
      ],
      [
        'an invalid cron expression',
        () => ({ schedule: Schedule.cron('0 25 * * ? *') }),
        'SCHEDULE_INVALID: Lake/Derived: schedule.expression of dataset "fda-summary" is "cron(0 25 * * ? *)".',
      ],
    ])('%s is an error with its code, its place and what to do', (_, props, message) => {
      const where = lake();
      expect(() => derived(layer, where, props(where))).toThrow(message);
    });

    test('datasets that depend on each other are an error that shows the cycle', () => {
      const where = lake();
      const a = derived(layer, where, { dataset: 'a', inputs: [DERIVED[layer].fromName(where.core, 'c')] }, 'A');
      const b = derived(layer, where, { dataset: 'b', inputs: [a, BronzeDataset.fromName(where.core, 'c')] }, 'B');
      expect(() => derived(layer, where, { dataset: 'c', inputs: [b] }, 'C'))
        .toThrow(`INPUTS_CYCLE: Lake/C: inputs of dataset "${layer}/c" form a cycle: `
          + ['c', 'b', 'a', 'c'].map(each => `${layer}/${each}`).join(' ← '));
    });

    test('100 datasets fit into one stack', () => {
      const where = lake(ENV);
      for (let index = 0; index < 50; index++) {
        const schedule = Schedule.cron('0 6 * * ? *');
        const input = bronze(where, { dataset: `dataset-${index}`, schedule }, `Bronze${index}`);
        derived(layer, where, { dataset: `dataset-${index}`, inputs: [input], schedule }, `Gold${index}`);
      }
      const all = resources(where.stack);
      expect(all.filter(({ id }) => /^(Bronze|Gold)\d/.test(id))).toHaveLength(300);
      expect(all.length).toBeLessThan(500);
      expect(resources(where.stack, 'Custom::CDKBucketDeployment')).toHaveLength(1);
      Annotations.fromStack(where.stack).hasNoWarning('*', Match.anyValue());
    });
  });

  test('tokens in a query are resolved at deployment', () => {
    const stack = new Stack(new App(), 'Lake', { env: ENV });
    const where = {
      stack,
      core: EtlCore.fromPrefixes(stack, 'Core', { resourcePrefix: new CfnParameter(stack, 'Prefix').valueAsString }),
    };
    derived(layer, where, { transform: Transform.sql(`SELECT * FROM ${where.core.databasePrefix}_bronze.fda_nsde`) });
    const marker = /FROM (\S+)_bronze/.exec(String(deployedFiles(stack).get(`fda-summary/glue/${layer}.sql`)))?.[1] ?? '';
    expect(resource(stack, 'Custom::CDKBucketDeployment').Properties.SourceMarkers).toContainEqual(
      { [marker]: { 'Fn::Join': ['_', { 'Fn::Split': ['-', { Ref: 'Prefix' }] }] } });
  });

  test('the stack of a derived dataset depends only on the stack of its core', () => {
    const app = new App();
    const core = new EtlCore(new Stack(app, 'Core', { env: ENV }), 'Core', PREFIXES);
    const bronzeStack = new Stack(app, 'Bronze', { env: ENV });
    const goldStack = new Stack(app, 'Derived', { env: ENV });
    derived(layer, { core, stack: goldStack }, { inputs: [bronze({ core, stack: bronzeStack })] });
    expect(
      app
        .synth()
        .getStackByName('Derived')
        .dependencies.map(({ id }) => id)
        .filter(id => !id.endsWith('.assets')),
    ).toEqual(['Core']);
  });

  test.each(['pp-dw', 'dev'])('one SQL file builds the tables of the lake %s', resourcePrefix => {
    const stack = new Stack(new App(), 'Lake', { env: ENV });
    const core = new EtlCore(stack, 'Core', { resourcePrefix });
    const query = file('by_state.sql', 'SELECT state FROM ${bronze_database}.zip -- ${gold_database}\n');
    new DERIVED[layer](stack, 'Derived', {
      core,
      dataset: 'by-state',
      dataSizeCategory: DataSizeCategory.SMALL,
      inputs: [BronzeDataset.fromName(core, 'zip')],
      transform: Transform.sqlFile(query),
    });
    const database = resourcePrefix.replace('-', '_');
    expect(String(deployedFiles(stack).get(`by-state/glue/${layer}.sql`)))
      .toBe(`SELECT state FROM ${database}_bronze.zip -- \${gold_database}\n`);
  });

  test.each([
    [
      'a list token',
      (stack: Stack) => `SELECT ${new CfnParameter(stack, 'P', { type: 'CommaDelimitedList' }).valueAsList} AS a`,
      'TOKEN_NOT_ALLOWED: Lake/Derived: transform of dataset "by-state" contains a list that is only known '
        + 'at deployment.',
    ],
    [
      'a number token',
      (stack: Stack) => `SELECT ${new CfnParameter(stack, 'P', { type: 'Number' }).valueAsNumber} AS a`,
      'TOKEN_NOT_ALLOWED: Lake/Derived: transform of dataset "by-state" contains a number that is only known '
        + 'at deployment.',
    ],
    [
      'a misspelled placeholder',
      () => 'SELECT * FROM ${bronze_db}.zip',
      'PLACEHOLDER_INVALID: Lake/Derived: transform of dataset "by-state" contains ${bronze_db}. Did you mean '
        + '"bronze_database"?',
    ],
  ])('a query with %s is rejected', (_what, query, error) => {
    const stack = new Stack(new App(), 'Lake', { env: ENV });
    const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
    expect(() => new DERIVED[layer](stack, 'Derived', {
      core,
      dataset: 'by-state',
      dataSizeCategory: DataSizeCategory.SMALL,
      inputs: [],
      transform: Transform.sql(query(stack)),
    })).toThrow(error);
  });

  test('the name of a SQL file can be longer than the key of a deployed query', () => {
    const stack = new Stack(new App(), 'Lake', { env: ENV });
    const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
    const dataset = new DERIVED[layer](stack, 'Derived', {
      core,
      dataset: 'by-state',
      dataSizeCategory: DataSizeCategory.SMALL,
      inputs: [],
      transform: Transform.sqlFile(file(`${'a'.repeat(200)}.sql`, 'SELECT 1 AS a')),
    });
    expect(JSON.parse(dataset.document).sql).toBe(`${'a'.repeat(124)}.sql`);
  });

  test.each([
    [
      'that is not an input',
      'pp_dw_bronze.vans',
      'QUERY_TABLE_NOT_AN_INPUT: Lake/Derived: history.initial_table of dataset "fda-summary"',
    ],
    ['that is misspelled', 'pp_dw_bronze.car', 'which is not a table of the lake. Did you mean "pp_dw_bronze.cars"?'],
  ])('an initial table %s is an error after all datasets are created', (_, initialTable, error) => {
    const where = LAYOUTS[0].lake(ENV);
    const inputs = [BronzeDataset.fromName(where.core, 'cars')];
    const transform = Transform.sql('SELECT 1 AS id');
    derived(layer, where, { inputs, history: { businessKey: ['id'], initialTable }, transform });
    bronze(where, { dataset: 'cars' }, 'Cars');
    bronze(where, { dataset: 'vans' }, 'Vans');
    expect(() => where.app.synth()).toThrow(error);
  });

  test('the placeholders in an initial table are replaced by the databases of the lake', () => {
    const history = { businessKey: ['id'], initialTable: '${bronze_database}.fda_nsde' };
    const { document } = derived(layer, LAYOUTS[0].lake(ENV), { history });
    expect(JSON.parse(document).history.initial_table).toBe('pp_dw_bronze.fda_nsde');
  });

  /** A lake with the bronze tables `cars` and `parts_wheels`, a silver and a gold table, and a dataset with a query. */
  function synthesizeQuery(query: string, inputs: string[], dataset = 'summary'): void {
    const where = LAYOUTS[0].lake(ENV);
    derived(layer, where, {
      dataset,
      inputs: inputs.map(each => BronzeDataset.fromName(where.core, each)),
      transform: Transform.sql(query),
    });
    bronze(where, { dataset: 'cars' }, 'Cars');
    bronze(where, { dataset: 'parts', fileTableMapping: { '*w.csv': 'wheels', '*d.csv': 'doors' } }, 'Parts');
    gold(where, { dataset: 'owners', inputs: [], transform: Transform.sql('SELECT 1 AS id') }, 'Owners');
    derived('silver', where, { dataset: 'cleaned', inputs: [], transform: Transform.sql('SELECT 1 AS id') }, 'Cleaned');
    where.app.synth();
  }

  test.each([
    ['an unqualified table', 'SELECT *\nFROM cars', ['cars'],
      'names the table cars without its database (line 2, column 6). Use pp_dw_bronze.cars.'],
    ['an unqualified table in another case', 'SELECT * FROM a.b JOIN Cars', ['cars'],
      'names the table cars without its database (line 1, column 24). Use pp_dw_bronze.cars.'],
    ['an unqualified table that is not an input', 'SELECT * FROM owners', ['cars'],
      'names the table owners without its database (line 1, column 15). Use pp_dw_gold.owners, and add '
        + '"gold/owners" to inputs, or to source_datasets in a file.'],
    ['an unqualified silver table', 'SELECT * FROM cleaned', ['cars'],
      'names the table cleaned without its database (line 1, column 15). Use pp_dw_silver.cleaned, and add '
        + '"silver/cleaned" to inputs, or to source_datasets in a file.'],
    ['a table that is not an input', 'SELECT * FROM pp_dw_bronze.cars', [],
      'reads the table pp_dw_bronze.cars (line 1, column 15), which does not belong to any of its inputs. To read it, '
        + 'add "bronze/cars" to inputs, or to source_datasets in a file.'],
    ['one of several tables of a dataset', 'SELECT * FROM ${bronze_database}.parts_wheels', ['cars'],
      'reads the table pp_dw_bronze.parts_wheels (line 1, column 15), which does not belong to any of its inputs. '
        + 'To read it, add "bronze/parts" to inputs'],
  ])('synthesis fails on %s', (_name, query, inputs, error) => {
    expect(() => synthesizeQuery(query, inputs))
      .toThrow(`QUERY_TABLE_NOT_AN_INPUT: Lake/Derived: the query of dataset "summary" ${error}`);
  });

  test('a table with the name of the dataset is the bronze table', () => {
    expect(() => synthesizeQuery('SELECT * FROM cars', ['cars'], 'cars')).toThrow('Use pp_dw_bronze.cars.');
  });

  test.each([
    [
      'inputs',
      'SELECT * FROM pp_dw_bronze.cars JOIN PP_DW_BRONZE.PARTS_WHEELS JOIN `pp_dw_bronze`.`parts_doors`',
      ['cars', 'parts'],
    ],
    ['a common table expression with the name of a table', 'WITH cars AS (SELECT 1) SELECT * FROM cars', []],
    ['a view with the name of a table', 'CREATE TEMPORARY VIEW owners AS SELECT 1; SELECT * FROM owners', []],
    ['fields, comments and texts', "SELECT cars.id, 'FROM cars' AS owners FROM a.b cars -- JOIN owners", []],
    ['an array with the name of a table', 'SELECT * FROM a.b LATERAL VIEW explode(cars) cars AS owners', []],
    ['tables that this app does not know', 'SELECT * FROM pp_dw_bronze.elsewhere JOIN other.cars', ['elsewhere']],
  ])('a query may contain %s', (_name, query, inputs) => {
    expect(() => synthesizeQuery(query, inputs)).not.toThrow();
  });
});
