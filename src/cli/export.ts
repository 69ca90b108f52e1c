import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { setUpLake } from './environment';
import { Failure, messageOf } from './failure';
import { Lake } from './lake';
import { Progress } from './progress';
import { relativePath } from './relative-path';

/** The options of `medallion export`. */
export interface ExportOptions {
  readonly data: string;
  readonly json: boolean;
  /** Replace an existing file. */
  readonly force?: true;
}

/** The formats by file extension. */
const FORMATS = ['.csv', '.parquet', '.xlsx', '.duckdb'];

/** The table that was exported. */
interface Exported {
  /** The full name in Athena. */
  readonly table: string;
  readonly rows: number;
}

/**
 * Writes the published rows of a table of the local lake to a file. An existing file is replaced when the new one is
 * complete.
 *
 * @param table the name in Athena; the database is optional if the table name is unique
 * @param file the extension selects the format
 */
export async function exportTable(table: string, file: string, { data, json, force }: ExportOptions): Promise<void> {
  const extension = path.extname(file).toLowerCase();
  const folder = path.dirname(path.resolve(file));
  if (!FORMATS.includes(extension)) {
    throw new Failure(
      `${file} has no supported extension. The extension selects the format: ${FORMATS.join(', ')}.`,
      2,
    );
  }
  if (!fs.existsSync(folder)) {
    throw new Failure(`The folder ${folder} does not exist. Create it, or specify another file.`, 2);
  }
  if (fs.existsSync(file) && (fs.statSync(file).isDirectory() || !force)) {
    throw new Failure(
      fs.statSync(file).isDirectory()
        ? `${file} is a folder. Specify a file.`
        : `${file} exists. Specify another file, or add --force to replace it.`,
      2,
    );
  }
  Lake.require(data);
  const progress = new Progress();
  const python = await setUpLake(progress);
  const lake = Lake.read(data);
  const partial = path.join(folder, `.${path.basename(file)}.${process.pid}.partial`);
  const removePartial = () => fs.rmSync(partial, { force: true });
  process.prependOnceListener('exit', removePartial);
  const exported = await writeTable(python, lake, [table, extension.slice(1), partial], progress);
  try {
    if (extension === '.duckdb') {
      // A killed process can leave a write-ahead log of the replaced database. DuckDB would apply it to the new one.
      fs.rmSync(`${file}.wal`, { force: true });
    }
    fs.renameSync(partial, file);
  } catch (error) {
    throw new Failure(`Cannot write ${file}: ${messageOf(error)}`, 1);
  }
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...exported, file })}\n`);
  } else {
    const rows = `${exported.rows.toLocaleString('en')} row${exported.rows === 1 ? '' : 's'}`;
    process.stdout.write(`Wrote ${rows} of ${exported.table} to ${relativePath(file)}\n`);
  }
}

async function writeTable(python: string, lake: Lake, args: string[], progress: Progress): Promise<Exported> {
  const log = path.join(lake.scratch, 'export.log');
  const output: string[] = [];
  const child = new Child(python, [path.join(LOCAL_GLUE, 'export.py'), lake.objects, ...args], {
    env: cleanEnvironment({ PYTHONPATH: path.join(LOCAL_GLUE, '..'), TMPDIR: lake.scratch, TZ: 'UTC' }),
    log,
    onLine: line => output.push(line),
  });
  const code = await progress.during('exporting', () => child.exit);
  if (code !== 0) {
    const message = fs.readFileSync(log, 'utf8').trim();
    throw code === 2
      ? new Failure(message, 2)
      : new Failure(`The export failed: ${message.split('\n').pop() ?? ''}`, 1);
  }
  return JSON.parse(output[0]) as Exported;
}
