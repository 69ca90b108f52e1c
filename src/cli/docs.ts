import * as fs from 'fs';
import * as path from 'path';
import { Failure } from './failure';
import { HistoryOptions } from './history-options';
import { DEFAULT_DATA } from './lake';
import { openHistory } from './open-history';
import { DEFAULT_PAGE, renderPage } from './page';
import { pageDocument } from './page-model';
import { relativePath } from './relative-path';
import { existingPath, readValues } from './substitutes';

/** The options of `medallion docs`. The local lake does not have to exist. */
export interface DocsOptions extends HistoryOptions {
  /** The file to write. */
  readonly out: string;
}

/** Writes a page about the lake, and prints the path of the page. */
export async function docs(options: DocsOptions): Promise<void> {
  const { app, data, json, value, out, deployed } = options;
  if (data !== DEFAULT_DATA && !deployed) {
    existingPath('--data', data, 'folder');
  }
  const document = pageDocument({
    app,
    values: readValues(value),
    history: await openHistory(options),
    origin: deployed ? 'lake in AWS' : `local lake in ${data}`,
    now: new Date(),
  });
  const page = renderPage(document);
  const file = path.resolve(out);
  write(file, page, out);
  if (json) {
    process.stdout.write(`${JSON.stringify({
      page: file,
      bytes: Buffer.byteLength(page),
      datasets: document.datasets.length,
      failed: document.datasets.filter(({ error }) => error !== null).length,
      stale: document.datasets.filter(({ stale }) => stale).length,
    })}\n`);
  } else {
    process.stdout.write(`${relativePath(file)}\n`);
  }
}

function write(file: string, page: string, out: string): void {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, page);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EISDIR') {
      const example = path.join(out, DEFAULT_PAGE);
      throw new Failure(`--out ${out} is a folder. Specify a file, for example --out ${example}.`, 2);
    }
    if (code === 'EEXIST' || code === 'ENOTDIR') {
      throw new Failure(`--out ${out} is not a valid path: a parent folder in it is a file. Specify another path.`, 2);
    }
    if (['EACCES', 'EPERM', 'EROFS'].includes(code)) {
      throw new Failure(
        `Cannot write ${out}: permission denied, or a read-only file system. Set another file with --out.`,
        2,
      );
    }
    throw error;
  }
}
