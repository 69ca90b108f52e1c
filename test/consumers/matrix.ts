/**
 * Runs the construct tests with the oldest and newest supported aws-cdk-lib and constructs, on each supported
 * version of Node.
 *
 * Run by `npx projen test:matrix`, or for one version of Node by `npx projen test:matrix 24`. Runs in a copy of the
 * repository.
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { ROOT } from './app';
import { runToEnd, step } from './step';
import { MINIMUM, NEWEST, NODES, Versions } from './versions';
import { Table } from '../../src/cli/table';

/** Tests of the constructs, and of the assembly that `medallion` reads. */
const TESTS = [
  'test/.*-dataset\\.test',
  'test/etl-.*\\.test',
  'test/shared-glue-role\\.test',
  'test/alerts\\.test',
  'test/private/',
  'test/cli/assembly\\.test',
];

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'matrix-'));

async function main(given: string[]): Promise<void> {
  const unknown = given.find(one => !NODES.includes(one));
  if (unknown !== undefined) {
    throw new Error(
      `Unsupported Node version "${unknown}". Use one of ${NODES.join(', ')}, or no argument for all.`,
    );
  }
  const nodes = given.length > 0 ? given : NODES;
  const rows: string[][] = [];
  let failures = 0;
  for (const node of nodes) {
    await step(
      `Node ${node}`,
      'npm',
      ['install', '--prefix', path.join(work, `node-${node}`), '--no-audit', '--no-fund', `node@${node}`],
      { cwd: work },
    );
  }
  for (const versions of [MINIMUM, NEWEST.typescript]) {
    console.error(`aws-cdk-lib ${versions.cdk}, constructs ${versions.constructs}`);
    const copy = await copyWith(versions);
    for (const node of nodes) {
      const began = Date.now();
      let result;
      try {
        result = await runTests(copy, node);
      } catch (error) {
        console.error((error as Error).message);
        result = 'FAILED';
        failures++;
      }
      rows.push([node, versions.cdk, versions.constructs, ((Date.now() - began) / 1000).toFixed(0), result]);
    }
    fs.rmSync(copy, { recursive: true });
  }
  const table = new Table(
    [{ name: 'Node' }, { name: 'aws-cdk-lib' }, { name: 'constructs' }, { name: 's', right: true }, { name: 'result' }],
    Infinity,
  );
  rows.forEach(row => table.fit(row));
  console.log([table.heading(), ...rows.map(row => table.line(row))].join('\n'));
  console.log(`\n${rows.length - failures} passed, ${failures} failed`);
  process.exitCode = failures > 0 ? 1 : 0;
}

/** Copies the repository and installs these versions. */
async function copyWith({ cdk, constructs }: Versions): Promise<string> {
  const copy = path.join(work, cdk);
  const files = (
    await step('files in git', 'git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
  )
    .split('\0')
    .filter(Boolean);
  for (const file of files.filter(one => fs.statSync(path.join(ROOT, one), { throwIfNoEntry: false })?.isFile())) {
    fs.cpSync(path.join(ROOT, file), path.join(copy, file));
  }
  fs.cpSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  await step(
    'npm install',
    'npm',
    [
      'install',
      '--prefix',
      copy,
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--legacy-peer-deps',
      `aws-cdk-lib@${cdk}`,
      `constructs@${constructs}`,
    ],
    { cwd: copy },
  );
  for (const [name, wanted] of [['aws-cdk-lib', cdk], ['constructs', constructs]]) {
    const { version } = JSON.parse(fs.readFileSync(path.join(copy, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string;
    };
    if (version !== wanted) {
      throw new Error(`npm installed ${name} ${version} instead of ${wanted}.`);
    }
  }
  return copy;
}

/** Runs the tests. Returns the number of passed tests and the exact version of Node. */
async function runTests(copy: string, node: string): Promise<string> {
  const program = path.join(work, `node-${node}`, 'node_modules', 'node', 'bin', 'node');
  const report = path.join(copy, 'report.json');
  // Later versions of the CDK validate each template at synthesis, which takes six times as long.
  await step(
    `jest on Node ${node}`,
    program,
    [
      path.join(copy, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--ci',
      '--coverage=false',
      '--reporters=default',
      '--json',
      `--outputFile=${report}`,
      ...TESTS,
    ],
    { cwd: copy, env: { CDK_VALIDATION: 'false' } },
  );
  const { numPassedTests } = JSON.parse(fs.readFileSync(report, 'utf8')) as { numPassedTests: number };
  const version = await step('version', program, ['--version'], { cwd: copy });
  return `${numPassedTests} tests, Node ${version.trim()}`;
}

runToEnd(main, work);
