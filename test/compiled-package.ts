/**
 * Checks the package with the compiled library: its size, and that its type declarations refer only to files that it
 * contains. Run after each compilation.
 */
import { spawnSync } from 'child_process';
import { readFileSync } from 'fs';
import * as path from 'path';

const ROOT = path.join(__dirname, '..');
const MAX_BYTES = 5_000_000;

const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: ROOT, encoding: 'utf8', maxBuffer: 64_000_000,
});
const [{ unpackedSize, files }] = JSON.parse(stdout) as [{ unpackedSize: number; files: { path: string }[] }];
const declarations = files.map(file => file.path).filter(file => /^lib\/.*\.d\.ts$/.test(file));
const missing = declarations.flatMap(file =>
  [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(/(?:from|import\() ?['"](\.[^'"]+)/g)]
    .map(([, imported]) => `${path.join(path.dirname(file), imported)}.d.ts`)
    .filter(imported => !declarations.includes(imported))
    .map(imported => `${file} imports ${imported}, which is not in the package. See npmignore in .projenrc.ts.`));
const problems = [
  ...missing,
  ...declarations.length > 0 ? [] : ['The library is not compiled. Run npx projen compile.'],
  ...unpackedSize < MAX_BYTES ? [] : [`The package has ${unpackedSize} bytes, ${MAX_BYTES} are allowed.`],
];
problems.forEach(problem => console.error(problem));
console.error(`The package has ${unpackedSize} of ${MAX_BYTES} bytes.`);
process.exitCode = problems.length === 0 ? 0 : 1;
