import * as fs from 'fs';
import * as path from 'path';

/**
 * Folders and files that do not change what `cdk synth` writes, including files that commands write: the page, reports
 * and exported databases. Names that start with a dot are ignored too.
 */
const IGNORED = /^(node_modules|cdk\.out.*|__pycache__|tests?)$|\.(md|html|xml|duckdb|log|tmp|pyc|swp|tsbuildinfo)$|~$/;
/**
 * Folders of the app that tools write. Below the first level, a folder with such a name can be the folder of a dataset.
 */
const IGNORED_FOLDERS = /^(venv|env|dist|build|target|coverage|logs?)$/;
/** The maximum number of files that are compared with the cloud assembly. */
const MAX_FILES = 20_000;

/** A file of an app, or a folder, whose time changes when a file in it is created, deleted or renamed. */
export interface AppFile {
  readonly path: string;
  readonly isFolder: boolean;
  /** The time of its last change, in milliseconds. */
  readonly time: number;
  readonly bytes: number;
}

/**
 * The files and folders that can change what an app synthesizes.
 *
 * @param folder the folder of its cdk.json
 * @param written folders in it that commands write: the cloud assembly and the local lake
 */
export function* appFiles(folder: string, written: readonly string[]): Generator<AppFile> {
  const excluded = written.map(each => path.resolve(each));
  const folders = [folder];
  let files = 0;
  for (let parent = folders.pop(); parent !== undefined; parent = folders.pop()) {
    for (const entry of entriesOf(parent)) {
      const entryPath = path.join(parent, entry.name);
      const isIgnored = entry.name.startsWith('.') || IGNORED.test(entry.name) || excluded.includes(entryPath)
        || (parent === folder && IGNORED_FOLDERS.test(entry.name));
      if (isIgnored || ++files > MAX_FILES) {
        continue;
      }
      if (entry.isDirectory() && !fs.existsSync(path.join(entryPath, 'manifest.json'))) {
        folders.push(entryPath);
      }
      const stat = fs.statSync(entryPath, { throwIfNoEntry: false });
      yield { path: entryPath, isFolder: entry.isDirectory(), time: stat?.mtimeMs ?? 0, bytes: stat?.size ?? 0 };
    }
  }
}

/** The entries of a folder. A folder that cannot be read, or was deleted in the meantime, has none. */
function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
