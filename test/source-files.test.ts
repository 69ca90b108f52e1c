import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Auth, BronzeDataset, BronzeDatasetProps, DatasetDirectory, DataSizeCategory, EtlCore, Source } from '../src';
import { deployedFiles, resource, resources } from './assembly';
import { bronze, ENV, LAYOUTS } from './layouts';

const CSV = 'iata,name\nAA,American\n';

let folder: string;
beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'files-')); });
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes a file and returns its path. */
function file(name: string, content = CSV): string {
  const target = path.join(folder, name);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, content);
  return target;
}

/** A file of the given size, without data on the disk. */
function largeFile(name: string, bytes: number): string {
  const target = file(name);
  truncateSync(target, bytes);
  return target;
}

function sourceUrl({ document }: { document: string }): string | string[] {
  return (JSON.parse(document) as { source_url: string | string[] }).source_url;
}

/** The source files that a stack deploys, keyed by their object keys below `etl/`. */
function sources(stack: Stack): { [key: string]: string } {
  const files = [...deployedFiles(stack)].filter(([key]) => key.includes('/source/'));
  return Object.fromEntries(files.map(([key, content]) => [key, content.toString()]));
}

describe.each(LAYOUTS)('in the layout $name', ({ lake }) => {
  test('a file of the app is deployed next to the script, and the job reads it from there with the shared role', () => {
    const where = lake(ENV);
    const dataset = bronze(where, { source: Source.file(file('airlines.csv')) });
    expect(sourceUrl(dataset)).toBe('s3://pp-dw-123456789012/etl/fda-nsde/glue/source/airlines.csv');
    expect(sources(where.stack)).toEqual({ 'fda-nsde/glue/source/airlines.csv': CSV });
    const deployed = deployedFiles(where.stack).get('fda-nsde/glue/bronze.json')!.toString();
    expect(JSON.parse(deployed)).toEqual(JSON.parse(dataset.document));
    expect(dataset.role).toBeUndefined();
    expect(resource(where.stack, 'AWS::Glue::Job').Properties.Role).toBe(
      'arn:aws:iam::123456789012:role/pp-dw-glue-role',
    );
  });

  test('a file is deployed if the account is only known at deployment', () => {
    const where = lake();
    bronze(where, { source: Source.file(file('airlines.csv')) });
    expect(sources(where.stack)).toEqual({ 'fda-nsde/glue/source/airlines.csv': CSV });
    expect(resources(where.stack, 'AWS::IAM::Role').filter(({ id }) => id.startsWith('Bronze'))).toEqual([]);
  });
});

test.each([
  ['airlines 2024 (final).csv', 'airlines_2024_final_.csv'],
  ['prices-{yyyy}.csv', 'prices-_yyyy_.csv'],
  ['a*[b]?.tsv.gz', 'a_b_.tsv.gz'],
  ['Überschuß.csv', 'berschu_.csv'],
  ['_hidden.csv', 'hidden.csv'],
  ['数据', 'source'],
  [`${'n'.repeat(200)}.csv.bz2`, `${'n'.repeat(112)}.csv.bz2`],
])('the file %s is deployed as %s', (name, deployed) => {
  const where = LAYOUTS[0].lake(ENV);
  const dataset = bronze(where, { source: Source.file(file(name)) });
  expect(sourceUrl(dataset)).toBe(`s3://pp-dw-123456789012/etl/fda-nsde/glue/source/${deployed}`);
  expect(sources(where.stack)).toEqual({ [`fda-nsde/glue/source/${deployed}`]: CSV });
});

test('several files keep their order, and those of the same name are all deployed', () => {
  const where = LAYOUTS[0].lake(ENV);
  const files = ['west/data.csv.gz', 'east/data.csv.gz', 'north/DATA.csv.gz'].map(name => file(name, name));
  const dataset = bronze(where, { source: Source.files(files) });
  const names = ['data.csv.gz', 'data-2.csv.gz', 'DATA-3.csv.gz'];
  expect(sourceUrl(dataset)).toEqual(
    names.map(name => `s3://pp-dw-123456789012/etl/fda-nsde/glue/source/${name}`),
  );
  expect(Object.values(sources(where.stack)).sort()).toEqual([
    'east/data.csv.gz', 'north/DATA.csv.gz', 'west/data.csv.gz',
  ]);
});

test('a symbolic link is followed', () => {
  symlinkSync(file('data/airlines.csv'), path.join(folder, 'link.csv'));
  const where = LAYOUTS[0].lake(ENV);
  bronze(where, { source: Source.file(path.join(folder, 'link.csv')) });
  expect(sources(where.stack)).toEqual({ 'fda-nsde/glue/source/link.csv': CSV });
});

test.each<[string, () => Partial<BronzeDatasetProps>, string]>([
  [
    'a file that does not exist',
    () => ({ source: Source.file('data/none.csv') }),
    'FILE_NOT_FOUND: Lake/Bronze: source_url of dataset "fda-nsde" is "data/none.csv", a file that does not exist. '
      + `Paths are relative to the folder where you run cdk: ${process.cwd()}.`,
  ],
  ['a folder', () => ({ source: Source.file('src') }), 'is "src", which is a folder.'],
  ['a device', () => ({ source: Source.file('/dev/null') }), 'is "/dev/null", which is not a regular file.'],
  [
    'a broken symbolic link',
    () => {
      symlinkSync('gone.csv', path.join(folder, 'link.csv'));
      return { source: Source.file(path.join(folder, 'link.csv')) };
    },
    'link.csv", a broken symbolic link to "gone.csv".',
  ],
  [
    'a path that is only known at deployment',
    () => ({ source: Source.file(Lazy.string({ produce: () => 'a.csv' })) }),
    'FILE_NOT_FOUND: Lake/Bronze: source_url of dataset "fda-nsde" is not a path that is known at synth. Write the '
      + 'path in the code.',
  ],
  [
    'no files',
    () => ({ source: Source.files([]) }),
    'URL_INVALID: Lake/Bronze: source_url of dataset "fda-nsde" is [].',
  ],
  [
    'the same file twice',
    () => {
      file('a.csv');
      return { source: Source.files([path.join(folder, 'a.csv'), `${folder}/./a.csv`]) };
    },
    'DUPLICATE_VALUE: Lake/Bronze: source_url[1] of dataset "fda-nsde" is',
  ],
  [
    'files that are too large together',
    () => ({ source: Source.files([largeFile('a.csv', 150e6), largeFile('b.csv', 51e6)]) }),
    'FILE_TOO_LARGE: Lake/Bronze: source_url of dataset "fda-nsde" has 201 MB of files; the maximum is 200 MB. Upload '
      + 'large files to a bucket with `aws s3 cp FILE s3://BUCKET/KEY`, and load them from there: '
      + 'Source.s3("s3://BUCKET/KEY"), or "source_url": "s3://BUCKET/KEY".',
  ],
  [
    'authentication',
    () => ({ source: Source.file(file('a.csv')), auth: Auth.bearer({ secret: 'vendor/api' }) }),
    'SETTING_NOT_APPLICABLE: Lake/Bronze: auth of dataset "fda-nsde" is set',
  ],
  [
    'lookbackDays',
    () => ({ source: Source.file(file('{yyyy}.csv')), lookbackDays: 3 }),
    'PLACEHOLDER_REQUIRED: Lake/Bronze: lookback_days of dataset "fda-nsde" is 3',
  ],
  [
    'a path in Source.url',
    () => ({ source: Source.url('data/airlines.csv') }),
    'URL_INVALID: Lake/Bronze: source_url of dataset "fda-nsde" is "data/airlines.csv". Start it with https://, '
      + 'http:// or s3://. For a file of the app, use Source.file.',
  ],
])('%s is an error in code', (_, props, message) => {
  expect(() => bronze(LAYOUTS[0].lake(ENV), props())).toThrow(message);
});

test('the files of all datasets of a stack are limited', () => {
  const where = LAYOUTS[0].lake(ENV);
  for (const [index, bytes] of [100e6, 100e6, 1].entries()) {
    const source = Source.file(largeFile(`${index}.csv`, bytes));
    bronze(where, { dataset: `airlines-${index}`, source }, `Airlines${index}`);
  }
  expect(() => where.app.synth()).toThrow(
    'FILE_TOO_LARGE: Lake: 3 datasets of the stack load files of the app with a total size of 201 MB; the '
      + 'maximum is 200 MB. Split the datasets across several stacks. Upload large files',
  );
});

/** A lake of configuration files. */
function directory(dataset: object): DatasetDirectory {
  file('lake/config.json', '{"etl_resource_prefix": "pp-dw"}');
  const document = { dataset: 'airlines', data_size_category: 'small', ...dataset };
  file('lake/bronze/airlines/config.json', JSON.stringify(document, undefined, 1));
  return new DatasetDirectory(new App(), 'Lake', { path: path.join(folder, 'lake'), env: ENV });
}

describe('in a configuration file', () => {
  test.each(['airlines.csv', './airlines.csv', '../../shared/airlines.csv', '50%.csv', 'a b.csv'])(
    'the path %s is relative to the file',
    declared => {
      const target = file(path.join('lake/bronze/airlines', declared));
      const dataset = directory({ source_url: declared }).datasets['bronze/airlines'];
      const stack = new Stack(new App(), 'Stack', { env: ENV });
      const inCode = new BronzeDataset(stack, 'Airlines', {
        core: EtlCore.fromPrefixes(stack, 'Core', { resourcePrefix: 'pp-dw' }),
        dataset: 'airlines',
        dataSizeCategory: DataSizeCategory.SMALL,
        source: Source.file(target),
      });
      expect(dataset.document).toBe(inCode.document);
      expect(sources(Stack.of(dataset))).toEqual(sources(stack));
      expect(Object.values(sources(stack))).toEqual([CSV]);
    },
  );

  test('files and URLs can be combined', () => {
    file('lake/bronze/airlines/old.csv');
    const urls = ['https://example.org/new.csv', 'old.csv', 's3://vendor/more.csv'];
    const dataset = directory({ source_url: urls }).datasets['bronze/airlines'];
    expect(sourceUrl(dataset)).toEqual([
      'https://example.org/new.csv',
      's3://pp-dw-123456789012/etl/airlines/glue/source/old.csv',
      's3://vendor/more.csv',
    ]);
    const [role] = resources(Stack.of(dataset), 'AWS::IAM::Role').filter(({ Properties }) => Properties.RoleName);
    expect(JSON.stringify(role.Properties.Policies[1])).not.toContain('pp-dw-123456789012');
  });

  test.each<[string, () => object, string]>([
    [
      'a file that does not exist',
      () => ({ source_url: 'example.org/airlines.csv' }),
      'config.json:4:16: /source_url is "example.org/airlines.csv", a file that does not exist. Paths are relative to '
        + 'the folder of config.json. A URL starts with https://, http:// or s3://.',
    ],
    [
      'a file outside of the app',
      () => {
        file('private.csv');
        return { source_url: ['https://example.org/a.csv', '../../../private.csv'] };
      },
      'FILE_OUTSIDE_APP: ',
    ],
    ['an absolute path', () => ({ source_url: file('a.csv') }), 'URL_INVALID: '],
    ['a file URL', () => ({ source_url: `file://${file('a.csv')}` }), 'URL_INVALID: '],
    [
      'headers',
      () => {
        file('lake/bronze/airlines/a.csv');
        return { source_url: 'a.csv', headers: { Accept: 'text/csv' } };
      },
      '/headers is set, but source_url is a file. Remove headers: it only applies to HTTP requests.',
    ],
    [
      'source_files',
      () => {
        file('lake/bronze/airlines/a.csv');
        return { source_url: 'a.csv', source_files: 'all' };
      },
      '/source_files is "all", but source_url is neither an S3 folder nor a glob.',
    ],
    [
      'a file that is too large',
      () => {
        largeFile('lake/bronze/airlines/a.csv', 200e6 + 1);
        return { source_url: 'a.csv' };
      },
      'config.json:4:16: /source_url has 201 MB of files; the maximum is 200 MB. Upload large files to a bucket',
    ],
  ])('%s is an error', (_, document, message) => {
    expect(() => directory(document())).toThrow(message);
  });
});
