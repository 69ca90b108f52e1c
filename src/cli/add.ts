import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { GLUE_VERSIONS, setUpPackages } from './environment';
import { Failure } from './failure';
import { readJsonObject } from './json-object';
import { Progress } from './progress';
import { GlueVersion } from '../glue-version';
import { tableKeys } from '../naming';
import { ConfigDocument } from '../private/document/config-document.generated';
import { DatasetDocument } from '../private/document/dataset-document.generated';
import { ruleProblems } from '../private/document/dataset-rules';
import { datasetSchema } from '../private/document/dataset-schema';
import { didYouMean } from '../private/errors/suggestion';
import { MAX_SOURCE_BYTES, megabytes } from '../private/scripts/source-files';

/** The options of `medallion add`. */
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

/** The output of inspect_source.py. */
interface Inspection {
  readonly document: Partial<DatasetDocument>;
  /** What was found in the source, as lines for the terminal. */
  readonly found: string[];
  readonly size_bytes: number;
  /** Whether all records were read. */
  readonly is_whole: boolean;
}

/** A local file and its copy next to `config.json`, which is deployed with the app. */
interface LocalFile {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  /** Whether the file is already next to `config.json`. */
  readonly isInPlace: boolean;
}

/**
 * Inspects a data file and writes the `config.json` of a bronze dataset. If `url` is not set, a local file is copied
 * next to `config.json`.
 *
 * @param source the URL of a file, or the path of a local file
 */
export async function add(source: string, options: AddOptions): Promise<void> {
  const isUrl = /^https?:\/\//.test(source);
  if (isUrl) {
    checkUrl(source, ['http', 'https']);
  }
  if (options.url !== undefined) {
    checkUrl(options.url, ['http', 'https', 's3']);
  }
  const delimiter = options.delimiter?.replace('\\t', '\t');
  if (delimiter !== undefined && delimiter.length !== 1) {
    throw new Failure(
      `The --delimiter ${JSON.stringify(options.delimiter)} is not valid. Specify one character, or \\t for a tab.`,
      2,
    );
  }
  const name = options.name ?? nameOf(isUrl ? new URL(source).pathname : source);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 80) {
    throw new Failure(
      `The dataset name ${JSON.stringify(name)} is not valid. A name consists of lowercase letters, digits and single `
        + 'hyphens, and has a maximum of 80 characters. Example: --name fda-nsde',
      2,
    );
  }
  const lake = options.dryRun ? options.lake ?? '.' : options.lake ?? findLake();
  const file = path.join(lake, 'bronze', name, 'config.json');
  if (!options.dryRun && !options.force && fs.existsSync(file)) {
    throw new Failure(`${file} already exists. Specify another name with --name, or replace the file with --force.`, 2);
  }
  const localFile = isUrl || options.url !== undefined ? undefined : localFileOf(source, path.dirname(file), options);
  const inspection = await inspectSource(source, tableKeys(name, [])[0], lake, { ...options, delimiter });
  checkKeys(inspection, options.key);
  const url = localFile ? `./${path.basename(localFile.to)}` : options.url ?? source;
  const document = documentOf(name, url, inspection, options);
  requireValid(document, source);
  if (!options.dryRun) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (localFile && !localFile.isInPlace) {
      // A copy that is read-only cannot be overwritten.
      fs.rmSync(localFile.to, { force: true });
      fs.copyFileSync(localFile.from, localFile.to, fs.constants.COPYFILE_FICLONE);
    }
    fs.writeFileSync(
      file,
      `${JSON.stringify({ $schema: relativeSchema(path.dirname(file)), ...document }, undefined, 2)}\n`,
    );
  }
  printResult(document, inspection, file, localFile, options);
}

/**
 * Describes a local file and the copy that the app deploys. Undefined if the file does not exist. The inspection then
 * reports the error.
 *
 * @param folder the folder of config.json
 */
function localFileOf(source: string, folder: string, { dryRun, force }: AddOptions): LocalFile | undefined {
  const stat = fs.statSync(source, { throwIfNoEntry: false });
  if (!stat || stat.isDirectory()) {
    return undefined;
  }
  if (!stat.isFile()) {
    throw new Failure(`${source} is not a regular file. Save it as a file, or set the URL of the data with --url.`, 2);
  }
  if (stat.size > MAX_SOURCE_BYTES) {
    throw new Failure(
      `${source} is too large (${megabytes(stat.size)}). A file that is deployed with the app can have at `
        + `most ${megabytes(MAX_SOURCE_BYTES)}. Upload it with \`aws s3 cp ${source} s3://BUCKET/KEY\`, and add `
        + '--url s3://BUCKET/KEY.',
      2,
    );
  }
  // The data file itself can be named config.json.
  const name = path.basename(source);
  const to = path.join(folder, name === 'config.json' ? 'data.json' : name);
  const isInPlace = fs.existsSync(to) && fs.realpathSync(to) === fs.realpathSync(source);
  if (!isInPlace && !dryRun && !force && fs.existsSync(to)) {
    throw new Failure(`${to} already exists. Specify another name with --name, or replace the file with --force.`, 2);
  }
  return { from: source, to, bytes: stat.size, isInPlace };
}

/** Names of query parameters that usually contain a secret. */
const SECRET_PARAMETER =
  /(^|[-_.])(api[-_]?key|access[-_]?key|subscription[-_]?key|key|auth|authorization|pwd|passwd|password|credentials?|secret|signature|sig|token)$/i;
/** A pagination token is not a secret. */
const PAGE_TOKEN_PARAMETER = /^(next|page)[-_]?token$/i;

/** Rejects a URL with a secret, which would end up in the repository, the template and the dataset document. */
function checkUrl(text: string, schemes: string[]): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !schemes.includes(url.protocol.slice(0, -1))) {
    throw new Failure(
      `${redactedUrl(text)} is not a valid URL. Specify a URL that starts with ${alternatives(schemes)}.`,
      2,
    );
  }
  const parameters = [...url.searchParams.keys(), ...new URLSearchParams(url.hash.slice(1)).keys()];
  const kebabCase = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1-$2');
  const secret = parameters.find(name => SECRET_PARAMETER.test(kebabCase(name)) && !PAGE_TOKEN_PARAMETER.test(name));
  if (url.password || secret) {
    throw new Failure(
      `The URL contains ${url.password ? 'a password' : `the parameter "${secret}", which looks like a secret`}. `
        + 'The URL would be written to config.json. Remove the secret from the URL.',
      2,
    );
  }
}

function alternatives(schemes: string[]): string {
  const prefixes = schemes.map(scheme => `${scheme}://`);
  return [prefixes.slice(0, -1).join(', '), ...prefixes.slice(-1)].join(' or ');
}

/** The URL without user information, query and fragment, which can contain secrets. */
function redactedUrl(source: string): string {
  return source.split(/[?#]/)[0].replace(/\/\/[^/@]*@/, '//');
}

/** The file name in kebab case, without extensions and dates. */
function nameOf(file: string): string {
  const base = path.basename(file).replace(/%[0-9A-Fa-f]{2}/g, '-').replace(/(\.[A-Za-z]\w{0,7})+$/, '');
  return base.toLowerCase().replace(/[-_.]?(19|20)\d{2}[-_.]?(0\d|1[0-2])([-_.]?[0-3]\d)?/g, '')
    .replace(/[^a-z0-9]+/g, '-').replace(/^[-0-9]+|-+$/g, '') || 'dataset';
}

/** The folder of the core's config.json: the current folder or a subfolder. */
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
        ? 'No config.json with etl_resource_prefix was found in the current folder or its subfolders. Create an app '
            + 'with `medallion init DIR`, or set the folder with --lake DIR.'
        : `Several folders contain a config.json with etl_resource_prefix: ${lakes.join(', ')}. Select one with `
            + '--lake DIR.',
      2,
    );
  }
  return lakes[0];
}

/**
 * The Glue version of a lake, or the default version. The source is inspected in the Python environment of this
 * version, because a later run of the dataset needs the same environment.
 */
export function glueVersionOf(lake: string): string {
  // Unreadable files and invalid values are ignored here, because synthesis reports them.
  const { glue_defaults: defaults }: Partial<ConfigDocument> = readJsonObject(path.join(lake, 'config.json')) ?? {};
  const version = defaults?.version;
  return version !== undefined && version in GLUE_VERSIONS ? version : GlueVersion.V5_0;
}

/** The path of the JSON schema for editors, relative to a folder. */
function relativeSchema(folder: string): string {
  const schema = path.join('node_modules', 'cdk-glue-medallion', 'glue-templates', 'dataset.schema.json');
  return path.relative(folder, schema).split(path.sep).join('/');
}

async function inspectSource(
  source: string, table: string, lake: string, options: AddOptions,
): Promise<Inspection> {
  const progress = new Progress();
  const python = await setUpPackages(glueVersionOf(lake), progress);
  const log = path.join(fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'medallion-')), 'inspect-source.log');
  try {
    return await progress.during(`Inspecting ${redactedUrl(source)}`, async () => {
      let output = '';
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
            output += line;
          },
        },
      );
      if (await child.exit !== 0) {
        throw new Failure(
          fs.readFileSync(log, 'utf8').trim().split('\n').pop() || `Cannot inspect ${redactedUrl(source)}.`,
          1,
        );
      }
      return JSON.parse(output) as Inspection;
    });
  } finally {
    fs.rmSync(path.dirname(log), { recursive: true });
  }
}

const MB = 1_000_000;

function documentOf(name: string, url: string, inspection: Inspection, options: AddOptions): DatasetDocument {
  const size =
    inspection.size_bytes < 100 * MB
      ? 'small'
      : inspection.size_bytes < 1000 * MB
        ? 'medium'
        : inspection.size_bytes < 5000 * MB
          ? 'large'
          : 'xlarge';
  const { business_key: detectedKey, business_keys: detectedKeys, ...others } = inspection.document;
  const keys =
    options.key.length > 0 ? { business_key: options.key } : { business_key: detectedKey, business_keys: detectedKeys };
  return datasetSchema().inOrder<DatasetDocument>({
    dataset: name,
    data_size_category: (options.size ?? size) as DatasetDocument['data_size_category'],
    source_url: url,
    ...others,
    ...keys,
  });
}

/** Fails if a table does not have a column of --key. */
function checkKeys({ document }: Inspection, keys: string[]): void {
  for (const [table, columns] of Object.entries(document.column_schema ?? {})) {
    const names = Object.values(columns).map(column => column.target_name!);
    const unknown = keys.find(key => !names.includes(key));
    if (unknown !== undefined) {
      throw new Failure(
        `The column ${JSON.stringify(unknown)} of --key does not exist in ${table}. `
          + `${didYouMean(unknown, names)}The columns are: ${names.join(', ')}.`,
        2,
      );
    }
  }
}

/** Fails if `cdk synth` would reject the document. */
function requireValid(document: DatasetDocument, source: string): void {
  const tables = tableKeys(document.dataset, Object.values(document.file_table_mapping ?? {}));
  for (const { key, found, remedy } of [...datasetSchema().problems(document), ...ruleProblems(document, tables)]) {
    throw new Failure(`Cannot create a valid config.json for ${redactedUrl(source)}: ${key} ${found}. ${remedy}`, 1);
  }
}

/** The business key of each table that has one. */
function keysOf(document: DatasetDocument): [table: string, key: string[]][] {
  return Object.entries(
    document.business_keys
      ?? (document.business_key ? { [tableKeys(document.dataset, [])[0]]: document.business_key } : {}),
  );
}

/** The path of the copy. Null if the file was not copied. */
function copyOf(file?: LocalFile): string | null {
  return file && !file.isInPlace ? file.to : null;
}

function describeCopy({ from, to, bytes, isInPlace }: LocalFile, { dryRun }: AddOptions): string {
  const size = bytes < MB
    ? `${Math.ceil(bytes / 1000)} kB`
    : `${(bytes / MB).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
  const action = isInPlace ? `${from} stays where it is` : `${dryRun ? 'Would copy' : 'Copied'} ${from} to ${to}`;
  return `${action} (${size}). It is deployed with the app. If the data changes independently of the app, set --url `
    + 'instead.';
}

function printResult(
  document: DatasetDocument,
  inspection: Inspection,
  file: string,
  localFile: LocalFile | undefined,
  options: AddOptions,
): void {
  if (options.json) {
    const { found, size_bytes, is_whole } = inspection;
    const written = { file: options.dryRun ? null : file, copied_to: options.dryRun ? null : copyOf(localFile) };
    process.stdout.write(`${JSON.stringify({ ...written, document, found, size_bytes, is_whole })}\n`);
    return;
  }
  if (options.dryRun) {
    process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  }
  const lines = [
    ...inspection.found,
    ...(options.key.length > 0
      ? []
      : keysOf(document).map(
        ([table, key]) => `${table}: business key ${key.join(', ')} (no duplicates)`,
      )),
    `Approximately ${(inspection.size_bytes / MB).toLocaleString('en', { maximumFractionDigits: 1 })} MB uncompressed: `
      + `data_size_category ${document.data_size_category}`,
    ...(inspection.is_whole
      ? []
      : ['Data types are inferred from the first records. Later values that do not match are stored in meta_rescued.']),
    ...(localFile ? [describeCopy(localFile, options)] : []),
  ];
  process.stderr.write(lines.map(line => `  ${line}\n`).join(''));
  if (!options.dryRun) {
    process.stdout.write(`Created ${file}. Next: npx cdk synth, then npx medallion run ${document.dataset}\n`);
  }
}
