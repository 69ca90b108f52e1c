import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { installInto, medallionIn, runIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { ROOT } from './command-fixture';
import { onTerminal } from './terminal';
import { Failure } from '../../src/cli/failure';
import { initFrom, InitFromOptions } from '../../src/cli/init-from';
import { LOAD_TYPESCRIPT } from '../load-typescript';

let folder: string;
beforeEach(() => {
  folder = path.join(temporaryFolder(), 'Our Lake');
  fs.mkdirSync(folder);
});

/** Every deviation from the convention that the command corrects, in unusual formatting. */
const DEVIATIONS: { readonly [file: string]: string } = {
  'config.json': `{
\t"etl_resource_prefix" : "pp-dw",
\t"worker_configs": { "small": { "worker_type": "G.1X", "number_of_workers": 2 } },
\t"_owner": "data team"
}`,
  'fda-ndc/config.json': `{
  "dataset": "fda-ndc",
  "comment": "Products and packages",
  "dataSizeCategory": "small",
  "source_url": "https://example.org/ndc.zip",
  "tables": ["ndc-products", "ndc-packages"],
  "file_table_mapping": { "product.txt": "ndc-products",
                          "package.txt":   "ndc-packages" },
  "column_schema": {"ndc-products": {"START": {"type": "date", "fromat": "yyyyMMdd"}}},
  "business_keys": {
    "ndc-products": "productid",
    "ndc-packages": ["ndc"]
  },
  "dependencies": []
}
`,
  'states/config.json': [
    '{',
    '  "dataset": "states", "data_size_category": "small",',
    '  "source_datasets": "zipcodes",',
    '  "sql": "states.sql"',
    '}',
    '',
  ].join('\r\n'),
  'states/states.sql': 'SELECT DISTINCT state FROM ${bronze_database}.zipcodes\n',
  'zipcodes/config.json':
    '{"dataset": "zipcodes", "data_size_category": "small", "source_url": "https://example.org/zipcodes.csv"}\n',
};

/** Runs the command in the folder. Uses this process, because the start of another process takes seconds. */
function initFromIn(args: Partial<InitFromOptions> = {}): { code: number; stdout: string } {
  let stdout = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation(text => {
    stdout += String(text);
    return true;
  });
  const current = process.cwd();
  process.chdir(folder);
  try {
    const isValid = initFrom({ json: false, language: 'typescript', from: 'lake', ...args });
    return { code: isValid ? 0 : 1, stdout };
  } finally {
    process.chdir(current);
    write.mockRestore();
  }
}

const APP = ['.gitignore', 'app.ts', 'cdk.json', 'package.json', 'test/lake.test.ts'];

function writeFiles(files: { readonly [file: string]: string }, root = path.join(folder, 'lake')): void {
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  }
}

function filesIn(root: string): { [file: string]: string } {
  return Object.fromEntries(
    fs.readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter(file => !file.startsWith('node_modules') && fs.statSync(path.join(root, file)).isFile())
      .map(file => [file, fs.readFileSync(path.join(root, file), 'utf8')]),
  );
}

const PREVIEW = `lake/config.json
   3 - \t"worker_configs": { "small": { "worker_type": "G.1X", "number_of_workers": 2 } },
   3 + \t"glue_worker_configs": { "small": { "worker_type": "G.1X", "number_of_workers": 2 } },
       The name of the key is "glue_worker_configs".

lake/fda-ndc/config.json
   4 -   "dataSizeCategory": "small",
   4 +   "data_size_category": "small",
       "dataSizeCategory" is not a known key.
   7 -   "file_table_mapping": { "product.txt": "ndc-products",
   7 +   "file_table_mapping": { "product.txt": "ndc_products",
   8 -                           "package.txt":   "ndc-packages" },
   8 +                           "package.txt":   "ndc_packages" },
       The names of tables have underscores instead of hyphens.
   9 -   "column_schema": {"ndc-products": {"START": {"type": "date", "fromat": "yyyyMMdd"}}},
   9 +   "column_schema": {"ndc_products": {"START": {"type": "date", "format": "yyyyMMdd"}}},
       The names of tables have underscores instead of hyphens.
       "fromat" is not a known key.
  11 -     "ndc-products": "productid",
  11 +     "ndc_products": ["productid"],
       The names of tables have underscores instead of hyphens.
       The key expects a list.
  12 -     "ndc-packages": ["ndc"]
  12 +     "ndc_packages": ["ndc"]
       The names of tables have underscores instead of hyphens.

lake/states/config.json
   3 -   "source_datasets": "zipcodes",
   3 +   "source_datasets": ["bronze/zipcodes"],
       The name of an input includes its layer.

New files
  + .gitignore
  + package.json
  + app.ts
  + cdk.json
  + test/lake.test.ts

Keys that have no effect
  - lake/fda-ndc/config.json:6:13: /tables is an unknown key and is ignored. The tables are declared in \
file_table_mapping, api_endpoints or outputs. Without them, the table has the name of the dataset.
  - lake/fda-ndc/config.json:14:19: /dependencies is an unknown key and is ignored. Use source_datasets, for example \
"source_datasets": ["bronze/fda-nsde"].

To change: 8 lines in 3 files and 5 new files. To make these changes, run:

  npx medallion init --from lake --write

`.replace(/\t/g, ' ');

test('the changes are printed with their lines and reasons, and no file is written', () => {
  writeFiles(DEVIATIONS);
  const before = filesIn(folder);
  const { code, stdout, stderr } = medallionIn(folder, ['init', '--from', 'lake']);
  expect(stdout).toBe(PREVIEW);
  expect([code, stderr]).toEqual([0, '']);
  expect(filesIn(folder)).toEqual(before);
});

test('after the changes the app synthesizes, and nothing is left to change', () => {
  writeFiles(DEVIATIONS);
  const { code, stdout } = medallionIn(folder, ['init', '--from', 'lake', '--write']);
  expect([code, stdout]).toEqual([0, expect.stringContaining(`Changed: 8 lines in 3 files and 5 new files.
Next steps:

  npm install
  npx cdk synth
  npx medallion list
`)]);
  const files = filesIn(folder);
  expect(Object.keys(files).sort()).toEqual([...APP, ...Object.keys(DEVIATIONS).map(file => `lake/${file}`)].sort());
  expect(files['lake/config.json']).toBe(DEVIATIONS['config.json'].replace('worker_configs', 'glue_worker_configs'));
  expect(files['lake/states/config.json'])
    .toBe(DEVIATIONS['states/config.json'].replace('"zipcodes"', '["bronze/zipcodes"]'));
  expect(files['lake/fda-ndc/config.json']).toContain('{"START": {"type": "date", "format": "yyyyMMdd"}}');

  installInto(folder);
  expect(runIn(folder, 'app.ts')).toMatchObject({ code: 0, stdout: '' });
  expect(medallionIn(folder, ['list']).stdout).toMatch(/fda-ndc +bronze +pp_dw_bronze\.fda_ndc_ndc_products/);
  expect(runIn(folder, 'test/lake.test.ts').stdout).toContain('# pass 4');

  const again = medallionIn(folder, ['init', '--from', 'lake', '--write']);
  expect([again.code, again.stdout.trim().split('\n').pop()]).toEqual([0, 'Nothing is left to change.']);
  expect(again.stdout).not.toContain('To do');
});

test('a lake that nearly follows the convention needs one run', () => {
  fs.cpSync(path.join(ROOT, 'test', 'nearly-conventional-lake'), path.join(folder, 'lake'), { recursive: true });
  expect(initFromIn({ write: true }).code).toBe(0);
  installInto(folder);
  expect(runIn(folder, 'app.ts')).toMatchObject({ code: 0, stdout: '' });
  expect(initFromIn().stdout).toMatch(/Nothing is left to change\.\n$/);
});

test('files of pipelines are corrected like those of datasets', () => {
  writeFiles({
    ...DEVIATIONS,
    'pipelines/daily.json': `{
  "pipeline": "daily", "comment": "every morning",
  "datasets": ["states", "fda-*"],
  "with_input": false,
  "retries": 1
}
`,
    'pipelines/hourly.json': '{ "pipeline": "hourly", "datasets": "zipcodes", "on_failed_input": "stop" }\n',
  });
  const { code, stdout } = initFromIn();
  expect([code, stdout]).toEqual([1, expect.stringContaining(`lake/pipelines/daily.json
   3 -   "datasets": ["states", "fda-*"],
   3 +   "datasets": ["gold/states", "*/fda-*"],
       The name of a dataset includes its layer.
   4 -   "with_input": false,
   4 +   "with_inputs": false,
       "with_input" is not a known key.

lake/pipelines/hourly.json
   1 - { "pipeline": "hourly", "datasets": "zipcodes", "on_failed_input": "stop" }
   1 + { "pipeline": "hourly", "datasets": ["bronze/zipcodes"], "on_failed_input": "stop" }
       The name of a dataset includes its layer.
`)]);
  expect(stdout).toContain('  - lake/pipelines/daily.json:5:14: /retries is an unknown key and is ignored.');
  expect(stdout.slice(stdout.indexOf('Problems that you have to correct')))
    .toMatch(/^.*\n {2}- VALUE_INVALID: lake\/pipelines\/hourly.json:1:68: \/on_failed_input is "stop"/);
  expect(initFromIn({ write: true }).stdout).toContain('Changed: 11 lines in 5 files');
  expect(JSON.parse(fs.readFileSync(path.join(folder, 'lake/pipelines/daily.json'), 'utf8'))).toEqual({
    pipeline: 'daily', comment: 'every morning', datasets: ['gold/states', '*/fda-*'], with_inputs: false, retries: 1,
  });
});

test('a lake without a core gets one, with the name of the folder as its prefix and without a Glue version', () => {
  const { 'config.json': _, ...datasets } = DEVIATIONS;
  writeFiles(datasets);
  const { code, stdout } = initFromIn({ write: true });
  expect([code, stdout]).toEqual([0, expect.stringContaining('+ lake/config.json')]);
  expect(stdout).toContain('Check the prefix "our-lake" in lake/config.json before you deploy: all names contain it.');
  expect(JSON.parse(fs.readFileSync(path.join(folder, 'lake/config.json'), 'utf8'))).toEqual({
    $schema: '../node_modules/cdk-glue-medallion/glue-templates/config.schema.json',
    etl_resource_prefix: 'our-lake',
  });
  installInto(folder);
  expect(runIn(folder, 'app.ts')).toMatchObject({ code: 0 });
});

test('the prefix of a new core can be set', () => {
  const { 'config.json': _, ...datasets } = DEVIATIONS;
  writeFiles(datasets);
  const preview = initFromIn({ prefix: 'acme', language: 'python' }).stdout;
  expect(preview).toContain('npx medallion init --from lake --language python --prefix acme --write');
  initFromIn({ prefix: 'acme', language: 'python', write: true });
  expect(fs.readFileSync(path.join(folder, 'lake/config.json'), 'utf8')).toContain('"etl_resource_prefix": "acme"');
  expect(fs.readFileSync(path.join(folder, 'app.py'), 'utf8')).toContain('DatasetDirectory(app, "Lake", path="lake")');
});

test('the configuration files can be in the folder of the app', () => {
  writeFiles(DEVIATIONS, folder);
  expect(initFromIn({ from: '.', write: true }).code).toBe(0);
  installInto(folder);
  expect(runIn(folder, 'app.ts')).toMatchObject({ code: 0 });
  expect(initFromIn({ from: '.' }).stdout).toMatch(/Nothing is left to change\.\n$/);
});

test('an existing app is not changed, and the command says what it needs', () => {
  writeFiles(DEVIATIONS);
  const app = { 'cdk.json': '{ "app": "npx tsx bin/app.ts" }', 'bin/app.ts': 'new App();' };
  writeFiles(app, folder);
  const { stdout } = initFromIn({ write: true });
  expect(stdout).toContain(
    'To do\n  - cdk.json exists and is not changed. Add this to the app: new DatasetDirectory(app, \'Lake\', '
      + '{ path: "lake" })\n',
  );
  expect(filesIn(folder)).toMatchObject(app);
  expect(Object.keys(filesIn(folder))).toHaveLength(7);
  writeFiles({ 'bin/app.ts': 'new DatasetDirectory(app, "Lake", { path: "lake" });' }, folder);
  expect(initFromIn().stdout).not.toContain('To do');
});

test('existing files of an incomplete app are not changed, and the command says what they need', () => {
  writeFiles(DEVIATIONS);
  const own = {
    'package.json': '{ "devDependencies": { "aws-cdk": "2", "aws-cdk-lib": "2", "constructs": "10" } }',
    '.gitignore': 'node_modules/\n*.log\n',
    'app.ts': 'new App();\n',
  };
  writeFiles(own, folder);
  const { stdout } = initFromIn({ write: true });
  expect(stdout).toContain(
    '.gitignore exists and is not changed. Add lines: .venv/, __pycache__/, cdk.out/, .medallion/',
  );
  expect(stdout).toContain(
    "package.json exists and is not changed. Install packages: npm install --save-dev 'cdk-glue-medallion@*' "
      + "'tsx@^4.20.0'",
  );
  expect(stdout).toContain('app.ts exists and is not changed. Add this to the app: new DatasetDirectory(');
  expect(filesIn(folder)).toMatchObject({ ...own, 'cdk.json': expect.stringContaining('app.ts') });
});

test('problems that the command cannot correct are listed, and the exit code is 1', () => {
  writeFiles({
    ...DEVIATIONS,
    'zipcodes/config.json':
      '{ "dataset": "zipcodes", "data_size_category": "tiny", "source_url": "ftp://example.org" }',
  });
  const { code, stdout } = initFromIn({ write: true });
  expect(code).toBe(1);
  expect(stdout).toContain(
    'Problems that you have to correct\n'
      + '  - VALUE_INVALID: lake/zipcodes/config.json:1:48: /data_size_category is "tiny". Expected:',
  );
  expect(stdout).not.toContain('UNKNOWN_KEY');
  expect(stdout).not.toContain('npx cdk synth');
});

test('a preview does not list the problems that the changes correct', () => {
  writeFiles(DEVIATIONS);
  expect(initFromIn().stdout).not.toContain('UNKNOWN_KEY');
});

test('a file that is one long line is changed, and the changed part is printed', () => {
  const columns = Array.from({ length: 60 }, (_, index) => [`column_${index}`, { type: 'string' }]);
  const document = {
    dataset: 'wide',
    data_size_category: 'small',
    source_url: 'https://example.org/wide.csv',
    business_key: 'column_1',
    column_schema: { wide: Object.fromEntries(columns) as object },
  };
  writeFiles({ ...DEVIATIONS, 'wide/config.json': JSON.stringify(document) });
  expect(initFromIn({ write: true }).stdout).toContain(
    '   1 - …://example.org/wide.csv","business_key":"column_1","column_schema":{"wide":{"column_0":{"t…\n',
  );
  expect(JSON.parse(fs.readFileSync(path.join(folder, 'lake/wide/config.json'), 'utf8')))
    .toEqual({ ...document, business_key: ['column_1'] });
});

test('a file that two links refer to is changed once', () => {
  writeFiles({ ...DEVIATIONS, 'elsewhere/config.json': DEVIATIONS['zipcodes/config.json'] });
  fs.rmSync(path.join(folder, 'lake/zipcodes'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'lake/elsewhere/config.json'), DEVIATIONS['zipcodes/config.json']
    .replace('"small"', '"small", "business_key": "zip"'));
  fs.mkdirSync(path.join(folder, 'lake/zipcodes'));
  fs.symlinkSync('../elsewhere/config.json', path.join(folder, 'lake/zipcodes/config.json'));
  const result = JSON.parse(initFromIn({ write: true, json: true }).stdout) as {
    changes: { file: string }[];
  };
  expect(result.changes.filter(({ file }) => /elsewhere|zipcodes/.test(file))).toEqual([
    expect.objectContaining({ file: 'lake/elsewhere/config.json', line: 1, reasons: ['The key expects a list.'] }),
  ]);
  expect(fs.lstatSync(path.join(folder, 'lake/zipcodes/config.json')).isSymbolicLink()).toBe(true);
});

test('with --json, the result is one document', () => {
  writeFiles({ 'config.json': DEVIATIONS['config.json'], 'zipcodes/config.json': DEVIATIONS['zipcodes/config.json'] });
  const { code, stdout } = initFromIn({ from: 'lake/', json: true });
  expect([code, JSON.parse(stdout)]).toEqual([0, {
    folder: 'lake',
    written: false,
    changes: [{
      file: 'lake/config.json',
      line: 3,
      old: '\t"worker_configs": { "small": { "worker_type": "G.1X", "number_of_workers": 2 } },',
      new: '\t"glue_worker_configs": { "small": { "worker_type": "G.1X", "number_of_workers": 2 } },',
      reasons: ['The name of the key is "glue_worker_configs".'],
    }],
    new_files: expect.arrayContaining(APP),
    notes: [],
    warnings: [],
    problems: [],
  }]);
});

test('the diff has colors on a terminal only', async () => {
  writeFiles(DEVIATIONS);
  const command = [
    process.execPath, ...LOAD_TYPESCRIPT,
    path.join(ROOT, 'src', 'cli', 'main.ts'), 'init', '--from', path.join(folder, 'lake'),
  ];
  const { bytes } = await onTerminal(['sh', '-c', 'cd "$0" && exec "$@"', folder, ...command], 80, process.env);
  expect(bytes).toContain('\x1b[31m   3 -   "source_datasets": "zipcodes",\x1b[0m');
  expect(bytes).toContain('\x1b[32m   3 +   "source_datasets": ["bronze/zipcodes"],\x1b[0m');
  expect(bytes).toContain('\x1b[2m       The name of an input includes its layer.\x1b[0m');
  expect(initFromIn().stdout).not.toContain('\x1b');
});

test.each<[string, string[], string]>([
  ['DIR and --from', ['x', '--from', 'lake'], 'DIR ("x") cannot be combined with --from: the app is in the current'],
  ['--write without --from', ['x', '--write'], '--write requires --from DIR, the folder of the configuration files.'],
  ['neither DIR nor --from', [], 'DIR is missing. Specify a new folder, or --from DIR for existing'],
  ['a folder that does not exist', ['--from', 'gone'], 'gone is not a folder. Specify the folder with the'],
])('%s is a usage error', (_, args, message) => {
  const { code, stdout, stderr } = medallionIn(folder, ['init', ...args]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(filesIn(folder)).toEqual({});
});

test.each<[string, Partial<InitFromOptions>, string]>([
  ['a folder outside of the app', { from: '..' }, 'The folder .. is not inside the current folder, where the app is'],
  ['the folder above the lake', { from: '.' }, 'lake/config.json configures the lake. Use its folder'],
  ['a folder of the lake', { from: 'lake/states' }, 'lake/config.json configures the lake. Use its folder'],
  ['a folder without datasets', { from: 'empty' }, 'The folder empty contains no dataset: none of its'],
  ['the prefix of an existing core', { prefix: 'x' }, 'lake/config.json sets the prefix of the lake. Remove --prefix'],
])('%s is a usage error, and no file is written', (_, options, message) => {
  writeFiles(DEVIATIONS);
  fs.mkdirSync(path.join(folder, 'empty'));
  const before = filesIn(folder);
  expect(() => initFromIn({ ...options, write: true })).toThrow(message);
  expect(() => initFromIn({ ...options, write: true })).toThrow(Failure);
  expect(filesIn(folder)).toEqual(before);
});

test('a broken link in place of the file of the core is a problem, and nothing is written through it', () => {
  const { 'config.json': _, ...datasets } = DEVIATIONS;
  writeFiles(datasets);
  const target = path.join(path.dirname(folder), 'outside.json');
  fs.symlinkSync(target, path.join(folder, 'lake/config.json'));
  const { code, stdout } = initFromIn({ write: true });
  expect([code, stdout]).toEqual([1, expect.stringContaining('FILE_NOT_FOUND: lake/config.json: ')]);
  expect(stdout).not.toContain('+ lake/config.json');
  expect(fs.existsSync(target)).toBe(false);
});

test('a folder in place of the file of a core in another folder is ignored', () => {
  writeFiles(DEVIATIONS);
  fs.mkdirSync(path.join(folder, 'config.json'));
  expect(initFromIn().code).toBe(0);
});

test.each<[string, (file: string) => void, string]>([
  ['test', file => fs.writeFileSync(file, ''), 'test is not a folder, but the app needs a folder with this name.'],
  ['app.ts', file => fs.mkdirSync(file), 'app.ts is not a file, but the app needs a file with this name.'],
  ['package.json', file => fs.symlinkSync('gone', file), 'package.json is not a file, but the app needs a file with'],
  ['cdk.json', file => fs.mkdirSync(file), 'cdk.json is not a file, but the app needs a file with this name.'],
])('something else with the name of %s is named, and no file is written', (name, create, message) => {
  writeFiles(DEVIATIONS);
  create(path.join(folder, name));
  const before = filesOnly();
  expect(() => initFromIn({ write: true })).toThrow(message);
  expect(() => initFromIn({ write: true })).toThrow(Failure);
  expect(filesOnly()).toEqual(before);
});

function filesOnly(): string[] {
  return fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

test('an interrupted --write names the file and those that are written, and a second run completes the app', () => {
  writeFiles(DEVIATIONS);
  // A folder with the name of the temporary file.
  const obstacle = path.join(folder, `lake/states/config.json.${process.pid}.tmp`);
  fs.mkdirSync(obstacle);
  expect(() => initFromIn({ write: true })).toThrow(new Failure(
    'Cannot write lake/states/config.json: EEXIST: file already exists. Already written: .gitignore, package.json, '
      + 'app.ts, test/lake.test.ts, lake/config.json, lake/fda-ndc/config.json. Correct the cause, and run the command '
      + 'again to make the remaining changes.',
    1,
  ));
  expect(fs.existsSync(path.join(folder, 'cdk.json'))).toBe(false);
  fs.rmdirSync(obstacle);
  const { code, stdout } = initFromIn({ write: true });
  expect([code, stdout]).toEqual([0, expect.stringContaining('Changed: 1 line in 1 file and 1 new file.')]);
  expect(stdout).not.toContain('To do');
  expect(Object.keys(filesIn(folder))).toEqual(expect.arrayContaining(APP));
});

test('a folder without write permission is named, and no file is written', () => {
  writeFiles(DEVIATIONS);
  const states = path.join(folder, 'lake/states');
  // Root can write to any folder.
  const isRoot = process.getuid!() === 0;
  if (isRoot) {
    execFileSync('chown', ['-R', '65534:65534', path.dirname(folder)]);
    fs.chmodSync(path.dirname(path.dirname(folder)), 0o711);
  }
  fs.chmodSync(states, 0o555);
  const before = filesIn(folder);
  const { status, stderr } = spawnSync(process.execPath, [
    ...LOAD_TYPESCRIPT,
    path.join(ROOT, 'src', 'cli', 'main.ts'), 'init', '--from', 'lake', '--write',
  ], {
    cwd: folder,
    encoding: 'utf8',
    ...isRoot ? { uid: 65534, gid: 65534 } : {},
  });
  fs.chmodSync(states, 0o755);
  expect(stderr).toContain(
    `Cannot write lake/states/config.json: EACCES: permission denied in the folder ${states}. No file was written.`,
  );
  expect(status).toBe(1);
  expect(filesIn(folder)).toEqual(before);
});

test('a changed file keeps its mode', () => {
  writeFiles(DEVIATIONS);
  const file = path.join(folder, 'lake/states/config.json');
  fs.chmodSync(file, 0o666);
  initFromIn({ write: true });
  expect(fs.statSync(file).mode.toString(8)).toBe('100666');
});

test.each([
  ['my lake', '"my lake"'],
  ['the $1 lake', "'the $1 lake'"],
  ["o'lake`s", "'o'\\''lake`s'"],
])('the command to copy quotes the folder %s', (name, argument) => {
  writeFiles(DEVIATIONS, path.join(folder, name));
  expect(initFromIn({ from: name }).stdout).toContain(`  npx medallion init --from ${argument} --write\n`);
  expect(execFileSync('sh', ['-c', `printf %s ${argument}`], { encoding: 'utf8' })).toBe(name);
});

test('a lake in the current folder is found through a link to a folder above it', () => {
  writeFiles(DEVIATIONS);
  const link = path.join(path.dirname(folder), 'link');
  fs.symlinkSync(folder, link);
  const { stdout } = initFromIn({ from: path.join(link, 'lake'), json: true });
  expect(JSON.parse(stdout)).toMatchObject({ folder: 'lake' });
});

test('an app that can have its core in code gets a file of the core only with --prefix', () => {
  const { 'config.json': _, ...datasets } = DEVIATIONS;
  writeFiles(datasets);
  writeFiles({
    'cdk.json': '{ "app": "npx tsx app.ts" }',
    'app.ts': 'new DatasetDirectory(app, "Lake", { path: "lake", core });',
  }, folder);
  const { code, stdout } = initFromIn({ write: true });
  expect([code, stdout]).toEqual([0, expect.stringContaining(
    'To do\n  - lake/config.json does not exist. If the app does not set core of DatasetDirectory, run the '
      + 'command again with --prefix PREFIX to create the file.\n',
  )]);
  expect(fs.existsSync(path.join(folder, 'lake/config.json'))).toBe(false);
  expect(initFromIn({ write: true, prefix: 'acme' }).code).toBe(0);
  expect(fs.readFileSync(path.join(folder, 'lake/config.json'), 'utf8')).toContain('"etl_resource_prefix": "acme"');
});

test('after --write, a file that a dataset names and that does not exist is a problem', () => {
  writeFiles(DEVIATIONS);
  fs.rmSync(path.join(folder, 'lake/states/states.sql'));
  const { code, stdout } = initFromIn({ write: true });
  expect([code, stdout]).toEqual([1, expect.stringContaining('FILE_NOT_FOUND: lake/states/config.json:')]);
});
