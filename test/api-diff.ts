/**
 * Compares the API with that of the last release on npm: what breaks an app that uses it fails.
 *
 * Run by `npx projen api:diff`, after `npx projen compile`. What is broken on purpose stands in .compatignore, a key a
 * line.
 */
import { spawnSync } from 'child_process';
import * as path from 'path';

const NAME = 'cdk-glue-medallion';
const ROOT = path.join(__dirname, '..');

/** The version that npm serves, or undefined before the first release. */
function lastRelease(): string | undefined {
  const { stdout, stderr, status } = spawnSync('npm', ['view', NAME, 'version', '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const answer = JSON.parse(stdout || 'null') as string | { error?: { code: string } } | null;
  if (status === 0 && typeof answer === 'string') {
    return answer;
  }
  if (typeof answer === 'object' && answer?.error?.code === 'E404') {
    return undefined;
  }
  throw new Error(`npm does not say which release was the last: ${stderr.trim()}`);
}

const release = lastRelease();
if (release === undefined) {
  console.log(`There is no release of ${NAME} yet, so there is nothing to compare with.`);
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
