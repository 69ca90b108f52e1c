import * as fs from 'fs';
import * as path from 'path';
import { Failure } from './failure';

/** Folders that are not searched for test files. Folders whose names start with a dot are also skipped. */
const SKIPPED = new Set(['node_modules', 'cdk.out']);

/** The names of files that may contain tests. */
const TEST_FILE = /\.ya?ml$/i;

/**
 * The YAML files that may contain tests: the given files and the files in the given folders. If nothing is given, the
 * files in all folders named `tests` below the current folder.
 *
 * @param given the values of `--tests`
 */
export function discoverTestFiles(given: readonly string[]): string[] {
  const found = given.length === 0
    ? filesBelow(process.cwd(), false)
    : given.flatMap(each => {
      const stat = fs.statSync(each, { throwIfNoEntry: false });
      if (stat === undefined) {
        throw new Failure(`--tests ${each}: the file or folder does not exist. Specify an existing one.`, 2);
      }
      return stat.isDirectory() ? filesBelow(path.resolve(each), true) : [path.resolve(each)];
    });
  return [...new Set(found)];
}

/** @param isInTests whether the folder is named `tests`, or is inside such a folder */
function filesBelow(folder: string, isInTests: boolean): string[] {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries.sort((a, b) => a.name < b.name ? -1 : 1).flatMap(entry => {
    const entryPath = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return entry.name.startsWith('.') || SKIPPED.has(entry.name)
        ? []
        : filesBelow(entryPath, isInTests || entry.name === 'tests');
    }
    return isInTests && entry.isFile() && TEST_FILE.test(entry.name) ? [entryPath] : [];
  });
}
