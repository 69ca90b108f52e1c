import * as fs from 'fs';
import * as path from 'path';
import { Failure } from './failure';
import { LAYER_NAME } from '../private/layers';

const TEMPLATES = path.join(__dirname, '..', '..', 'glue-templates', 'init');

/** The languages of new apps. */
export const LANGUAGES = ['typescript', 'python'];

/** The name of the folder with the configuration files in a new app. */
export const LAKE_FOLDER = 'lake';

/** The values that are inserted into the files of a new app. */
export interface AppSettings {
  readonly language: string;
  /** The name of the app: lowercase letters, digits and hyphens. */
  readonly name: string;
  /** The prefix of all names of the lake, such as the names of its bucket and jobs. */
  readonly prefix: string;
  /** The folder with the configuration files, relative to the app. */
  readonly lake: string;
}

/** A file of a new app, with its path relative to the app. */
export interface AppFile {
  readonly path: string;
  readonly text: string;
}

/** The name of an app, and the prefix of its lake. Fails if the prefix is invalid. */
export function appNames(folder: string, prefixOption: string | undefined): { name: string; prefix: string } {
  const name =
    path
      .basename(path.resolve(folder))
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[-0-9]+|-+$/g, '') || 'lake';
  const prefix = prefixOption ?? name.slice(0, 49).replace(/-+$/, '');
  if (prefix.length > 49 || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(prefix) || LAYER_NAME.test(prefix)) {
    throw new Failure(
      `The prefix ${JSON.stringify(prefix)} is not valid. A prefix consists of lowercase letters, digits and single `
        + 'hyphens, has a maximum of 49 characters, and does not contain the name of a layer. Example: --prefix pp-dw',
      2,
    );
  }
  return { name, prefix };
}

/** The files of a new app. */
export function appFiles(settings: AppSettings): AppFile[] {
  const values = placeholderValues(settings);
  const files = [
    ...filesOf(path.join(TEMPLATES, 'common'), values),
    ...filesOf(path.join(TEMPLATES, settings.language), values),
  ];
  return files.map(file => {
    switch (file.path) {
      case 'package.json':
        return { ...file, text: withDependencies(file.text, settings.language) };
      case 'cdk.json':
        return { ...file, text: withFeatureFlags(file.text) };
      default:
        return file;
    }
  });
}

/** Writes a new file of an app. Fails if the file already exists, even if it is a broken symbolic link. */
export function writeAppFile(folder: string, { path: file, text }: AppFile): void {
  const target = path.join(folder, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, text, { flag: 'wx' });
}

/** The commands that install the packages of an app. */
export function installCommands(language: string): string[] {
  return language === 'python'
    ? ['python3 -m venv .venv && .venv/bin/pip install -r requirements.txt', 'npm install']
    : ['npm install'];
}

function placeholderValues(
  { language, name, prefix, lake }: AppSettings,
): { [placeholder: string]: string } {
  const { version } = JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  // Unreleased builds have the version 0.0.0. Apps that they create accept any version of the library.
  const isReleased = version !== '0.0.0';
  return {
    name,
    prefix,
    lake: lake.replace(/["'\\]/g, '\\$&'),
    lake_config: path.posix.join(lake, 'config.json'),
    database: prefix.replace(/-/g, '_'),
    version: isReleased ? `^${version}` : '*',
    python_version: isReleased ? `==${version}` : '',
    install: installCommands(language).join('\n'),
    test:
      language === 'python' ? '.venv/bin/python -m unittest discover tests' : 'node --import tsx --test test/*.test.ts',
  };
}

/** The files in a folder of templates, with their placeholders replaced. */
function filesOf(folder: string, values: { [placeholder: string]: string }): AppFile[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => fs.statSync(path.join(folder, file)).isFile())
    .map(file => ({
      // npm does not publish files with the name .gitignore.
      path: file === 'gitignore' ? '.gitignore' : file,
      text: fs
        .readFileSync(path.join(folder, file), 'utf8')
        .replace(/\{\{(\w+)\}\}/g, (_, key: string) => values[key]),
    }));
}

/** Adds the recommended feature flags of the CDK, as `cdk init` does: without them, each synthesis prints a warning. */
function withFeatureFlags(text: string): string {
  let flags: object;
  try {
    const source = require.resolve('aws-cdk-lib/recommended-feature-flags.json');
    flags = JSON.parse(fs.readFileSync(source, 'utf8')) as object;
  } catch {
    // A global installation of the command may not include aws-cdk-lib.
    return text;
  }
  const settings = JSON.parse(text) as object;
  return `${JSON.stringify({ ...settings, context: flags }, undefined, 2)}\n`;
}

function withDependencies(text: string, language: string): string {
  if (language !== 'typescript') {
    return text;
  }
  const manifest = JSON.parse(text) as { devDependencies: { [name: string]: string } };
  manifest.devDependencies.tsx = '^4.20.0';
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
