import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { setUpPackages } from './environment';
import { Failure } from './failure';
import { paint, Progress } from './progress';
import { tableKeys } from '../naming';
import { DatasetDocument } from '../private/document/dataset-document.generated';
import { ruleProblems } from '../private/document/dataset-rules';
import { datasetSchema } from '../private/document/dataset-schema';
import { didYouMean } from '../private/errors/suggestion';

/** How `medallion add` is called. */
export interface AddOptions {
  readonly json: boolean;
  readonly lake?: string;
  readonly name?: string;
  readonly url?: string;
  readonly size?: string;
  readonly key: string[];
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly header: boolean;
  readonly force?: true;
  readonly dryRun?: true;
}

/** What inspect_source.py says. */
interface Look {
  readonly document: Partial<DatasetDocument>;
  readonly found: string[];
  readonly size_bytes: number;
  readonly is_whole: boolean;
}

const PLACEHOLDER = 'https://example.org/';

/**
 * Looks at a source, and writes the `config.json` of a bronze dataset that reads it.
 *
 * @param source the address of a file, or a file on this machine
 */
export async function add(source: string, options: AddOptions): Promise<void> {
  const isAddress = /^https?:\/\//.test(source);
  const url = options.url ?? (isAddress ? source : `${PLACEHOLDER}${encodeURIComponent(path.basename(source))}`);
  for (const address of isAddress ? [source, url] : [url]) {
    checkUrl(address);
  }
  const delimiter = options.delimiter?.replace('\\t', '\t');
  if (delimiter !== undefined && delimiter.length !== 1) {
    throw new Failure(`--delimiter is ${JSON.stringify(options.delimiter)}. It is one character, or \\t for a tab.`, 2);
  }
  const name = options.name ?? nameOf(isAddress ? new URL(source).pathname : source);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 80) {
    throw new Failure(
      `The name of the dataset is ${JSON.stringify(name)}. It takes lower-case letters, digits and single `
        + 'hyphens: --name fda-nsde.',
      2,
    );
  }
  const lake = options.dryRun ? options.lake ?? '.' : options.lake ?? findLake();
  const file = path.join(lake, 'bronze', name, 'config.json');
  if (!options.dryRun && !options.force && fs.existsSync(file)) {
    throw new Failure(`${file} is there already. Choose another name with --name, or replace it with --force.`, 2);
  }
  const look = await lookAt(source, tableKeys(name, [])[0], { ...options, delimiter });
  checkKeys(look, options.key);
  const document = documentOf(name, url, look, options);
  check(document, source);
  if (!options.dryRun) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(
      file,
      `${JSON.stringify({ $schema: schemaFrom(path.dirname(file)), ...document }, undefined, 2)}\n`,
    );
  }
  tell(document, look, file, isAddress || options.url !== undefined, options);
}

/** What a parameter with a secret is called. Tokens of pages are none. */
const SECRET =
  /(^|[-_.])(api[-_]?key|access[-_]?key|subscription[-_]?key|key|auth|authorization|pwd|passwd|password|credentials?|secret|signature|sig|token)$/i;
const OF_A_PAGE = /^(next|page)[-_]?token$/i;

/** A secret in an address would be in the repository, the template and the job's document. */
function checkUrl(url: string): void {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (!address || !/^https?:$/.test(address.protocol)) {
    throw new Failure(`${redactedUrl(url)} is no address of a file: it begins with http:// or https://.`, 2);
  }
  const parameters = [...address.searchParams.keys(), ...new URLSearchParams(address.hash.slice(1)).keys()];
  // apiKey and client_secret are two spellings of one habit.
  const words = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1-$2');
  const secret = parameters.find(name => SECRET.test(words(name)) && !OF_A_PAGE.test(name));
  if (address.password || secret) {
    throw new Failure(
      `The address holds ${address.password ? 'a password' : `"${secret}", which looks like a secret`}. `
        + 'It would be written into config.json: give an address without it.',
      2,
    );
  }
}

/** An address without what could be a secret. */
function redactedUrl(source: string): string {
  return source.split(/[?#]/)[0].replace(/\/\/[^/@]*@/, '//');
}

/** The file's name without endings and dates. */
function nameOf(file: string): string {
  const base = path.basename(file).replace(/%[0-9A-Fa-f]{2}/g, '-').replace(/(\.[A-Za-z]\w{0,7})+$/, '');
  return base.toLowerCase().replace(/[-_.]?(19|20)\d{2}[-_.]?(0\d|1[0-2])([-_.]?[0-3]\d)?/g, '')
    .replace(/[^a-z0-9]+/g, '-').replace(/^[-0-9]+|-+$/g, '') || 'dataset';
}

/** The folder of the core's config.json: this one, or one in it. */
function findLake(): string {
  const isLake = (folder: string) => {
    try {
      return 'etl_resource_prefix' in JSON.parse(fs.readFileSync(path.join(folder, 'config.json'), 'utf8'));
    } catch {
      return false;
    }
  };
  const folders = [
    '.',
    ...fs
      .readdirSync('.', { withFileTypes: true })
      .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name),
  ];
  const lakes = folders.filter(isLake);
  if (lakes.length !== 1) {
    throw new Failure(
      lakes.length === 0
        ? 'There is no config.json with etl_resource_prefix here or in a folder here. Begin with medallion init '
            + 'DIR, or name the folder with --lake DIR.'
        : `There are several lakes here: ${lakes.join(', ')}. Name one with --lake DIR.`,
      2,
    );
  }
  return lakes[0];
}

/** What an editor reads, from the folder of a file. */
function schemaFrom(folder: string): string {
  const schema = path.join('node_modules', 'cdk-glue-medallion', 'glue-templates', 'dataset.schema.json');
  return path.relative(folder, schema).split(path.sep).join('/');
}

async function lookAt(source: string, table: string, options: AddOptions): Promise<Look> {
  const progress = new Progress();
  const python = await setUpPackages(progress);
  const log = path.join(fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'medallion-')), 'look.log');
  try {
    return await progress.during(`Looking at ${redactedUrl(source)}`, async () => {
      let answer = '';
      const child = new Child(
        python,
        [
          path.join(LOCAL_GLUE, 'inspect_source.py'),
          ...(options.delimiter === undefined ? [] : ['--delimiter', options.delimiter]),
          ...(options.encoding === undefined ? [] : ['--encoding', options.encoding]),
          ...(options.header ? [] : ['--no-header']),
          '--',
          source,
          table,
        ],
        {
          env: cleanEnvironment({ PYTHONPATH: path.join(LOCAL_GLUE, '..') }),
          log,
          onLine: line => {
            answer += line;
          },
        },
      );
      if (await child.exit !== 0) {
        throw new Failure(
          fs.readFileSync(log, 'utf8').trim().split('\n').pop() || 'The source could not be looked at.',
          1,
        );
      }
      return JSON.parse(answer) as Look;
    });
  } finally {
    fs.rmSync(path.dirname(log), { recursive: true });
  }
}

const MB = 1_000_000;

function documentOf(name: string, url: string, look: Look, options: AddOptions): DatasetDocument {
  const size =
    look.size_bytes < 100 * MB
      ? 'small'
      : look.size_bytes < 1000 * MB
        ? 'medium'
        : look.size_bytes < 5000 * MB
          ? 'large'
          : 'xlarge';
  const { business_key: foundKey, business_keys: foundKeys, ...others } = look.document;
  const keys =
    options.key.length > 0 ? { business_key: options.key } : { business_key: foundKey, business_keys: foundKeys };
  return datasetSchema().inOrder<DatasetDocument>({
    dataset: name,
    data_size_category: (options.size ?? size) as DatasetDocument['data_size_category'],
    source_url: url,
    ...others,
    ...keys,
  });
}

/** A key is of columns that every table has. */
function checkKeys({ document }: Look, keys: string[]): void {
  for (const [table, columns] of Object.entries(document.column_schema ?? {})) {
    const names = Object.values(columns).map(column => column.target_name!);
    const unknown = keys.find(key => !names.includes(key));
    if (unknown !== undefined) {
      throw new Failure(
        `--key names ${JSON.stringify(unknown)}, which is no column of ${table}. `
          + `${didYouMean(unknown, names)}It has ${names.join(', ')}.`,
        2,
      );
    }
  }
}

/** What is written must be what synth takes. */
function check(document: DatasetDocument, source: string): void {
  const tables = tableKeys(document.dataset, Object.values(document.file_table_mapping ?? {}));
  for (const { key, found, remedy } of [...datasetSchema().problems(document), ...ruleProblems(document, tables)]) {
    throw new Failure(`What was found in ${redactedUrl(source)} makes no dataset: ${key} ${found}. ${remedy}`, 1);
  }
}

/** The business key of each table that has one. */
function keysOf(document: DatasetDocument): [table: string, key: string[]][] {
  return Object.entries(
    document.business_keys
      ?? (document.business_key ? { [tableKeys(document.dataset, [])[0]]: document.business_key } : {}),
  );
}

function tell(document: DatasetDocument, look: Look, file: string, hasAddress: boolean, options: AddOptions): void {
  if (options.json) {
    const { found, size_bytes, is_whole } = look;
    const written = options.dryRun ? null : file;
    process.stdout.write(`${JSON.stringify({ file: written, document, found, size_bytes, is_whole })}\n`);
    return;
  }
  if (options.dryRun) {
    process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  }
  const lines = [
    ...look.found,
    ...(options.key.length > 0
      ? []
      : keysOf(document).map(
        ([table, key]) => `${table}: no two rows have the same ${key.join(', ')}: taken for the business key`,
      )),
    `About ${(look.size_bytes / MB).toLocaleString('en', { maximumFractionDigits: 1 })} MB unpacked: `
      + `${document.data_size_category}`,
    ...(look.is_whole
      ? []
      : ['Types are those of the first records. A value further down that does not fit is kept in meta_rescued.']),
    ...(hasAddress
      ? []
      : [
        paint(
          'red',
          `source_url is ${document.source_url}, which only holds the place: give the address with --url, `
              + 'or write it into the file.',
        ),
      ]),
  ];
  process.stderr.write(lines.map(line => `  ${line}\n`).join(''));
  if (!options.dryRun) {
    process.stdout.write(`${file} is written. Next: npx cdk synth, then npx medallion run ${document.dataset}\n`);
  }
}
