import { CfnParameter, Stack } from 'aws-cdk-lib';
import { DatasetDocument } from '../../src/private/dataset-document.generated';
import { checkRules } from '../../src/private/dataset-rules';

/** A document of which only what a test is about is said. */
const DOCUMENT: DatasetDocument = { dataset: 'fda-cder', data_size_category: 'small', source_url: 'https://example.org/cder.zip' };
const TABLES = ['products', 'packages'];

function check(document: Partial<DatasetDocument>, tables = TABLES): void {
  checkRules(new Stack(undefined, 'Lake'), { ...DOCUMENT, ...document }, tables);
}

const column = (type?: string, format?: string): Partial<DatasetDocument> => ({ column_schema: { products: { Cell: { type, format } } } });

test.each<[string, Partial<DatasetDocument>]>([
  ['an address without a date', {}],
  ...['{yyyy}', '{yyyy-MM}', '{yyyyMMdd}', '{yyyy/MM/dd}', '{dd.MM.yyyy}', '{yyyy}/all-{yyyy-MM-dd}'].map((date): [string, Partial<DatasetDocument>] =>
    [`the date ${date}`, { source_url: `https://example.org/${date}.csv`, lookback_days: 3 }]),
  ['a date in one address of two', { source_url: ['https://example.org/a', 'https://example.org/{yyyy}'], lookback_days: 0 }],
  ['every key of csv', {
    file_format: {
      type: 'csv',
      delimiter: ';',
      header: false,
      encoding: 'cp1252',
      quote: '\'',
      escape: '\\',
      null_values: ['NA'],
      quoted_nulls: false,
      comment: '#',
      skip_rows: 1,
      skip_footer: 1,
      date_format: 'yyyyMMdd',
      number_format: '1.234,56',
    },
  }],
  ['csv that does not quote', { delimiter: '|', file_format: { quote: '' } }],
  ['widths without a type', { file_format: { widths: [5], comment: ',' } }],
  ['records without a type', { file_format: { records: 'data.items' } }],
  ['no type, and keys of csv', { delimiter: '|', file_format: { escape: '\\' } }],
  ...['1234.56', '1,234.56', '1 234,56', '1.234'].map((format): [string, Partial<DatasetDocument>] => [`the numbers ${format}`, column('decimal(18,2)', format)]),
  ['a decimal of decimals alone', column('decimal(2,2)')],
  ['a date', column('date', 'd. MMM yy')],
  ['a timestamp', column('timestamp', 'MM/dd/yyyy HH:mm:ss.SSS')],
  ['a timestamp at midnight', column('timestamp', 'yyyyMMdd')],
  ['words for yes and no', column('boolean', 'Y/N')],
  ['every table', {
    column_schema: { products: {}, packages: {} },
    business_keys: { products: ['ndc'], packages: ['ndc'] },
    data_quality: { required_columns: { products: ['ndc'] }, expected_record_count_min: { packages: 3 } },
  }],
  ['one name in two tables', { column_schema: { products: { A: { target_name: 'ndc' } }, packages: { B: { target_name: 'ndc' } } } }],
  ['two columns of different tables mapped to one name', { column_mappings: { A: 'ndc', B: 'ndc' } }],
])('%s makes sense', (_, document) => {
  expect(() => check(document)).not.toThrow();
});

const DATE = 'Braces hold the date of the run: yyyy, and if need be MM, dd and marks, as in {yyyy-MM-dd} or {yyyyMMdd}. For others write %7B and %7D.';
const PATTERN = 'It takes each part once: yyyy or yy; MM, M or MMM; dd or d; for times HH, mm, ss, S to SSSSSS; with marks between them, as in MM/dd/yyyy HH:mm:ss.';
const NO_FORMAT = 'column_schema.products.Cell.format of dataset "fda-cder" is';

test.each<[string, Partial<DatasetDocument>, string]>([
  ...['{date}', '{MM}', '{yyyy-mm-dd}', '{yyyyyy}', '{yyyy-yyyy}', '{yyyy', 'yyyy}', '{}', '{yyyy-MMM}', '{yyyy1}'].map(
    (braces): [string, Partial<DatasetDocument>, string] => [`the date ${braces}`, { source_url: `https://example.org/${braces}.csv` },
      `source_url of dataset "fda-cder" is "https://example.org/${braces}.csv", and ${braces.endsWith('}') ? braces.replace(/^yyyy/, '') : `${braces}.csv`} is no date. ${DATE}`]),
  ['a date of many that is none', { source_url: ['https://example.org/{yyyy}', 'https://example.org/{id}'] },
    `source_url[1] of dataset "fda-cder" is "https://example.org/{id}", and {id} is no date. ${DATE}`],
  ['an impossible port', { source_url: 'https://example.org:99999/{yyyy}.csv' },
    'source_url of dataset "fda-cder" is "https://example.org:99999/{yyyy}.csv", not an address. Check its host and port.'],
  ['an impossible port of many', { source_url: ['https://example.org', 'https://example.org:99999'] }, 'source_url[1] of dataset "fda-cder" is "https://example.org:99999", not'],
  ['days to go back without a date', { lookback_days: 3 },
    'lookback_days of dataset "fda-cder" is 3, and source_url holds no date. Write the date of the run into the address, for example {yyyy-MM-dd}, or leave lookback_days out.'],

  ['a delimiter twice', { delimiter: '|', file_format: { delimiter: ';' } }, 'delimiter of dataset "fda-cder" is "|", and file_format.delimiter is ";". Set one of them.'],
  ['dates twice', { date_format: 'yyyyMMdd', file_format: { date_format: 'dd.MM.yyyy' } },
    'date_format of dataset "fda-cder" is "yyyyMMdd", and file_format.date_format is "dd.MM.yyyy". Set one of them.'],
  ['a delimiter of fixed widths', { file_format: { type: 'fixed_width', widths: [5], delimiter: '|' } },
    'file_format.delimiter of dataset "fda-cder" is "|", and the type of the format is fixed_width. Leave it out: fixed_width takes widths, header, encoding, null_values, comment, '],
  ['a quote of fixed widths without a type', { file_format: { widths: [5], quote: '' } }, 'file_format.quote of dataset "fda-cder" is "", and the type of the format is fixed_width.'],
  ['an escape of JSON', { file_format: { type: 'json', escape: '\\' } },
    'file_format.escape of dataset "fda-cder" is "\\\\", and the type of the format is json. Leave it out: json takes records, encoding.'],
  ['a delimiter of JSON', { delimiter: '|', file_format: { type: 'json' } }, 'delimiter of dataset "fda-cder" is "|", and the type of the format is json. Leave it out'],
  ['a delimiter beside records', { delimiter: '|', file_format: { records: 'data' } }, 'delimiter of dataset "fda-cder" is "|", and the type of the format is json.'],
  ['records of JSON Lines', { file_format: { type: 'jsonl', records: 'data' } }, 'file_format.records of dataset "fda-cder" is "data", and the type of the format is jsonl.'],
  ['lines to skip in Parquet', { file_format: { type: 'parquet', skip_rows: 1 } },
    'file_format.skip_rows of dataset "fda-cder" is 1, and the type of the format is parquet. Leave it out: parquet takes no other key.'],
  ['widths of csv', { file_format: { type: 'csv', widths: [5] } }, 'file_format.widths of dataset "fda-cder" is [5], and the type of the format is csv.'],
  ['fixed widths without widths', { file_format: { type: 'fixed_width' } },
    'file_format of dataset "fda-cder" has the type fixed_width and no widths. Add the widths of the fields, for example [5, 20, 2].'],
  ['a month in four letters', { date_format: 'dd MMMM yyyy' }, `date_format of dataset "fda-cder" is "dd MMMM yyyy". ${PATTERN}`],
  ['a year twice', { file_format: { date_format: 'yyyyMMdd yy' } }, `file_format.date_format of dataset "fda-cder" is "yyyyMMdd yy". ${PATTERN}`],
  ['one mark for thousands and decimals', { file_format: { number_format: '1.234.56' } },
    'file_format.number_format of dataset "fda-cder" is "1.234.56". Give thousands and decimals marks of their own, as in 1.234,56 or 1,234.56.'],

  ['a quote as delimiter', { delimiter: '|', file_format: { quote: '|' } },
    'file_format.quote of dataset "fda-cder" is "|", and so is the delimiter. Give each a character of its own.'],
  ['a quote in the delimiter', { file_format: { delimiter: '~\'~', quote: '\'' } },
    'file_format.quote of dataset "fda-cder" is "\'", and the delimiter "~\'~" holds it. Give each a character of its own.'],
  ['a quote as its own escape', { file_format: { escape: '"' } },
    'file_format.escape of dataset "fda-cder" is "\\"", and so is the quote. Leave escape out: a quote inside quotes is doubled.'],
  ['the usual delimiter as escape', { file_format: { escape: ',' } }, 'file_format.escape of dataset "fda-cder" is ",", and so is the delimiter.'],
  ['a comment that is the delimiter', { file_format: { delimiter: '#', comment: '#' } }, 'file_format.comment of dataset "fda-cder" is "#", and so is the delimiter.'],
  ['a comment in the delimiter', { file_format: { delimiter: '##', comment: '#' } }, 'file_format.comment of dataset "fda-cder" is "#", and the delimiter "##" holds it.'],
  ['a comment that is the quote', { file_format: { comment: '"' } }, 'file_format.comment of dataset "fda-cder" is "\\"", and so is the quote.'],
  ['a comment that is the escape', { file_format: { escape: '\\', comment: '\\' } }, 'file_format.comment of dataset "fda-cder" is "\\\\", and so is the escape.'],

  ['columns of a misspelt table', { column_schema: { product: {} } },
    'column_schema of dataset "fda-cder" names the table "product", which it has not. Did you mean "products"? The tables are: products, packages.'],
  ['keys of a table by its name in the database', { business_keys: { fda_cder_packages: ['ndc'] } },
    'business_keys of dataset "fda-cder" names the table "fda_cder_packages", which it has not. Did you mean "packages"? The tables are: products, packages.'],
  ['required columns of no table', { data_quality: { required_columns: { elsewhere: ['ndc'] } } },
    'data_quality.required_columns of dataset "fda-cder" names the table "elsewhere", which it has not. The tables are: products, packages.'],
  ['rows of no table', { data_quality: { expected_record_count_min: { product: 1 } } },
    'data_quality.expected_record_count_min of dataset "fda-cder" names the table "product", which it has not. Did you mean "products"?'],

  ['more decimals than digits', column('decimal(2,18)'),
    'column_schema.products.Cell.type of dataset "fda-cder" is "decimal(2,18)", more decimals than digits. '
    + 'A decimal has digits in all, then how many are decimals, for example decimal(18,2).'],
  ['a format without a type', column(undefined, 'yyyyMMdd'),
    `${NO_FORMAT} "yyyyMMdd", and the column's type is not set. A format says how the values of a type are written: set the type, for example date.`],
  ['a format of text', column('string', 'yyyyMMdd'), `${NO_FORMAT} "yyyyMMdd", and the column's type is string. Text is kept as it is: leave the format out.`],
  ['a format of a date that is none', column('date', '%Y-%m-%d'), `${NO_FORMAT} "%Y-%m-%d", and the column's type is date.`],
  ['a date without a day', column('date', 'yyyyMM'), `${NO_FORMAT} "yyyyMM", and the column's type is date. ${PATTERN}`],
  ['a date with a time', column('date', 'yyyy-MM-dd HH:mm'),
    `${NO_FORMAT} "yyyy-MM-dd HH:mm", and the column's type is date. A date has no time: leave HH, mm, ss and S out, or make it a timestamp.`],
  ['a timestamp of twelve hours', column('timestamp', 'yyyy-MM-dd hh:mm'), `${NO_FORMAT} "yyyy-MM-dd hh:mm", and the column's type is timestamp. ${PATTERN}`],
  ['a date\'s format of a number', column('bigint', 'yyyyMMdd'),
    `${NO_FORMAT} "yyyyMMdd", and the column's type is bigint. Write 1234.56 with the file's own marks, for example 1.234,56.`],
  ['one mark twice in a column', column('decimal(18,2)', '1,234,56'), `${NO_FORMAT} "1,234,56", and the column's type is decimal(18,2). Give thousands and decimals`],
  ['one word for yes and no', column('boolean', 'Y/Y'),
    `${NO_FORMAT} "Y/Y", and the column's type is boolean. Write the words for true and false with a slash between them, for example Y/N.`],
  ['no word for no', column('boolean', 'Y/'), `${NO_FORMAT} "Y/", and the column's type is boolean.`],
  ['three words for yes and no', column('boolean', 'Y/N/U'), `${NO_FORMAT} "Y/N/U", and the column's type is boolean.`],
  ['two columns of one name', { column_schema: { products: { A: { target_name: 'ndc' }, B: { target_name: 'ndc' } } } },
    'column_schema.products.B.target_name of dataset "fda-cder" is "ndc", the name that "A" has already. Give one of the two another name.'],

  ['a key for all tables and one by table', { business_key: ['ndc'], business_keys: { products: ['ndc'] } },
    'business_key of dataset "fda-cder" is set, and business_keys too. Set business_key for all tables, or business_keys by table.'],
])('%s is an error that says where, what was found and what to do', (_, document, message) => {
  expect(() => check(document)).toThrow(`Lake: ${message}`);
});

test('of one table, two columns may not be mapped to one name', () => {
  expect(() => check({ column_mappings: { A: 'ndc', B: 'ndc' } }, ['fda_cder']))
    .toThrow('column_mappings.B of dataset "fda-cder" is "ndc", the name that "A" has already. Give one of the two another name.');
  expect(() => check({ column_mappings: { A: 'ndc', B: 'ndc' }, column_schema: { fda_cder: { B: { target_name: 'other' } } } }, ['fda_cder'])).not.toThrow();
});

test('values only known at deployment make sense', () => {
  const scope = new Stack(undefined, 'Lake');
  const text = new CfnParameter(scope, 'Text').valueAsString;
  const list = new CfnParameter(scope, 'List', { type: 'CommaDelimitedList' }).valueAsList;
  const number = new CfnParameter(scope, 'Number', { type: 'Number' }).valueAsNumber;
  const unknown: Partial<DatasetDocument> = {
    lookback_days: 3,
    date_format: text,
    file_format: { delimiter: text, quote: text, escape: text, comment: text, number_format: text },
    column_schema: { products: { A: { type: 'date', format: text }, B: { type: text, format: 'Y/N' } } },
    data_quality: { required_columns: list, expected_record_count_min: number },
  };
  for (const source of [text, `https://${text}/{yyyy}`, [text], list]) {
    expect(() => check({ ...unknown, source_url: source })).not.toThrow();
  }
});

test.each<[string, Partial<DatasetDocument>]>([
  ['file_table_mapping', { file_table_mapping: { 'a.csv': 'fda_cder', 'b.csv': 'packages' } }],
  ['outputs', { source_url: undefined, source_datasets: ['bronze/x'], sql: 'q.sql', outputs: ['fda_cder', 'packages'] }],
])('a table with the name of its dataset has no others beside it: %s', (key, document) => {
  expect(() => check(document, ['fda_cder', 'packages'])).toThrow(
    `Lake: ${key} of dataset "fda-cder" has the table "fda_cder" of the dataset's own name among others. Its folder would hold theirs: give it another name`);
});
