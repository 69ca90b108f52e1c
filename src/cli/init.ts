import * as fs from 'fs';
import * as path from 'path';
import { Failure, makeFolder } from './failure';

const TEMPLATES = path.join(__dirname, '..', '..', 'glue-templates', 'init');

/** The languages that an app can be begun in. */
export const LANGUAGES = ['typescript', 'python'];

/** How `medallion init` is called. */
export interface InitOptions {
  readonly json: boolean;
  readonly language: string;
  readonly prefix?: string;
}

/**
 * Begins a CDK app of config files with one sample dataset.
 *
 * @param folder new or empty, a git repository at most
 */
export function init(folder: string, { json, language, prefix: given }: InitOptions): void {
  const name =
    path
      .basename(path.resolve(folder))
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[-0-9]+|-+$/g, '') || 'lake';
  const prefix = given ?? name.slice(0, 49).replace(/-+$/, '');
  if (prefix.length > 49 || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(prefix) || /-(bronze|gold)(-|$)/.test(prefix)) {
    throw new Failure(
      `The prefix is ${JSON.stringify(prefix)}. It takes lower-case letters, digits and single hyphens, 49 at `
        + 'most, and names no layer: --prefix pp-dw.',
      2,
    );
  }
  makeFolder(folder, 'app', 'another DIR');
  const there = fs.readdirSync(folder).filter(entry => entry !== '.git');
  if (there.length > 0) {
    throw new Failure(
      `${folder} is not empty: it has ${there.slice(0, 3).join(', ')}${there.length > 3 ? ', …' : ''}. Name a `
        + 'new folder.',
      2,
    );
  }
  const values = valuesOf(language, name, prefix);
  const files = [
    ...copy(path.join(TEMPLATES, 'common'), folder, values),
    ...copy(path.join(TEMPLATES, language), folder, values),
  ];
  addDependencies(path.join(folder, 'package.json'), language);
  const next = [
    ...(folder === '.' ? [] : [`cd ${folder}`]),
    ...values.install.split('\n'),
    'npx cdk synth',
    'npx medallion run airports',
  ];
  process.stdout.write(
    json
      ? `${JSON.stringify({ folder, language, prefix, files: files.sort(), next })}\n`
      : `${folder} holds a lake with one dataset, lake/bronze/airports. `
          + `Next:\n\n${next.map(line => `  ${line}\n`).join('')}\n`,
  );
}

function valuesOf(language: string, name: string, prefix: string): { [placeholder: string]: string } {
  const { version } = JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  // 0.0.0 is what a build that nobody released is called: any version may stand beside it.
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

/** Copies a folder with its placeholders filled in. Returns what it wrote, by path from the target. */
function copy(from: string, to: string, values: { [placeholder: string]: string }): string[] {
  return fs
    .readdirSync(from, { recursive: true, encoding: 'utf8' })
    .filter(file => fs.statSync(path.join(from, file)).isFile())
    .map(file => {
      // npm leaves out files of its own and git's names.
      const target = file === 'gitignore' ? '.gitignore' : file;
      const text = fs
        .readFileSync(path.join(from, file), 'utf8')
        .replace(/\{\{(\w+)\}\}/g, (_, key: string) => values[key]);
      fs.mkdirSync(path.dirname(path.join(to, target)), { recursive: true });
      fs.writeFileSync(path.join(to, target), text);
      return target;
    });
}

function addDependencies(file: string, language: string): void {
  if (language === 'typescript') {
    const manifest = JSON.parse(fs.readFileSync(file, 'utf8')) as { devDependencies: { [name: string]: string } };
    manifest.devDependencies.tsx = '^4.20.0';
    fs.writeFileSync(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
  }
}
