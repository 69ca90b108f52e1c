import { spawnSync } from 'child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'fs';
import * as path from 'path';
import { transpileModule, ModuleKind, ScriptTarget } from 'typescript';
import { temporaryFolder } from '../cli/assembly-fixture';

const ROOT = path.join(__dirname, '..', '..');

/** Copies the module into a bundle, as esbuild does, and prints the folder that it finds. */
function runBundle(app: string, module: ModuleKind, file: string): { stdout: string; stderr: string } {
  const source = readFileSync(path.join(ROOT, 'src/private/glue-templates.ts'), 'utf8');
  const { outputText } = transpileModule(`${source}\nconsole.log(GLUE_TEMPLATES);`, {
    compilerOptions: { module, target: ScriptTarget.ES2022 },
  });
  mkdirSync(path.join(app, 'dist'));
  writeFileSync(path.join(app, 'dist', file), outputText);
  const { stdout, stderr } = spawnSync(process.execPath, [`dist/${file}`], { cwd: app, encoding: 'utf8' });
  return { stdout, stderr };
}

test.each([
  ['CommonJS', ModuleKind.CommonJS, 'app.cjs'],
  ['ESM', ModuleKind.ES2022, 'app.mjs'],
])('a bundle in %s uses the files of the installed package', (_format, module, file) => {
  const app = temporaryFolder();
  mkdirSync(path.join(app, 'node_modules'));
  symlinkSync(ROOT, path.join(app, 'node_modules', 'cdk-glue-medallion'));
  expect(runBundle(app, module, file)).toEqual({ stdout: `${path.join(ROOT, 'glue-templates')}\n`, stderr: '' });
});

test('a bundle without the installed package is an error that says how to exclude the package', () => {
  const { stderr } = runBundle(temporaryFolder(), ModuleKind.CommonJS, 'app.cjs');
  expect(stderr).toContain('FILE_NOT_FOUND: The files of the package cdk-glue-medallion are not next to its code');
  expect(stderr).toContain('--external:cdk-glue-medallion');
});
