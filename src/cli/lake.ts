import * as fs from 'fs';
import * as path from 'path';
import { Failure, makeFolder } from './failure';
import { takeLock } from './lock';

/** Where the lake lies if nobody says. */
export const DEFAULT_DATA = '.medallion';

/** How many logs of earlier commands are kept beside those of this one. */
const KEPT_LOGS = 20;

/** The local lake: a folder with the buckets' files, logs, and what a command needs while it runs. */
export class Lake {
  /**
   * Opens the lake for this command alone.
   *
   * @param folder made if it is not there
   */
  public static open(folder: string): Lake {
    const lake = new Lake(path.resolve(folder));
    makeFolder(lake.folder, 'lake', '--data DIR');
    makeFolder(lake.logs, 'lake', '--data DIR');
    fs.writeFileSync(path.join(lake.folder, '.gitignore'), '*\n');
    const lock = takeLock(path.join(lake.folder, 'lock'));
    if (typeof lock === 'number') {
      throw new Failure(
        `${folder} is in use by another medallion, process ${lock}. Wait for it to end, or use another folder `
          + 'with --data DIR.',
        1,
      );
    }
    const clear = () => fs.rmSync(lake.scratch, { recursive: true, force: true, maxRetries: 3 });
    clear();
    fs.mkdirSync(lake.scratch);
    process.prependOnceListener('exit', clear);
    return lake;
  }

  /** Whether a folder is a lake, or at least empty: what else could be in it must not be removed. */
  public static isLake(folder: string): boolean {
    return fs.existsSync(path.join(folder, 's3')) || fs.existsSync(path.join(folder, 'logs'));
  }

  /** Where the emulator keeps the buckets. */
  public readonly buckets: string;
  /** Emptied when a command begins and when it ends. */
  public readonly scratch: string;
  private readonly logs: string;
  private readonly opened = Date.now();

  private constructor(public readonly folder: string) {
    this.buckets = path.join(folder, 's3');
    this.scratch = path.join(folder, 'tmp');
    this.logs = path.join(folder, 'logs');
  }

  /** A new folder for what lives as long as one run. */
  public newScratch(name: string): string {
    const folder = path.join(this.scratch, name);
    fs.mkdirSync(folder);
    return folder;
  }

  /** Path of a new log. The oldest ones of earlier commands are removed. */
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
   * Whether a dataset has published a table here.
   *
   * @param runs s3:// prefix of its runs' records
   */
  public hasTable(runs: string): boolean {
    return fs.existsSync(this.pathOf(`${runs}published.json`));
  }

  /** Where the files of an s3:// URI are on this machine; a folder, if the URI ends with a slash. */
  public pathOf(uri: string): string {
    return path.join(this.buckets, EMULATED_ACCOUNT, uri.replace('s3://', ''));
  }
}

/** The emulator keeps its buckets by account: this one is for the access key `test`. */
const EMULATED_ACCOUNT = '000000000000';
