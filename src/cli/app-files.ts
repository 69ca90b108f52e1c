import * as fs from 'fs';
import * as path from 'path';

/**
 * The names of files and folders that do not affect the output of `cdk synth`. They include files that other commands
 * write, such as the page of `medallion docs`, reports and exported databases. Names that start with a dot are also
 * ignored.
 */
const IGNORED = /^(node_modules|cdk\.out.*|__pycache__|tests?)$|\.(md|html|xml|duckdb|log|tmp|pyc|swp|tsbuildinfo)$|~$/;
/**
 * The names of folders to which tools write. They are ignored only directly in the folder of the app, because the
 * folder of a dataset can have the same name.
 */
const IGNORED_FOLDERS = /^(venv|env|dist|build|target|coverage|logs?)$/;
/** The maximum number of files that are compared with the cloud assembly. */
const MAX_FILES = 20_000;

/** A file or a folder of an app. The time of a folder changes when a file in it is created, deleted or renamed. */
export interface AppFile {
  readonly path: string;
  readonly isFolder: boolean;
  /** The time of the last change, in milliseconds since the epoch. */
  readonly time: number;
  readonly bytes: number;
}

/**
 * The files and folders that can change what an app synthesizes.
 *
 * @param folder the folder that contains the app's cdk.json
 * @param written folders to which commands write, which are skipped: the cloud assembly and the local lake
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

/** The entries of a folder. Empty if the folder cannot be read or was deleted in the meantime. */
function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
