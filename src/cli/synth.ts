import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { Failure } from './failure';
import { relativePath } from './relative-path';

/**
 * Folders and files that do not change what `cdk synth` writes, also those that commands write: the page, reports and
 * exported databases. Names that start with a dot are ignored too.
 */
const IGNORED = /^(node_modules|cdk\.out.*|__pycache__|venv|env|dist|build|target|coverage|logs?|tests?)$|\.(md|html|xml|duckdb|log|tmp|pyc|swp|tsbuildinfo)$|~$/;
/** The maximum number of files that are compared with the cloud assembly. */
const MAX_FILES = 20_000;
/** Milliseconds by which a file must be newer, because file systems round times. */
const TOLERANCE = 1000;

/**
 * The file of the app that has changed most recently since `cdk synth` wrote the cloud assembly.
 *
 * @param app the cloud assembly
 * @param data the folder of the local lake, which can be in the folder of the app
 * @returns its path; undefined if no file is newer, or if the assembly is not in the folder of an app
 */
export function changedSinceSynth(app: string, data: string): string | undefined {
  const folder = appFolder(app);
  const synthesized = fs.statSync(path.join(app, 'manifest.json'), { throwIfNoEntry: false })?.mtimeMs;
  if (folder === undefined || synthesized === undefined) {
    return undefined;
  }
  const written = [path.resolve(app), path.resolve(data)];
  let newest: { readonly file: string; readonly time: number } | undefined;
  let files = 0;
  const visit = (parent: string) => {
    for (const entry of entriesOf(parent)) {
      const file = path.join(parent, entry.name);
      const isIgnored = entry.name.startsWith('.') || IGNORED.test(entry.name) || written.includes(file);
      if (isIgnored || ++files > MAX_FILES) {
        continue;
      }
      if (entry.isDirectory() && !fs.existsSync(path.join(file, 'manifest.json'))) {
        visit(file);
      }
      // The time of a folder changes when a file in it is deleted or renamed.
      const time = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      const isChanged = time > synthesized + TOLERANCE && !(entry.isDirectory() && hasNewTests(file, time));
      if (isChanged && time > (newest?.time ?? 0)) {
        newest = { file, time };
      }
    }
  };
  visit(folder);
  return newest && relativePath(newest.file);
}

/** Whether the last change of a folder is a new folder of tests, which `cdk synth` does not read. */
function hasNewTests(folder: string, time: number): boolean {
  const tests = fs.statSync(path.join(folder, 'tests'), { throwIfNoEntry: false });
  return tests !== undefined && Math.abs(tests.birthtimeMs - time) <= TOLERANCE;
}

/** The entries of a folder. A folder that cannot be read, or was deleted in the meantime, has none. */
function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Synthesizes the app of a cloud assembly with the CDK CLI. Its output is printed to standard error. */
export function synthesize(app: string): void {
  const folder = appFolder(app);
  if (folder === undefined) {
    throw new Failure(
      `--synth requires a CDK app: there is no cdk.json in the folder of ${app} or a folder above it. Run the command `
        + 'in the folder that contains cdk.json.',
      2,
    );
  }
  // A stage has its own assembly within the assembly of the app.
  const output = path.basename(app).startsWith('assembly-') ? path.dirname(path.resolve(app)) : path.resolve(app);
  const local = path.join(folder, 'node_modules', '.bin', 'cdk');
  const [command, ...args] = fs.existsSync(local) ? [local] : ['npx', 'cdk'];
  const { status, error } = spawnSync(command, [...args, 'synth', '--quiet', '--output', output], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    throw new Failure(`cdk synth failed${error ? `: ${error.message}` : ''}. No job was started.`, 1);
  }
}

/** The folder of the cdk.json: the folder of the cloud assembly, or the nearest folder above it. */
function appFolder(app: string): string | undefined {
  let folder = path.dirname(path.resolve(app));
  while (!fs.existsSync(path.join(folder, 'cdk.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) {
      return undefined;
    }
    folder = parent;
  }
  return folder;
}
