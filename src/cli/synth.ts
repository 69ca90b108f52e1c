import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { AppFile, appFiles } from './app-files';
import { Failure } from './failure';
import { relativePath } from './relative-path';

/** A file must be newer by this number of milliseconds to count as changed, because file systems round timestamps. */
const TOLERANCE = 1000;

/**
 * The file of the app that has changed most recently since `cdk synth` wrote the cloud assembly.
 *
 * @param app the cloud assembly
 * @param data the folder of the local lake, which can be in the folder of the app
 * @returns the path of the file; undefined if no file is newer, or if the assembly is not in the folder of an app
 */
export function changedSinceSynth(app: string, data: string): string | undefined {
  const folder = appFolder(app);
  const synthesized = fs.statSync(path.join(app, 'manifest.json'), { throwIfNoEntry: false })?.mtimeMs;
  if (folder === undefined || synthesized === undefined) {
    return undefined;
  }
  let newest: AppFile | undefined;
  for (const each of appFiles(folder, [app, data])) {
    const isChanged = each.time > synthesized + TOLERANCE && !(each.isFolder && hasNewTests(each.path, each.time));
    if (isChanged && each.time > (newest?.time ?? 0)) {
      newest = each;
    }
  }
  return newest && relativePath(newest.path);
}

/** Whether the last change in a folder was the creation of a `tests` folder, which `cdk synth` does not read. */
function hasNewTests(folder: string, time: number): boolean {
  const tests = fs.statSync(path.join(folder, 'tests'), { throwIfNoEntry: false });
  return tests !== undefined && Math.abs(tests.birthtimeMs - time) <= TOLERANCE;
}

/**
 * The environment variables of a synthesis for a local run. Values that the user sets take precedence.
 *
 * Newer versions of the CDK validate the templates against the rules of CloudFormation. For a small app, this takes
 * longer than the rest of the synthesis. A local run does not need the validation, because it deploys nothing, and
 * `cdk deploy` synthesizes the app again with the validation.
 */
export const SYNTH_ENVIRONMENT = { CDK_VALIDATION: 'false' };

/** Synthesizes the app of a cloud assembly with the CDK CLI. Its output is printed to standard error. */
export function synthesize(app: string): void {
  const folder = requireApp(app, '--synth');
  const [command, ...args] = synthCommand(app, folder);
  const { status, error } = spawnSync(command, args, {
    cwd: folder,
    env: { ...SYNTH_ENVIRONMENT, ...process.env },
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    throw new Failure(`cdk synth failed${error ? `: ${error.message}` : ''}. No job was started.`, 1);
  }
}

/** The command that synthesizes the app of a cloud assembly with the CDK CLI. */
export function synthCommand(app: string, folder: string): string[] {
  const local = path.join(folder, 'node_modules', '.bin', 'cdk');
  return [...fs.existsSync(local) ? [local] : ['npx', 'cdk'], 'synth', '--quiet', '--output', outputOf(app)];
}

/** The folder to which an app is synthesized. A stage has its own assembly within the assembly of its parent. */
export function outputOf(app: string): string {
  const folder = path.resolve(app);
  return path.basename(folder).startsWith('assembly-') ? outputOf(path.dirname(folder)) : folder;
}

/**
 * The folder of the app of a cloud assembly. Fails if there is none.
 *
 * @param what the command or option that requires the app, for the error message
 */
export function requireApp(app: string, what: string): string {
  const folder = appFolder(app);
  if (folder === undefined) {
    throw new Failure(
      `${what} requires a CDK app: there is no cdk.json in the folder of ${app} or a folder above it. Run the command `
        + 'in the folder that contains cdk.json.',
      2,
    );
  }
  return folder;
}

/** The folder that contains cdk.json: the folder of the cloud assembly, or the nearest folder above it. */
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
