import * as fs from 'fs';
import * as path from 'path';

/** Jest's global teardown: removes the folder of `create-temporary-folder.ts`. */
export default function removeTemporaryFolder(): void {
  const folder = process.env.TMPDIR;
  if (folder && path.basename(folder).startsWith('medallion-jest-')) {
    fs.rmSync(folder, { recursive: true, force: true });
    process.env.TMPDIR = path.dirname(folder); // for the next run of `jest --watch`, in the same process
  }
}
