import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

/**
 * The difference between the templates of two assemblies, as `git diff` shows it; empty if they are the same.
 *
 * Left out is metadata alone, which names the folders that a template was made in. The hashes of assets are compared
 * with the rest: equal ones say that scripts and documents are the same, byte for byte.
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
    throw new Error(`git diff ended with ${status}: ${stderr}`);
  }
  return stdout;
}

function writeComparable(assembly: string, folder: string): void {
  const templates = fs.readdirSync(assembly).filter(file => file.endsWith('.template.json'));
  if (templates.length === 0) {
    throw new Error(`${assembly} holds no template.`);
  }
  fs.mkdirSync(folder, { recursive: true });
  for (const file of templates) {
    const template: unknown = JSON.parse(fs.readFileSync(path.join(assembly, file), 'utf8'));
    fs.writeFileSync(path.join(folder, file), JSON.stringify(comparable(template), null, 2));
  }
}

/** With sorted keys: their order is the language's. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(comparable);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== 'Metadata')
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, of]) => [key, comparable(of)]),
    );
  }
  return value;
}
