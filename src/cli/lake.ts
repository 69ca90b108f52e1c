import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { createFolder, Failure } from './failure';
import { acquireLock, HeldLock } from './lock';

/** The default folder of the local lake. */
export const DEFAULT_DATA = '.medallion';

/** The folder of the buckets in a lake. */
const BUCKETS = 's3';

/** The number of logs of earlier commands to keep. */
const KEPT_LOGS = 20;

/** The emulator stores buckets by account. This is the account of the access key `test`. */
const EMULATED_ACCOUNT = '000000000000';

/** Matches the end of the name of a log, which contains the time in UTC. */
const LOG_TIME = /^-\d{8}-\d{6}\.log$/;
/**
 * The number of bytes at the start of a log in which the run ID is searched for. The job logs its run ID first, but a
 * script can print other text before it.
 */
const LOG_HEAD = 1_000_000;

/** The prefix of the temporary folders of read-only commands. */
const READER = 'reader-';
/** Temporary folders that killed commands left behind are deleted after this time, in milliseconds (one day). */
const MAX_READER_AGE = 24 * 3600 * 1000;

/** The local lake: a folder with the objects of the buckets, logs and temporary files. */
export class Lake {
  /**
   * Opens the lake for a command that writes. Only one process at a time can do so.
   *
   * @param folder created if it does not exist
   */
  public static open(folder: string): Lake {
    const lake = new Lake(path.resolve(folder));
    createFolder(lake.folder, 'lake', '--data DIR');
    createFolder(lake.logs, 'lake', '--data DIR');
    fs.writeFileSync(path.join(lake.folder, '.gitignore'), '*\n');
    const lock = acquireLock(path.join(lake.folder, 'lock'));
    if (lock instanceof HeldLock) {
      throw new Failure(
        `The local lake ${folder} is in use by another medallion command (${lock}). Wait until it ends, or end it `
          + 'with Ctrl-C if it is `medallion serve`. Or set another folder with --data DIR.',
        1,
      );
    }
    lake.deleteOldReaders();
    fs.rmSync(lake.scratch, { recursive: true, force: true, maxRetries: 3 });
    fs.mkdirSync(lake.scratch);
    lake.deleteScratchAtExit();
    return lake;
  }

  /**
   * Opens the lake for a command that only reads. Any number of processes can do so, even while another process writes.
   */
  public static read(folder: string): Lake {
    const data = path.resolve(folder);
    const inFolder = (parent: string) => new Lake(data, fs.mkdtempSync(path.join(parent, READER)));
    let lake;
    try {
      lake = inFolder(data);
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) {
        throw error;
      }
      lake = inFolder(os.tmpdir());
    }
    lake.deleteScratchAtExit();
    return lake;
  }

  /** Whether a folder is a local lake. `medallion reset` does not delete other folders. */
  public static isLake(folder: string): boolean {
    return fs.existsSync(path.join(folder, BUCKETS)) || fs.existsSync(path.join(folder, 'logs'));
  }

  /**
   * Fails if a folder is not a local lake.
   *
   * @param dataset the dataset that the error suggests running first
   */
  public static require(folder: string, dataset?: string): void {
    if (!Lake.isLake(folder)) {
      throw new Failure(
        `${folder} does not contain a local lake. Run ${dataset === undefined ? 'a' : 'the'} dataset first: `
          + `npx medallion run ${dataset ?? 'DATASET'}. Or set the folder of the lake with --data DIR.`,
        2,
      );
    }
  }

  /** The local path of an s3:// URI in a lake that may not exist. A folder if the URI ends with a slash. */
  public static pathIn(folder: string, uri: string): string {
    return path.join(Lake.objectsIn(folder), uri.replace('s3://', ''));
  }

  /** The folder with the objects of a lake that may not exist. */
  public static objectsIn(folder: string): string {
    return path.join(path.resolve(folder), BUCKETS, EMULATED_ACCOUNT);
  }

  /** The log of a run or, without a run, the newest log of the dataset. Undefined if it no longer exists. */
  public static logOf(folder: string, name: string, runId?: string): string | undefined {
    const logs = path.join(path.resolve(folder), 'logs');
    const names = fs.existsSync(logs) ? fs.readdirSync(logs) : [];
    const files = names
      .filter(each => each.startsWith(`${name}-`) && LOG_TIME.test(each.slice(name.length)))
      .sort()
      .reverse()
      .map(each => path.join(logs, each));
    return runId === undefined ? files[0] : files.find(file => headOf(file).includes(`run_id ${runId}\n`));
  }

  /** The folder in which the emulator stores the buckets. */
  public readonly buckets: string;
  /** The folder with the objects: one folder per bucket. */
  public readonly objects: string;
  /** The file with the Data Catalog. It exists if a dataset has published Iceberg tables. */
  public readonly catalog: string;
  /** The folder with the results of failed pipeline runs. */
  public readonly pipelines: string;
  /** The folder with the most recently replaced publications of Parquet tables. */
  public readonly publications: string;
  private readonly logs: string;
  private readonly opened = Date.now();

  /** @param scratch the folder of temporary files. Deleted when the command ends. */
  private constructor(public readonly folder: string, public readonly scratch = path.join(folder, 'tmp')) {
    this.buckets = path.join(folder, BUCKETS);
    this.objects = path.join(this.buckets, EMULATED_ACCOUNT);
    this.catalog = `${this.buckets}-catalog.json`;
    this.pipelines = path.join(folder, 'pipelines');
    this.publications = path.join(folder, 'publications');
    this.logs = path.join(folder, 'logs');
  }

  /** Creates a folder for the temporary files of one process. */
  public newScratch(name: string): string {
    return fs.mkdtempSync(path.join(this.scratch, `${name}-`));
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
   * @param runs the s3:// prefix of the run records of the dataset
   */
  public hasTable(runs: string): boolean {
    return fs.existsSync(this.publicationOf(runs));
  }

  /** The path of a dataset's published.json. `runs` is the s3:// prefix of its run records. */
  public publicationOf(runs: string): string {
    return this.pathOf(`${runs}published.json`);
  }

  /** The local path of an s3:// URI. A folder if the URI ends with a slash. */
  public pathOf(uri: string): string {
    return Lake.pathIn(this.folder, uri);
  }

  private deleteScratchAtExit(): void {
    process.prependOnceListener('exit', () =>
      fs.rmSync(this.scratch, { recursive: true, force: true, maxRetries: 3 }));
  }

  private deleteOldReaders(): void {
    for (const name of fs.readdirSync(this.folder).filter(each => each.startsWith(READER))) {
      const reader = path.join(this.folder, name);
      if (Date.now() - (fs.statSync(reader, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > MAX_READER_AGE) {
        fs.rmSync(reader, { recursive: true, force: true });
      }
    }
  }
}

function headOf(file: string): string {
  const descriptor = fs.openSync(file, 'r');
  try {
    const head = Buffer.alloc(Math.min(LOG_HEAD, fs.fstatSync(descriptor).size));
    return head.subarray(0, fs.readSync(descriptor, head)).toString('utf8');
  } finally {
    fs.closeSync(descriptor);
  }
}
