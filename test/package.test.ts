import { spawnSync } from 'child_process';
import { readFileSync } from 'fs';
import * as path from 'path';

/** The files of the package that `npm pack` would create. */
function packedFiles(): string[] {
  const done = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: path.join(__dirname, '..'),
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(done.stdout);
  return files.map((file: { path: string }) => file.path);
}

test('the package contains what users need and no tests', () => {
  const files = packedFiles();
  expect(files).toEqual(expect.arrayContaining([
    'README.md', 'LICENSE', 'docs/README.md', 'docs/what-happens-when.md',
    'glue-templates/dataset.schema.json', 'glue-templates/config.schema.json', 'glue-templates/pipeline.schema.json',
    'glue-templates/tests.schema.json',
    'glue-templates/jobs/bronze_job.py', 'glue-templates/etl_runtime/publish/publication.py',
    'glue-templates/local_glue/run_job.py', 'glue-templates/requirements/glue-5.0.txt',
    'glue-templates/init/common/gitignore',
  ]));
  // The templates of `medallion init` contain tests.
  const own = files.filter(file => !/node_modules\/|^glue-templates\/init\//.test(file));
  expect(own.filter(file => /(^|\/)(tests?|integ|bench|__pycache__|\.medallion|cdk\.out)\/|\.pyc$|requirements\/(tools|deploy|security|bench)/.test(file))).toEqual([]);
  const onlyInRepository = /^(\.github|\.devcontainer|\.editorconfig|API\.md|CODE_OF_CONDUCT|CONTRIBUTING|SECURITY)/;
  expect(own.filter(file => onlyInRepository.test(file))).toEqual([]);
  expect(own).toContain('CHANGELOG.md');
});

test('Yarn unpacks the package', () => {
  expect(JSON.parse(readFileSync(path.join(__dirname, '..', 'package.json'), 'utf8')).preferUnplugged).toBe(true);
});
