import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

/**
 * Returns the difference between the templates of two assemblies as the output of `git diff`, empty if they are equal.
 *
 * Ignores only metadata, which contains paths of the folder of the app. Asset hashes are compared: if they are equal,
 * scripts and documents are identical.
 */
export function compareTemplates(expected: string, actual: string, work: string): string {
  const [left, right] = [path.join(work, 'typescript'), path.join(work, 'actual')];
  writeComparable(expected, left);
  writeComparable(actual, right);
  const { stdout, stderr, status } = spawnSync(
    'git',
    ['diff', '--no-index', '--no-prefix', '--no-ext-diff', 'typescript', 'actual'],
    { cwd: work, encoding: 'utf8' },
  );
  fs.rmSync(left, { recursive: true });
  fs.rmSync(right, { recursive: true });
  if (status !== 0 && status !== 1) {
    throw new Error(`git diff exited with code ${status}: ${stderr}`);
  }
  return stdout;
}

function writeComparable(assembly: string, folder: string): void {
  const templates = fs.readdirSync(assembly).filter(file => file.endsWith('.template.json'));
  if (templates.length === 0) {
    throw new Error(`${assembly} contains no template.`);
  }
  fs.mkdirSync(folder, { recursive: true });
  for (const file of templates) {
    const template: unknown = JSON.parse(fs.readFileSync(path.join(assembly, file), 'utf8'));
    fs.writeFileSync(path.join(folder, file), JSON.stringify(comparable(template), null, 2));
  }
}

/** Removes metadata and sorts keys, because the order of keys depends on the language. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(comparable);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== 'Metadata')
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, child]) => [key, comparable(child)]),
    );
  }
  return value;
}
