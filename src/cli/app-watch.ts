import { createHash } from 'crypto';
import * as fs from 'fs';
import { AppFile, appFiles } from './app-files';
import { relativePath } from './relative-path';

/** Milliseconds between two polls of the files. */
const INTERVAL = 150;
/** The maximum share of time to spend on reading the files of a large app. */
const MAX_LOAD = 0.1;

/** The content of larger files is not compared. They count as changed if their modification time or size differs. */
const MAX_HASHED_BYTES = 1_000_000;

/** A file at the time of a poll. */
interface FileState {
  /** The modification time and the size. */
  readonly version: string;
  /** A hash of the content, or `version` if the file is too large or cannot be read. */
  readonly content: string;
}

/** The state of each file, by its path. */
type Files = Map<string, FileState>;

/**
 * Detects changes to the files of an app.
 *
 * The files are polled, because notifications of the operating system do not work in containers and on network drives,
 * and miss changes in a folder that was just created. A synthesis can compile files of the app, so a file that is
 * rewritten with the same content does not count as changed.
 */
export class AppWatch {
  private files: Files;

  /**
   * @param folder the folder of the app
   * @param written folders to which commands write, which are not watched
   */
  public constructor(private readonly folder: string, private readonly written: readonly string[]) {
    this.files = this.read();
  }

  /** Waits until files have changed and no further changes follow. Returns the paths of the changed files. */
  public async changed(): Promise<string[]> {
    let current = this.files;
    for (;;) {
      const started = Date.now();
      const next = this.read(current);
      const isStable = differences(current, next).length === 0;
      current = next;
      const changed = differences(this.files, current);
      if (isStable && changed.length > 0) {
        this.files = current;
        return changed.map(relativePath);
      }
      const duration = Date.now() - started;
      // A timer that is not referenced does not keep the process alive when the command has ended.
      await new Promise(resolve => setTimeout(resolve, Math.max(INTERVAL, duration / MAX_LOAD)).unref());
    }
  }

  private read(before?: Files): Files {
    const files = [...appFiles(this.folder, this.written)].filter(({ isFolder }) => !isFolder);
    return new Map(files.map(file => [file.path, stateOf(file, before?.get(file.path))]));
  }
}

/** @param before the state of the file at an earlier poll */
function stateOf({ path: file, time, bytes }: AppFile, before?: FileState): FileState {
  const version = `${time} ${bytes}`;
  if (before?.version === version) {
    return before;
  }
  if (bytes > MAX_HASHED_BYTES) {
    return { version, content: version };
  }
  try {
    return { version, content: createHash('sha256').update(fs.readFileSync(file)).digest('hex') };
  } catch {
    // The file was deleted after it was listed, or it is not readable.
    return { version, content: version };
  }
}

/** The files that were created, changed or deleted. */
function differences(before: Files, after: Files): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter(file => before.get(file)?.content !== after.get(file)?.content);
}
