import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

/** Jest's global setup: one folder for the temporary files of all tests. Each synthesis writes 21 MB, for example. */
export default function createTemporaryFolder(): void {
  process.env.TMPDIR = fs.mkdtempSync(path.join(os.tmpdir(), 'medallion-jest-'));
}
