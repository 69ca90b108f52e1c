import * as fs from 'fs';
import * as path from 'path';
import { AppFile, appFiles, appNames, installCommands, LAKE_FOLDER, writeAppFile } from './app-template';
import { oneLine, truncate, wrap } from './display-width';
import { Failure } from './failure';
import { paint } from './progress';
import { outputWidth } from './table';
import { ConfigFile } from '../private/files/config-file';
import { CONFIG } from '../private/files/config-files';
import { lineOf } from '../private/files/file-problem';
import { ChangedLine, relativePath } from '../private/files/json-file';
import { LakeFiles, readLakeFiles } from '../private/files/lake-files';

/** The options of `medallion init --from`. */
export interface InitFromOptions {
  readonly json: boolean;
  readonly language: string;
  readonly prefix?: string;
  /** The folder with the configuration files. */
  readonly from: string;
  /** Make the changes. Without it, they are printed. */
  readonly write?: true;
}

/** What the command changes. */
interface Plan {
  readonly changes: { readonly file: string; readonly lines: ChangedLine[]; readonly text: string }[];
  readonly newFiles: AppFile[];
  /** What the user has to do in files that exist. */
  readonly notes: string[];
}

/**
 * Makes a CDK app of a folder with configuration files: corrects the files, and creates what the current folder lacks.
 *
 * @returns whether the user has no problem left to solve
 */
export function initFrom(options: InitFromOptions): boolean {
  const lake = lakeFolder(options.from);
  const files = readLakeFiles(lake);
  if (files.configs.length === 0) {
    throw new Failure(
      `The folder ${lake} contains no dataset: none of its subfolders has a ${CONFIG}. Specify the folder of the lake.`, 2,
    );
  }
  const plan = planOf(lake, files, options);
  if (options.write) {
    plan.newFiles.forEach(file => writeAppFile('.', file));
    plan.changes.forEach(({ file, text }) => replaceFile(file, text));
  }
  const { problems, warnings } = options.write ? remaining(readLakeFiles(lake)) : remaining(files, plan);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({
      folder: lake,
      written: options.write === true,
      changes: plan.changes.flatMap(({ file, lines }) => lines.map(({ line, oldText, newText, reasons }) => (
        { file, line, old: oldText, new: newText, reasons }
      ))),
      new_files: plan.newFiles.map(file => file.path),
      notes: plan.notes,
      warnings,
      problems,
    })}\n`);
  } else {
    process.stdout.write(describe(plan, problems, warnings, options).map(line => `${line}\n`).join(''));
  }
  return problems.length === 0;
}

/** The folder of the lake, relative to the current folder. */
function lakeFolder(from: string): string {
  if (!fs.statSync(from, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Failure(`${from} is not a folder. Specify the folder with the configuration files: --from lake`, 2);
  }
  const lake = relativePath(path.resolve(from));
  if (/^\.\.(\/|$)/.test(lake)) {
    throw new Failure(
      `The folder ${from} is not in the current folder, in which the app is created. Change to the folder of the app.`, 2,
    );
  }
  const other = hasCore(lake) ? undefined : [...parentsOf(lake), ...subfoldersOf(lake)].find(hasCore);
  if (other !== undefined) {
    throw new Failure(`${path.posix.join(other, CONFIG)} configures the lake. Use its folder: --from ${other}`, 2);
  }
  return lake;
}

function parentsOf(folder: string): string[] {
  return folder === '.' ? [] : [path.posix.dirname(folder), ...parentsOf(path.posix.dirname(folder))];
}

function subfoldersOf(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !/^(\.|node_modules$|cdk\.out$)/.test(entry.name))
    .map(({ name }) => path.posix.join(folder, name));
}

/** Whether the folder has the file of a core. */
function hasCore(folder: string): boolean {
  const file = path.join(folder, CONFIG);
  return fs.existsSync(file) && fs.readFileSync(file, 'utf8').includes('"etl_resource_prefix"');
}

function planOf(lake: string, files: LakeFiles, { language, prefix }: InitFromOptions): Plan {
  const coreFile = path.posix.join(lake, CONFIG);
  if (files.core && prefix !== undefined) {
    throw new Failure(`${coreFile} sets the prefix of the lake. Remove --prefix, or change the file.`, 2);
  }
  // The files of the app do not contain the prefix of the lake.
  const names = appNames('.', files.core ? LAKE_FOLDER : prefix);
  const app = planOfApp(appFiles({ language, ...names, lake }), lake, language);
  return {
    changes: changesOf([files.core?.config, ...files.configs].flatMap(config => config ?? [])),
    newFiles: [
      ...files.core ? [] : [{ path: coreFile, text: coreText(lake, names.prefix) }],
      ...app.newFiles,
    ],
    notes: [
      ...files.core ? [] : [
        `Check the prefix ${JSON.stringify(names.prefix)} in ${coreFile} before you deploy: all names contain it.`,
      ],
      ...app.notes,
    ],
  };
}

/** The changes of files. A file that several links refer to is changed once. */
function changesOf(configs: ConfigFile[]): Plan['changes'] {
  const real = configs.map(({ file }) => fs.realpathSync(file));
  return configs
    .filter((_, index) => real.indexOf(real[index]) === index)
    .map(config => ({ file: config.file, lines: config.changedLines, text: config.editedText }))
    .filter(({ lines }) => lines.length > 0);
}

function coreText(lake: string, prefix: string): string {
  const schema = path.join('node_modules', 'cdk-glue-medallion', 'glue-templates', 'config.schema.json');
  const document = {
    $schema: path.relative(lake, schema).split(path.sep).join('/'),
    etl_resource_prefix: prefix,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** The files that the current folder needs to be an app. Existing files are never changed. */
function planOfApp(template: AppFile[], lake: string, language: string): Pick<Plan, 'newFiles' | 'notes'> {
  const construct = language === 'python'
    ? `DatasetDirectory(app, "Lake", path=${JSON.stringify(lake)})`
    : `new DatasetDirectory(app, 'Lake', { path: ${JSON.stringify(lake)} })`;
  if (fs.existsSync('cdk.json')) {
    return {
      newFiles: [],
      notes: usesDirectory() ? [] : [`cdk.json exists and is not changed. Add this to the app: ${construct}`],
    };
  }
  // The sample dataset and the README file that describes it are for new lakes.
  const needed = template.filter(file => file.path !== 'README.md' && !file.path.startsWith(`${LAKE_FOLDER}/`));
  const existing = needed.filter(file => fs.existsSync(file.path));
  return {
    newFiles: needed.filter(file => !existing.includes(file)),
    notes: existing.flatMap(file => {
      const what = missingIn(file, construct);
      return what === undefined ? [] : [`${file.path} exists and is not changed. ${what}`];
    }),
  };
}

/** What an existing file lacks in comparison with that of a new app. */
function missingIn({ path: file, text }: AppFile, construct: string): string | undefined {
  const own = fs.readFileSync(file, 'utf8');
  switch (file) {
    case 'package.json': {
      const { devDependencies } = JSON.parse(text) as { devDependencies: { [name: string]: string } };
      const packages = Object.entries(devDependencies).filter(([name]) => !own.includes(`"${name}"`));
      return packages.length === 0
        ? undefined
        : `Install packages: npm install --save-dev ${packages.map(([name, version]) => `'${name}@${version}'`).join(' ')}`;
    }
    case '.gitignore':
    case 'requirements.txt': {
      const lines = text.trim().split('\n').filter(line => !own.includes(/^[\w.-]+/.exec(line)![0]));
      return lines.length === 0 ? undefined : `Add lines: ${lines.join(', ')}`;
    }
    case 'app.ts':
    case 'app.py':
      return own.includes('DatasetDirectory') ? undefined : `Add this to the app: ${construct}`;
    default:
      return undefined;
  }
}

/** Whether a file that cdk.json names uses DatasetDirectory. */
function usesDirectory(): boolean {
  const files = fs.readFileSync('cdk.json', 'utf8').match(/[\w./-]+\.\w+/g) ?? [];
  return files.some(file =>
    fs.statSync(file, { throwIfNoEntry: false })?.isFile()
    && fs.readFileSync(file, 'utf8').includes('DatasetDirectory'));
}

/** Replaces the content of a file at once, so that an interrupted command never leaves a part of it. */
function replaceFile(file: string, text: string): void {
  const target = fs.realpathSync(file);
  const temporary = `${target}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, text, { mode: fs.statSync(target).mode });
  fs.renameSync(temporary, target);
}

/** What the user has to do after the changes of a plan. */
function remaining(files: LakeFiles, plan?: Plan): { problems: string[]; warnings: string[] } {
  const configs = [files.core?.config, ...files.configs].flatMap(config => config ?? []);
  const corrected = plan === undefined ? [] : configs.flatMap(config => config.correctedProblems.map(lineOf));
  return {
    problems: files.problems
      .filter(({ code, location }) => code !== 'FILE_NOT_FOUND' || plan?.newFiles.every(file => file.path !== location))
      .map(lineOf)
      .filter(line => !corrected.includes(line)),
    warnings: configs.flatMap(config => config.unusedKeyWarnings),
  };
}

/** The text output: the changed lines, the new files, and what is left to do. */
function describe(plan: Plan, problems: string[], warnings: string[], options: InitFromOptions): string[] {
  const { changes, newFiles, notes } = plan;
  const width = outputWidth();
  const bold = (text: string) => paint('bold', text, process.stdout);
  const section = (title: string, items: string[]) => items.length === 0 ? [] : [
    bold(title),
    ...items.flatMap(item => wrap(oneLine(item), width - 4).map((line, index) => `  ${index === 0 ? '- ' : '  '}${line}`)),
    '',
  ];
  return [
    ...changes.flatMap(({ file, lines }) => [bold(file), ...lines.flatMap(line => describeLine(line, width)), '']),
    ...newFiles.length === 0 ? [] : [
      bold(options.write ? 'Created files' : 'New files'),
      ...newFiles.map(file => paint('green', `  + ${file.path}`, process.stdout)),
      '',
    ],
    ...section('To do', notes),
    ...section('Keys that have no effect', warnings),
    ...section('Problems that you have to correct', problems),
    ...summary(plan, problems.length === 0, options),
  ];
}

function describeLine({ line, oldText, newText, reasons }: ChangedLine, width: number): string[] {
  const number = `${line}`.padStart(4);
  return [
    paint('red', truncate(`${number} - ${oneLine(oldText)}`, width), process.stdout),
    paint('green', truncate(`${number} + ${oneLine(newText)}`, width), process.stdout),
    ...reasons.map(reason => paint('dim', `       ${reason}`, process.stdout)),
  ];
}

function summary({ changes, newFiles }: Plan, isValid: boolean, options: InitFromOptions): string[] {
  const { from, language, prefix, write } = options;
  const lines = changes.reduce((sum, change) => sum + change.lines.length, 0);
  const what = [
    ...lines > 0 ? [`${count(lines, 'line')} in ${count(changes.length, 'file')}`] : [],
    ...newFiles.length > 0 ? [count(newFiles.length, 'new file')] : [],
  ].join(' and ');
  if (what === '') {
    return ['Nothing is left to change.'];
  }
  if (!write) {
    const given = `${language === 'typescript' ? '' : ` --language ${language}`}${prefix === undefined ? '' : ` --prefix ${prefix}`}`;
    return [`To change: ${what}. To make these changes, run:`, '', `  npx medallion init --from ${from}${given} --write`, ''];
  }
  const next = [
    ...newFiles.some(file => file.path === 'package.json') ? installCommands(language) : [],
    ...isValid ? ['npx cdk synth', 'npx medallion list'] : [],
  ];
  return [`Changed: ${what}.${next.length > 0 ? ' Next steps:' : ''}`, ...next.length > 0 ? ['', ...next.map(each => `  ${each}`), ''] : []];
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
