import * as fs from 'fs';
import * as path from 'path';
import { installCommands, writeAppFile } from './app-template';
import { oneLine, truncate, wrap } from './display-width';
import { Failure } from './failure';
import { canHaveCoreInCode, InitPlan, planInit } from './init-plan';
import { paint } from './progress';
import { outputWidth } from './table';
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
  /** Make the changes. By default, they are only printed. */
  readonly write?: true;
}

/**
 * Turns a folder with configuration files into a CDK app: corrects the files, and creates the files that are missing in
 * the current folder.
 *
 * @returns true if no problem is left for the user to solve
 */
export function initFrom(options: InitFromOptions): boolean {
  const lake = lakeFolder(options.from);
  const outside = { hasCore: canHaveCoreInCode(lake, options.prefix) };
  const files = readLakeFiles(lake, outside);
  if (files.datasetConfigs.length === 0) {
    throw new Failure(
      `The folder ${lake} contains no dataset: none of its subfolders has a ${CONFIG}. Specify the folder of the lake.`,
      2,
    );
  }
  const plan = planInit(lake, files, options.language, options.prefix);
  if (options.write) {
    makeChanges(plan);
  }
  const { problems, warnings } = options.write ? remaining(readLakeFiles(lake, outside)) : remaining(files, plan);
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
  // The current folder is a real path, but the path of the lake can contain symbolic links. So the path of the lake is
  // tried as it is, with the links in its parent folder resolved, and with all links resolved.
  const { dir, base } = path.parse(path.resolve(from));
  const lake = [from, path.join(fs.realpathSync(dir), base), fs.realpathSync(from)]
    .map(each => relativePath(path.resolve(each)))
    .find(each => !/^\.\.(\/|$)/.test(each));
  if (lake === undefined) {
    throw new Failure(
      `The folder ${from} is not inside the current folder, where the app is created. Run the command in the folder `
        + 'of the lake, or in a folder above it.',
      2,
    );
  }
  const other = hasCore(lake) ? undefined : [...parentsOf(lake), ...subfoldersOf(lake)].find(hasCore);
  if (other !== undefined) {
    throw new Failure(
      `${path.posix.join(other, CONFIG)} configures the lake. Use its folder: --from ${quoted(other)}`,
      2,
    );
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

/** Whether the config.json of the folder configures a core. */
function hasCore(folder: string): boolean {
  const file = path.join(folder, CONFIG);
  try {
    return fs.statSync(file).isFile() && fs.readFileSync(file, 'utf8').includes('"etl_resource_prefix"');
  } catch {
    // An unreadable file does not show that the folder is a lake.
    return false;
  }
}

/** Makes the changes of a plan. */
function makeChanges({ newFiles, changes }: InitPlan): void {
  const creations = newFiles.map(file => ({
    file: file.path,
    folder: existingFolder(path.dirname(file.path)),
    make: () => writeAppFile('.', file),
  }));
  // If cdk.json exists, the next run considers the app complete. Therefore, cdk.json is written last.
  const isLast = ({ file }: { file: string }) => file === 'cdk.json';
  const steps = [
    ...creations.filter(creation => !isLast(creation)),
    ...changes.map(({ file, text }) => ({
      file,
      folder: path.dirname(fs.realpathSync(file)),
      make: () => replaceFile(file, text),
    })),
    ...creations.filter(isLast),
  ];
  steps.forEach(({ file, folder }) => checkWritable(folder, file));
  steps.forEach(({ file, make }, index) => {
    try {
      make();
    } catch (error) {
      const written = steps.slice(0, index).map(step => step.file);
      throw new Failure(
        `Cannot write ${file}: ${causeOf(error)}. `
          + `${written.length === 0 ? 'No file was written' : `Already written: ${written.join(', ')}`}. `
          + 'Correct the cause, and run the command again to make the remaining changes.',
        1,
      );
    }
  });
}

/** The folder or, if it does not exist, the nearest existing parent folder. */
function existingFolder(folder: string): string {
  return fs.existsSync(folder) ? folder : existingFolder(path.dirname(folder));
}

function checkWritable(folder: string, file: string): void {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
  } catch (error) {
    throw new Failure(
      `Cannot write ${file}: ${causeOf(error)} in the folder ${folder}. No file was written. `
        + 'Change the permissions of the folder, and run the command again.',
      1,
    );
  }
}

/** The message of an error without the system call and the path, which can be the path of a temporary file. */
function causeOf(error: unknown): string {
  return (error as Error).message.split(', ')[0];
}

/** Replaces the content of a file atomically, so that an interrupted command never leaves an incomplete file. */
function replaceFile(file: string, text: string): void {
  const target = fs.realpathSync(file);
  const temporary = `${target}.${process.pid}.tmp`;
  const descriptor = fs.openSync(temporary, 'wx');
  try {
    try {
      fs.writeFileSync(descriptor, text);
      // Set explicitly, because umask restricts the mode of a new file.
      fs.fchmodSync(descriptor, fs.statSync(target).mode);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(temporary, target);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/** What the user has to do after the changes of a plan. */
function remaining(files: LakeFiles, plan?: InitPlan): { problems: string[]; warnings: string[] } {
  const { configs } = files;
  const corrected = plan === undefined ? [] : configs.flatMap(config => config.correctedProblems.map(lineOf));
  return {
    problems: files.problems
      .filter(({ code, location }) => code !== 'FILE_NOT_FOUND' || !plan?.newFiles.some(file => file.path === location))
      .map(lineOf)
      .filter(line => !corrected.includes(line)),
    warnings: configs.flatMap(config => config.unusedKeyWarnings),
  };
}

/** The text output: the changed lines, the new files, and what is left to do. */
function describe(plan: InitPlan, problems: string[], warnings: string[], options: InitFromOptions): string[] {
  const { changes, newFiles, notes } = plan;
  const width = outputWidth();
  const bold = (text: string) => paint('bold', text, process.stdout);
  const section = (title: string, items: string[]) => items.length === 0 ? [] : [
    bold(title),
    ...items.flatMap(item =>
      wrap(oneLine(item), width - 4).map((line, index) => `  ${index === 0 ? '-' : ' '} ${line}`)),
    '',
  ];
  return [
    ...changes.flatMap(({ file, lines }) => [bold(file), ...describeLines(lines, width), '']),
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

/** Formats changed lines. A reason follows the last line to which it applies. */
function describeLines(lines: ChangedLine[], width: number): string[] {
  return lines.flatMap(({ line, oldText, newText, reasons }, index) => {
    const number = `${line}`.padStart(4);
    const [before, after] = excerpts(oldText, newText, Math.min(MAX_LINE, width - 7));
    const next = lines[index + 1]?.reasons.join();
    return [
      paint('red', truncate(`${number} - ${oneLine(before)}`, width), process.stdout),
      paint('green', truncate(`${number} + ${oneLine(after)}`, width), process.stdout),
      ...reasons.join() === next ? [] : reasons.map(reason => paint('dim', `       ${reason}`, process.stdout)),
    ];
  });
}

/** Longer lines are abbreviated, because a whole file can be a single line. */
const MAX_LINE = 160;

/** The characters that are shown before and after the changes of a long line. */
const CONTEXT = 40;

/** The old and the new version of a line. If they are long, only the parts that differ, with some context. */
function excerpts(before: string, after: string, maxLength: number): string[] {
  const length = Math.min(before.length, after.length);
  if (Math.max(before.length, after.length) <= maxLength) {
    return [before, after];
  }
  const differs = (index: number, from: (text: string, at: number) => string | undefined) =>
    from(before, index) !== from(after, index);
  let start = 0;
  while (start < length && !differs(start, (text, at) => text[at])) {
    start++;
  }
  let end = 0;
  while (end < length - start && !differs(end, (text, at) => text[text.length - 1 - at])) {
    end++;
  }
  return [before, after].map(text => {
    const from = Math.max(0, start - CONTEXT);
    const to = text.length - Math.max(0, end - CONTEXT);
    return `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`;
  });
}

function summary({ changes, newFiles }: InitPlan, isValid: boolean, options: InitFromOptions): string[] {
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
    const command = [
      `npx medallion init --from ${quoted(from)}`,
      ...language === 'typescript' ? [] : [`--language ${language}`],
      ...prefix === undefined ? [] : [`--prefix ${prefix}`],
      '--write',
    ];
    return [`To change: ${what}. To make these changes, run:`, '', `  ${command.join(' ')}`, ''];
  }
  const next = [
    ...newFiles.some(file => file.path === 'package.json') ? installCommands(language) : [],
    ...isValid ? ['npx cdk synth', 'npx medallion list'] : [],
  ];
  return [
    `Changed: ${what}.`,
    ...next.length > 0 ? ['Next steps:', '', ...next.map(each => `  ${each}`), ''] : [],
  ];
}

/** Quotes an argument of a shell command, if necessary. */
function quoted(argument: string): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) {
    return argument;
  }
  return /["$`\\!]/.test(argument) ? `'${argument.replace(/'/g, "'\\''")}'` : `"${argument}"`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
