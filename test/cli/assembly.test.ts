import * as fs from 'fs';
import * as path from 'path';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';
import { readDeployments, readStacks } from '../../src/cli/assembly';
import { pickDataset, readDatasets } from '../../src/cli/dataset';

const zipcodes = {
  Zipcodes: glueJob({ dataset: 'zipcodes' }),
  Other: { Type: 'AWS::Glue::Job', Properties: { Name: 'somebody-elses' } },
};

describe('datasets', () => {
  test('are the Glue jobs that take a dataset\'s document', () => {
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

  test('have the account and region of their stack', () => {
    const [dataset] = readDatasets(writeAssembly({ Datasets: { environment: 'aws://111122223333/eu-west-1', resources: zipcodes } }));
    expect(dataset).toMatchObject({ bucket: 'pp-dw-111122223333', region: 'eu-west-1' });
  });

  test('are found in stages', () => {
    const app = writeAssembly({}, { 'assembly-Dev': { Datasets: { resources: zipcodes } } });
    expect(readDatasets(app).map(each => each.dataset)).toEqual(['zipcodes']);
  });
});

describe('the dataset of a name', () => {
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
  ])('%s in stack %s', (name, stack, job) => {
    expect(pickDataset(datasets, name, stack).job).toBe(job);
  });

  test.each([
    [
      'product',
      undefined,
      'There is no dataset "product". Did you mean "products"? The app has: zipcodes, airports, products, cities.',
    ],
    ['xyz', undefined, 'There is no dataset "xyz". The app has: zipcodes, airports, products, cities.'],
    [
      'airports',
      undefined,
      '"airports" is 2 datasets: bronze/airports of stack Datasets, gold/airports of stack Datasets. Say '
        + 'bronze/airports or gold/airports.',
    ],
    [
      'zipcodes',
      undefined,
      '"zipcodes" is 2 datasets: bronze/zipcodes of stack Datasets, bronze/zipcodes of stack Second. Add '
        + '--stack Datasets or --stack Second.',
    ],
    ['cities', undefined, 'Say LAYER/DATASET and add --stack STACK.'],
    ['bronze/cities', undefined, 'Add --stack Third or --stack Fourth.'],
    ['cities', 'Third', 'Say bronze/cities or gold/cities.'],
    [
      'zipcodes',
      'Fifth',
      'There is no dataset in stack "Fifth". Stacks with datasets: Datasets, Second, Third, Fourth.',
    ],
  ])('%s in stack %s is an error that says what there is', (name, stack, message) => {
    expect(() => pickDataset(datasets, name, stack)).toThrow(message);
  });

  test('in stages whose stacks have one name', () => {
    const stage = { Datasets: { resources: zipcodes } };
    expect(() =>
      pickDataset(readDatasets(writeAssembly({}, { 'assembly-Dev': stage, 'assembly-Prod': stage })), 'zipcodes'),
    ).toThrow('Name the assembly of one stage: --app cdk.out/assembly-STAGE.');
  });

  test('in an app without any', () => {
    expect(() => pickDataset([], 'zipcodes')).toThrow(
      'The app has no datasets yet. Add a BronzeDataset to a stack, and run `npx cdk synth`.',
    );
  });
});

describe('deployments', () => {
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
  ])('with destination prefix %s', (given, prefix) => {
    const app = writeAssembly({ Datasets: { resources: deployment({ DestinationBucketKeyPrefix: given }) } });
    expect(readDeployments(readStacks(app)[0])).toEqual([
      { source: path.join(app, 'asset.abc'), bucket: 'lake', prefix, markers: {} },
    ]);
  });

  test('resolve what stands for values of the deployment', () => {
    const markers = [{ '<<marker:0xbaba:0>>': { Ref: 'AWS::AccountId' } }];
    const app = writeAssembly({ Datasets: { resources: deployment({ SourceMarkers: markers }) } });
    expect(readDeployments(readStacks(app)[0])[0].markers).toEqual({ '<<marker:0xbaba:0>>': '123456789012' });
  });

  test('of an asset that is not there', () => {
    const app = writeAssembly({ Datasets: { resources: deployment({ SourceObjectKeys: ['gone.zip'] }) } });
    expect(() => readDeployments(readStacks(app)[0]))
      .toThrow('The asset gone.zip that stack Datasets deploys is not in the assembly. Run `npx cdk synth` again.');
  });
});

describe('an assembly that is not whole', () => {
  test('is not there', () => {
    expect(() => readStacks('nowhere')).toThrow(/^There is no nowhere\/manifest.json. Run `npx cdk synth` first/);
  });

  test('lost a template', () => {
    const app = writeAssembly({ Datasets: { resources: {} } });
    fs.rmSync(path.join(app, 'Datasets.template.json'));
    expect(() => readStacks(app)).toThrow(/^There is no .*Datasets.template.json. Run `npx cdk synth` first/);
  });

  test('is cut', () => {
    const app = temporaryFolder();
    fs.writeFileSync(path.join(app, 'manifest.json'), '{"artif');
    expect(() => readStacks(app)).toThrow(/manifest.json cannot be read \(.*\). Run `npx cdk synth` first/);
  });
});
