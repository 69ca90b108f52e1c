import { execSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';

const TYPES = 'src/private/dataset-document.generated.ts';

test('the generated types are those of the schema; `npx projen generate` makes them', () => {
  const tasks = JSON.parse(readFileSync('.projen/tasks.json', 'utf8')).tasks;
  const folder = mkdtempSync(path.join(tmpdir(), 'dataset-document-'));
  try {
    const fresh = path.join(folder, 'types.ts');
    execSync(tasks.generate.steps[0].exec.replace(TYPES, fresh), { env: { ...process.env, PATH: `node_modules/.bin${path.delimiter}${process.env.PATH}` } });
    expect(readFileSync(TYPES, 'utf8')).toBe(readFileSync(fresh, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
