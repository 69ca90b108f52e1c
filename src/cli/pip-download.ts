import * as fs from 'fs';
import * as path from 'path';
import { describeTransfers, Transfer } from './transfer';

/** A line of pip such as `  Downloading pyspark-3.5.4.tar.gz (317.3 MB)`. The size is missing if it is unknown. */
const DOWNLOAD = /^\s*(Downloading|Using cached) (?:https?:\S*\/)?([^\s/]+?)(?:#\S*)?(?: \(([\d.]+) ([kMG]?)B\))?\s*$/;

const BYTES: Record<string, number> = { '': 1, 'k': 1e3, 'M': 1e6, 'G': 1e9 };

/**
 * The file that pip downloads. pip reports the size before the download, and writes the file to a folder in TMPDIR.
 * `pip --progress-bar raw` would report the progress, but pip has it only since version 24.1, and a virtual environment
 * gets the pip of its Python.
 */
export class PipDownload {
  /** The download that a line of pip announces. Undefined if the line does not announce one. */
  public static announcedBy(line: string, temporaryFolder: string): PipDownload | undefined {
    const found = DOWNLOAD.exec(line);
    // The metadata of a package has the same line with another suffix, and is small.
    if (!found || found[2].endsWith('.metadata')) {
      return undefined;
    }
    const [, , file, amount, unit] = found;
    return new PipDownload(file, amount === undefined ? undefined : Number(amount) * BYTES[unit], temporaryFolder);
  }

  private readonly transfer = new Transfer();

  private constructor(
    private readonly file: string,
    private readonly total: number | undefined,
    private readonly temporaryFolder: string,
  ) {}

  /** For example `120 of 317 MB  37 %  12.3 MB/s  16 s left  pyspark`. */
  public describe(): string {
    // pip rounds the size.
    this.transfer.update(Math.min(this.received(), this.total ?? Infinity), this.total);
    const [name] = this.file.split('-');
    return `${describeTransfers([this.transfer])}  ${name}`;
  }

  private received(): number {
    for (const folder of fs.readdirSync(this.temporaryFolder, { withFileTypes: true })) {
      if (folder.isDirectory()) {
        const file = path.join(this.temporaryFolder, folder.name, this.file);
        const size = fs.statSync(file, { throwIfNoEntry: false })?.size;
        if (size !== undefined) {
          return size;
        }
      }
    }
    return 0;
  }
}
