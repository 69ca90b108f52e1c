/**
 * Compares the API with that of the latest release on npm. Fails if a change is not backward compatible.
 *
 * Run by `npx projen api:diff`, after `npx projen compile`. List intended breaking changes in .compatignore, one key
 * per line.
 */
import { spawnSync } from 'child_process';
import * as path from 'path';

const NAME = 'cdk-glue-medallion';
const ROOT = path.join(__dirname, '..');

/** The latest version on npm, or undefined before the first release. */
function latestRelease(): string | undefined {
  const { stdout, stderr, status } = spawnSync('npm', ['view', NAME, 'version', '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const response = JSON.parse(stdout || 'null') as string | { error?: { code: string } } | null;
  if (status === 0 && typeof response === 'string') {
    return response;
  }
  if (typeof response === 'object' && response?.error?.code === 'E404') {
    return undefined;
  }
  throw new Error(`Cannot determine the latest release: npm view failed: ${stderr.trim()}`);
}

const release = latestRelease();
if (release === undefined) {
  console.log(`${NAME} has no release yet, so there is nothing to compare with.`);
} else {
  console.log(`Comparing with ${NAME} ${release}`);
  const { status } = spawnSync(
    process.execPath,
    [
      path.join(ROOT, 'node_modules', 'jsii-diff', 'bin', 'jsii-diff'),
      `npm:${NAME}@${release}`,
      ROOT,
      '--keys',
      '--ignore-file',
      '.compatignore',
    ],
    { cwd: ROOT, stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
}
