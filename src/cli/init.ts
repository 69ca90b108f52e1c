import * as fs from 'fs';
import * as path from 'path';
import { createFolder, Failure } from './failure';
import { LAYER_NAME } from '../private/layers';

const TEMPLATES = path.join(__dirname, '..', '..', 'glue-templates', 'init');

/** The languages of new apps. */
export const LANGUAGES = ['typescript', 'python'];

/** The options of `medallion init`. */
export interface InitOptions {
  readonly json: boolean;
  readonly language: string;
  readonly prefix?: string;
}

/**
 * Creates a CDK app that reads its datasets from configuration files, with one sample dataset.
 *
 * @param folder a new folder, or an empty one except for .git
 */
export function init(folder: string, { json, language, prefix: prefixOption }: InitOptions): void {
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
  createFolder(folder, 'app', 'DIR');
  const existing = fs.readdirSync(folder).filter(entry => entry !== '.git');
  if (existing.length > 0) {
    throw new Failure(
      `The folder ${folder} is not empty: it contains ${existing.slice(0, 3).join(', ')}`
        + `${existing.length > 3 ? ', …' : ''}. Specify a new folder.`,
      2,
    );
  }
  const values = placeholderValues(language, name, prefix);
  const files = [
    ...copy(path.join(TEMPLATES, 'common'), folder, values),
    ...copy(path.join(TEMPLATES, language), folder, values),
  ];
  addDependencies(path.join(folder, 'package.json'), language);
  addFeatureFlags(path.join(folder, 'cdk.json'));
  const next = [
    ...(folder === '.' ? [] : [`cd ${folder}`]),
    ...values.install.split('\n'),
    'npx cdk synth',
    'npx medallion run airports',
  ];
  process.stdout.write(
    json
      ? `${JSON.stringify({ folder, language, prefix, files: files.sort(), next })}\n`
      : `Created an app with the sample dataset lake/bronze/airports in ${folder}. `
          + `Next steps:\n\n${next.map(line => `  ${line}\n`).join('')}\n`,
  );
}

function placeholderValues(language: string, name: string, prefix: string): { [placeholder: string]: string } {
  const { version } = JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  // 0.0.0 is the version of unreleased builds, for which any installed version is accepted.
  const isReleased = version !== '0.0.0';
  return {
    name,
    prefix,
    database: prefix.replace(/-/g, '_'),
    version: isReleased ? `^${version}` : '*',
    python_version: isReleased ? `==${version}` : '',
    install:
      language === 'python'
        ? 'python3 -m venv .venv && .venv/bin/pip install -r requirements.txt\nnpm install'
        : 'npm install',
    test:
      language === 'python' ? '.venv/bin/python -m unittest discover tests' : 'node --import tsx --test test/*.test.ts',
  };
}

/** Copies a folder and replaces placeholders. Returns the relative paths of the written files. */
function copy(from: string, to: string, values: { [placeholder: string]: string }): string[] {
  return fs
    .readdirSync(from, { recursive: true, encoding: 'utf8' })
    .filter(file => fs.statSync(path.join(from, file)).isFile())
    .map(file => {
      // npm does not publish files with the name .gitignore.
      const target = file === 'gitignore' ? '.gitignore' : file;
      const text = fs
        .readFileSync(path.join(from, file), 'utf8')
        .replace(/\{\{(\w+)\}\}/g, (_, key: string) => values[key]);
      fs.mkdirSync(path.dirname(path.join(to, target)), { recursive: true });
      fs.writeFileSync(path.join(to, target), text);
      return target;
    });
}

/** Adds the recommended feature flags of the CDK, as `cdk init` does: without them, each synthesis prints a warning. */
function addFeatureFlags(file: string): void {
  let flags: object;
  try {
    const source = require.resolve('aws-cdk-lib/recommended-feature-flags.json');
    flags = JSON.parse(fs.readFileSync(source, 'utf8')) as object;
  } catch {
    // A global installation can be without aws-cdk-lib.
    return;
  }
  const settings = JSON.parse(fs.readFileSync(file, 'utf8')) as object;
  fs.writeFileSync(file, `${JSON.stringify({ ...settings, context: flags }, undefined, 2)}\n`);
}

function addDependencies(file: string, language: string): void {
  if (language === 'typescript') {
    const manifest = JSON.parse(fs.readFileSync(file, 'utf8')) as { devDependencies: { [name: string]: string } };
    manifest.devDependencies.tsx = '^4.20.0';
    fs.writeFileSync(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
  }
}
