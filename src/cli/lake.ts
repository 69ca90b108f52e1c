import * as fs from 'fs';
import * as path from 'path';
import { createFolder, Failure } from './failure';
import { acquireLock } from './lock';

/** The default folder of the local lake. */
export const DEFAULT_DATA = '.medallion';

/** The number of logs of earlier commands that are kept. */
const KEPT_LOGS = 20;

/** The local lake: a folder with the objects of the buckets, logs and temporary files. */
export class Lake {
  /**
   * Opens the lake for exclusive use by this process.
   *
   * @param folder created if it does not exist
   */
  public static open(folder: string): Lake {
    const lake = new Lake(path.resolve(folder));
    createFolder(lake.folder, 'lake', '--data DIR');
    createFolder(lake.logs, 'lake', '--data DIR');
    fs.writeFileSync(path.join(lake.folder, '.gitignore'), '*\n');
    const lock = acquireLock(path.join(lake.folder, 'lock'));
    if (typeof lock === 'number') {
      throw new Failure(
        `The local lake ${folder} is in use by another medallion command (process ${lock}). Wait until it ends, or set `
          + 'another folder with --data DIR.',
        1,
      );
    }
    const clear = () => fs.rmSync(lake.scratch, { recursive: true, force: true, maxRetries: 3 });
    clear();
    fs.mkdirSync(lake.scratch);
    process.prependOnceListener('exit', clear);
    return lake;
  }

  /** Whether a folder is a local lake. `medallion reset` does not delete other folders. */
  public static isLake(folder: string): boolean {
    return fs.existsSync(path.join(folder, 's3')) || fs.existsSync(path.join(folder, 'logs'));
  }

  /** The folder in which the emulator stores the buckets. */
  public readonly buckets: string;
  /** The folder of temporary files. Deleted when a command starts and when it ends. */
  public readonly scratch: string;
  private readonly logs: string;
  private readonly opened = Date.now();

  private constructor(public readonly folder: string) {
    this.buckets = path.join(folder, 's3');
    this.scratch = path.join(folder, 'tmp');
    this.logs = path.join(folder, 'logs');
  }

  /** Creates a folder for the temporary files of one run. */
  public newScratch(name: string): string {
    const folder = path.join(this.scratch, name);
    fs.mkdirSync(folder);
    return folder;
  }

  /** The path of a new log. Deletes the oldest logs of earlier commands. */
  public newLog(name: string): string {
    const time = (file: string) => fs.statSync(file).mtimeMs;
    const earlier = fs
      .readdirSync(this.logs)
      .map(file => path.join(this.logs, file))
      .filter(file => time(file) < this.opened);
    earlier.sort((a, b) => time(b) - time(a)).slice(KEPT_LOGS).forEach(file => fs.rmSync(file));
    return path.join(
      this.logs,
      `${name}-${new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)}.log`,
    );
  }

  /**
   * Whether a dataset has a published table in this lake.
   *
   * @param runs the s3:// prefix of its run records
   */
  public hasTable(runs: string): boolean {
    return fs.existsSync(this.pathOf(`${runs}published.json`));
  }

  /** The local path of an s3:// URI. A folder if the URI ends with a slash. */
  public pathOf(uri: string): string {
    return path.join(this.buckets, EMULATED_ACCOUNT, uri.replace('s3://', ''));
  }
}

/** The emulator stores buckets by account. This is the account of the access key `test`. */
const EMULATED_ACCOUNT = '000000000000';
