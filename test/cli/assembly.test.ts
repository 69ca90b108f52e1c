import * as fs from 'fs';
import * as path from 'path';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';
import { readDeployments, readStacks } from '../../src/cli/assembly';
import { readDatasets, selectDataset } from '../../src/cli/dataset';

const zipcodes = {
  Zipcodes: glueJob({ dataset: 'zipcodes' }),
  Other: { Type: 'AWS::Glue::Job', Properties: { Name: 'another-job' } },
};

describe('readDatasets', () => {
  test('returns the Glue jobs with a dataset document', () => {
    const [dataset, ...others] = readDatasets(writeAssembly({ Datasets: { resources: zipcodes } }));
    expect(others).toEqual([]);
    expect(dataset).toMatchObject({
      dataset: 'zipcodes',
      layer: 'bronze',
      stack: 'Datasets',
      job: 'pp-dw-bronze-zipcodes',
      tables: ['pp_dw_bronze.zipcodes'],
      bucket: 'pp-dw-123456789012',
      script: 's3://pp-dw-123456789012/etl/zipcodes/glue/bronze_job.py',
      region: 'us-east-1',
    });
  });

  test('uses the account and region of the stack', () => {
    const [dataset] = readDatasets(writeAssembly({ Datasets: { environment: 'aws://111122223333/eu-west-1', resources: zipcodes } }));
    expect(dataset).toMatchObject({ bucket: 'pp-dw-111122223333', region: 'eu-west-1' });
  });

  test('includes the datasets of stages', () => {
    const app = writeAssembly({}, { 'assembly-Dev': { Datasets: { resources: zipcodes } } });
    expect(readDatasets(app).map(each => each.dataset)).toEqual(['zipcodes']);
  });
});

describe('selectDataset', () => {
  const datasets = readDatasets(
    writeAssembly({
      Datasets: {
        resources: {
          A: glueJob({ dataset: 'zipcodes' }),
          B: glueJob({ dataset: 'airports' }),
          C: glueJob({ dataset: 'airports', layer: 'gold' }),
        },
      },
      Second: { resources: { D: glueJob({ dataset: 'zipcodes' }), E: glueJob({ dataset: 'products' }) } },
      Third: { resources: { F: glueJob({ dataset: 'cities' }), G: glueJob({ dataset: 'cities', layer: 'gold' }) } },
      Fourth: { resources: { H: glueJob({ dataset: 'cities' }) } },
    }),
  );

  test.each([
    ['products', undefined, 'pp-dw-bronze-products'],
    ['gold/airports', undefined, 'pp-dw-gold-airports'],
    ['bronze/airports', undefined, 'pp-dw-bronze-airports'],
    ['zipcodes', 'Second', 'pp-dw-bronze-zipcodes'],
  ])('selects %s in stack %s', (name, stack, job) => {
    expect(selectDataset(datasets, name, stack).job).toBe(job);
  });

  test.each([
    [
      'product',
      undefined,
      'The dataset "product" does not exist. Did you mean "products"? The datasets of the app are: zipcodes, airports, '
        + 'products, cities.',
    ],
    [
      'xyz',
      undefined,
      'The dataset "xyz" does not exist. The datasets of the app are: zipcodes, airports, products, cities.',
    ],
    [
      'airports',
      undefined,
      '"airports" matches 2 datasets: bronze/airports in stack Datasets, gold/airports in stack Datasets. Specify '
        + 'bronze/airports or gold/airports.',
    ],
    [
      'zipcodes',
      undefined,
      '"zipcodes" matches 2 datasets: bronze/zipcodes in stack Datasets, bronze/zipcodes in stack Second. Add '
        + '--stack Datasets or --stack Second.',
    ],
    ['cities', undefined, 'Specify LAYER/DATASET and add --stack STACK.'],
    ['bronze/cities', undefined, 'Add --stack Third or --stack Fourth.'],
    ['cities', 'Third', 'Specify bronze/cities or gold/cities.'],
    [
      'zipcodes',
      'Fifth',
      'Stack "Fifth" does not contain a dataset. Stacks with datasets: Datasets, Second, Third, Fourth.',
    ],
  ])('rejects %s in stack %s with the available datasets or stacks', (name, stack, message) => {
    expect(() => selectDataset(datasets, name, stack)).toThrow(message);
  });

  test('rejects a dataset of several stages whose stacks have the same name', () => {
    const stage = { Datasets: { resources: zipcodes } };
    expect(() =>
      selectDataset(readDatasets(writeAssembly({}, { 'assembly-Dev': stage, 'assembly-Prod': stage })), 'zipcodes'),
    ).toThrow('Select the assembly of one stage with --app cdk.out/assembly-STAGE.');
  });

  test('rejects an app without datasets', () => {
    expect(() => selectDataset([], 'zipcodes')).toThrow(
      'The app does not contain a dataset yet. Add a BronzeDataset to a stack, and run `npx cdk synth`.',
    );
  });
});

describe('readDeployments', () => {
  const deployment = (properties: object) => ({
    Deployment: {
      Type: 'Custom::CDKBucketDeployment',
      Properties: { SourceObjectKeys: ['abc.zip'], DestinationBucketName: 'lake', ...properties },
    },
  });

  test.each([
    ['etl', 'etl'],
    ['etl/', 'etl'],
    [undefined, ''],
  ])('normalizes the destination prefix %s', (input, prefix) => {
    const app = writeAssembly({ Datasets: { resources: deployment({ DestinationBucketKeyPrefix: input }) } });
    expect(readDeployments(readStacks(app)[0], 'lake')).toEqual([
      { source: path.join(app, 'asset.abc'), bucket: 'lake', prefix, markers: {} },
    ]);
  });

  test('resolves the values of deployment markers', () => {
    const markers = [{ '<<marker:0xbaba:0>>': { Ref: 'AWS::AccountId' } }];
    const app = writeAssembly({ Datasets: { resources: deployment({ SourceMarkers: markers }) } });
    expect(readDeployments(readStacks(app)[0], 'lake')[0].markers).toEqual({ '<<marker:0xbaba:0>>': '123456789012' });
  });

  test('leaves out files of another bucket that are not in the assembly', () => {
    const other = { SourceObjectKeys: ['gone.zip'], DestinationBucketName: 'other' };
    const app = writeAssembly({ Datasets: { resources: deployment(other) } });
    expect(readDeployments(readStacks(app)[0], 'lake')).toEqual([]);
  });

  test('rejects an asset that is not in the assembly', () => {
    const app = writeAssembly({ Datasets: { resources: deployment({ SourceObjectKeys: ['gone.zip'] }) } });
    expect(() => readDeployments(readStacks(app)[0], 'lake'))
      .toThrow('The asset gone.zip of stack Datasets is not in the cloud assembly. Run `npx cdk synth` again.');
  });
});

describe('readStacks rejects an assembly', () => {
  test('that does not exist', () => {
    expect(() => readStacks('nowhere')).toThrow(/^nowhere\/manifest.json does not exist. Run `npx cdk synth` in the folder of the app/);
  });

  test('without one of its templates', () => {
    const app = writeAssembly({ Datasets: { resources: {} } });
    fs.rmSync(path.join(app, 'Datasets.template.json'));
    expect(() => readStacks(app)).toThrow(/Datasets.template.json does not exist. Run `npx cdk synth` in the folder of the app/);
  });

  test('with a truncated manifest', () => {
    const app = temporaryFolder();
    fs.writeFileSync(path.join(app, 'manifest.json'), '{"artif');
    expect(() => readStacks(app)).toThrow(/^Cannot read .*manifest.json \(.*\). Run `npx cdk synth` in the folder of the app/);
  });
});
