import * as fs from 'fs';
import * as path from 'path';
import { AppFile, appFiles, appNames, LAKE_FOLDER } from './app-template';
import { Failure } from './failure';
import { ConfigFile } from '../private/files/config-file';
import { CONFIG } from '../private/files/config-files';
import { ChangedLine } from '../private/files/json-file';
import { LakeFiles } from '../private/files/lake-files';

/** The changes that turn a folder of configuration files into a valid lake, and the current folder into its app. */
export interface InitPlan {
  readonly changes: FileChange[];
  readonly newFiles: AppFile[];
  /** The changes that the user has to make to existing files. */
  readonly notes: string[];
}

/** The changes of a configuration file, and its new content. */
export interface FileChange {
  readonly file: string;
  readonly lines: ChangedLine[];
  readonly text: string;
}

/**
 * Plans the changes. Existing files of the app are not changed.
 *
 * @param lake the folder of the configuration files, relative to the current folder
 * @param prefix the prefix for a lake that does not set one. Default: the name of the current folder
 */
export function planInit(lake: string, files: LakeFiles, language: string, prefix?: string): InitPlan {
  const coreFile = path.posix.join(lake, CONFIG);
  if (files.core && prefix !== undefined) {
    throw new Failure(`${coreFile} sets the prefix of the lake. Remove --prefix, or change the file.`, 2);
  }
  const isInCode = canHaveCoreInCode(lake, prefix);
  // A broken link is a problem that the user has to solve, and not a missing file.
  const needsCore = !isInCode && !exists(coreFile);
  // The files of the app do not contain the prefix of the lake.
  const names = appNames('.', files.core ? LAKE_FOLDER : prefix);
  const app = planOfApp(appFiles({ language, ...names, lake }), lake, language);
  return {
    changes: changesOf(files.configs),
    newFiles: [
      ...needsCore ? [{ path: coreFile, text: coreText(lake, names.prefix) }] : [],
      ...app.newFiles,
    ],
    notes: [
      ...needsCore
        ? [`Check the prefix ${JSON.stringify(names.prefix)} in ${coreFile} before you deploy: all names contain it.`]
        : [],
      ...isInCode
        ? [
          `${coreFile} does not exist. If the app does not set core of DatasetDirectory, run the command again `
            + 'with --prefix PREFIX to create the file.',
        ]
        : [],
      ...app.notes,
    ],
  };
}

/**
 * Whether the core can be defined in the code of the app. This requires that the lake has no config.json for the core,
 * and that the existing app uses DatasetDirectory.
 *
 * @param prefix the value of `--prefix`. If it is set, the user wants a new file with this prefix
 */
export function canHaveCoreInCode(lake: string, prefix?: string): boolean {
  return prefix === undefined
    && !exists(path.join(lake, CONFIG))
    && isExistingFile({ path: 'cdk.json' })
    && usesDirectory();
}

/** The changes to files. A file to which several symbolic links point is changed once. */
function changesOf(configs: ConfigFile[]): FileChange[] {
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
function planOfApp(template: AppFile[], lake: string, language: string): Pick<InitPlan, 'newFiles' | 'notes'> {
  const construct = language === 'python'
    ? `DatasetDirectory(app, "Lake", path=${JSON.stringify(lake)})`
    : `new DatasetDirectory(app, 'Lake', { path: ${JSON.stringify(lake)} })`;
  if (isExistingFile({ path: 'cdk.json' })) {
    return {
      newFiles: [],
      notes: usesDirectory() ? [] : [`cdk.json exists and is not changed. Add this to the app: ${construct}`],
    };
  }
  // The sample dataset and the README file that describes it are for new lakes.
  const needed = template.filter(file => file.path !== 'README.md' && !file.path.startsWith(`${LAKE_FOLDER}/`));
  const existing = needed.filter(isExistingFile);
  return {
    newFiles: needed.filter(file => !existing.includes(file)),
    notes: existing.flatMap(file => {
      const what = missingIn(file, construct);
      return what === undefined ? [] : [`${file.path} exists and is not changed. ${what}`];
    }),
  };
}

/** Whether a file of the app exists. Fails if something else has the name of the file or of its folder. */
function isExistingFile({ path: file }: Pick<AppFile, 'path'>): boolean {
  const folder = path.dirname(file);
  if (exists(folder) && !fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Failure(`${folder} is not a folder, but the app needs a folder with this name. Rename ${folder}.`, 2);
  }
  if (exists(file) && !fs.statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw new Failure(`${file} is not a file, but the app needs a file with this name. Rename or remove ${file}.`, 2);
  }
  return exists(file);
}

/** Whether a file, a folder or a symbolic link exists at a path, even if the link is broken. */
function exists(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** What an existing file lacks compared with the same file of a new app. */
function missingIn({ path: file, text }: AppFile, construct: string): string | undefined {
  const own = fs.readFileSync(file, 'utf8');
  switch (file) {
    case 'package.json': {
      const { devDependencies } = JSON.parse(text) as { devDependencies: { [name: string]: string } };
      const packages = Object.entries(devDependencies).filter(([name]) => !own.includes(`"${name}"`));
      const names = packages.map(([name, version]) => `'${name}@${version}'`);
      return names.length === 0 ? undefined : `Install packages: npm install --save-dev ${names.join(' ')}`;
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

/** Whether a file that cdk.json refers to uses DatasetDirectory. */
function usesDirectory(): boolean {
  const files = fs.readFileSync('cdk.json', 'utf8').match(/[\w./-]+\.\w+/g) ?? [];
  return files.some(file =>
    fs.statSync(file, { throwIfNoEntry: false })?.isFile()
    && fs.readFileSync(file, 'utf8').includes('DatasetDirectory'));
}

