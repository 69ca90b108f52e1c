/**
 * Runs cfn-lint and checkov on the templates of all checked lakes. Needs no network after the first run.
 *
 * Run by `npx projen test:security`. `checkov.yaml` lists the skipped checks with their reasons.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { CHECKED_LAKES } from './lakes';
import { cleanEnvironment } from '../../src/cli/child';
import { findPython } from '../../src/cli/python';
import { lockedPython } from '../locked-python';

/** W3005: a Lambda function of aws-cdk-lib has a redundant DependsOn. */
const CFN_LINT = ['--ignore-checks', 'W3005', '--'];
const CHECKOV = ['--config-file', path.join(__dirname, 'checkov.yaml')];

async function main(): Promise<void> {
  const tools = await setUpTools();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'security-'));
  try {
    const templates = synthesize(folder);
    const env = cleanEnvironment({ CKV_SKIP_PACKAGE_UPDATE_CHECK: 'true' });
    for (const [tool, ...args] of [
      ['cfn-lint', ...CFN_LINT, ...templates],
      ['checkov', ...CHECKOV, '--directory', folder],
    ]) {
      console.error(`${tool}: ${templates.length} templates`);
      const { status } = spawnSync(path.join(tools, 'bin', tool), args, { env, stdio: 'inherit' });
      process.exitCode ||= status ?? 1;
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Writes each template to a file named after its lake. Other files of the assemblies are not needed. */
function synthesize(folder: string): string[] {
  return CHECKED_LAKES.flatMap(({ name, app }) => app().synth().stacks.map(stack => {
    const file = path.join(folder, `${name} ${stack.stackName}.template.json`.replace(/[ ,]+/g, '-'));
    fs.writeFileSync(file, JSON.stringify(stack.template, undefined, 1));
    return file;
  }));
}

function setUpTools(): Promise<string> {
  const { version, executable } = findPython();
  return lockedPython({
    name: `security-python${version}`,
    title: 'Setting up cfn-lint and checkov',
    base: executable,
    locked: 'security.txt',
  });
}

void main();
