import { createHash } from 'crypto';
import { readdirSync, readFileSync } from 'fs';
import * as path from 'path';
import { zipSync, Zippable } from '../dependencies/fflate';
import { GLUE_TEMPLATES } from '../glue-templates';

/** The Python package that every job imports, as a ZIP file for `--extra-py-files`. */
export interface JobPackage {
  /** Contains a hash of the content, so that a deployment does not replace the package of a run in progress. */
  readonly fileName: string;
  readonly bytes: Uint8Array;
  /** The SHA-256 hash of the bytes. */
  readonly hash: string;
}

let jobPackage: JobPackage | undefined;

/** The package, created on the first call. The same files always result in the same bytes. */
export function etlRuntimePackage(): JobPackage {
  return jobPackage ??= zipPackage(path.join(GLUE_TEMPLATES, 'etl_runtime'));
}

/** Zips the modules of a Python package, in a folder with the name of the package. */
export function zipPackage(folder: string): JobPackage {
  const name = path.basename(folder);
  const modules = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(file => file.split(path.sep).join('/'))
    .filter(file => file.endsWith('.py'))
    .sort();
  const files: Zippable = {};
  for (const module of modules) {
    // A fixed local time, because the ZIP format has no time zone.
    files[`${name}/${module}`] = [readFileSync(path.join(folder, module)), { mtime: new Date(1980, 0, 1), os: 0 }];
  }
  const bytes = zipSync(files);
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { fileName: `${name}-${hash.slice(0, 12)}.zip`, bytes, hash };
}
