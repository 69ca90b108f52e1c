import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { ROOT } from './command-fixture';
import { changedSinceSynth, synthesize } from '../../src/cli/synth';

const SYNTHESIZED = new Date(2026, 0, 1);

/** The folder of an app that was synthesized after its last change. */
function synthesizedApp(): string {
  const folder = temporaryFolder();
  const query = 'lake/gold/states/by_state.sql';
  for (const file of ['cdk.json', 'README.md', query, 'node_modules/x/y.js', 'cdk.out/manifest.json']) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), '{}');
  }
  for (const entry of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    fs.utimesSync(path.join(folder, entry), SYNTHESIZED, SYNTHESIZED);
  }
  return folder;
}

test.each<[string, (app: string) => void, string | undefined]>([
  ['no change', () => undefined, undefined],
  [
    'an edited query',
    app => fs.writeFileSync(path.join(app, 'lake/gold/states/by_state.sql'), 'SELECT 1'),
    'lake/gold/states/by_state.sql',
  ],
  ['a new file', app => fs.writeFileSync(path.join(app, 'app.py'), ''), 'app.py'],
  ['a deleted file', app => fs.rmSync(path.join(app, 'lake/gold/states/by_state.sql')), 'lake/gold/states'],
  ['the first test of a dataset', app => fs.mkdirSync(path.join(app, 'lake/gold/states/tests')), undefined],
  ['a changed README', app => fs.appendFileSync(path.join(app, 'README.md'), 'x'), undefined],
  ['the page of medallion docs', app => fs.writeFileSync(path.join(app, 'medallion.html'), ''), undefined],
  ['a JUnit report of medallion test', app => fs.writeFileSync(path.join(app, 'report.xml'), ''), undefined],
  ['an exported database', app => fs.writeFileSync(path.join(app, 'lake.duckdb'), ''), undefined],
  ['an installed package', app => fs.appendFileSync(path.join(app, 'node_modules/x/y.js'), 'x'), undefined],
  ['a local lake in the app', app => fs.mkdirSync(path.join(app, 'data/s3'), { recursive: true }), undefined],
  ['a file of the local lake', app => fs.mkdirSync(path.join(app, '.medallion/s3'), { recursive: true }), undefined],
])('%s', (_what, change, expected) => {
  const app = synthesizedApp();
  change(app);
  const changed = changedSinceSynth(path.join(app, 'cdk.out'), path.join(app, 'data'));
  expect(changed).toBe(expected && path.join(app, expected));
});

test('an assembly without an app is not compared, and cannot be synthesized', () => {
  const app = synthesizedApp();
  fs.rmSync(path.join(app, 'cdk.json'));
  fs.writeFileSync(path.join(app, 'app.py'), '');
  expect(changedSinceSynth(path.join(app, 'cdk.out'), '.medallion')).toBeUndefined();
  expect(() => synthesize(path.join(app, 'cdk.out'))).toThrow('--synth requires a CDK app: there is no cdk.json');
});

/** Runs `synthesize` on an app that names its stack by the value of CDK_VALIDATION, and returns the name. */
function validationIn(environment: NodeJS.ProcessEnv): string {
  const app = temporaryFolder();
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(app, 'node_modules'));
  fs.writeFileSync(path.join(app, 'cdk.json'), '{ "app": "node app.js", "versionReporting": false, "notices": false }');
  fs.writeFileSync(
    path.join(app, 'app.js'),
    "const { App, Stack } = require('aws-cdk-lib'); new Stack(new App(), `Validation-${process.env.CDK_VALIDATION}`);",
  );
  const before = process.env;
  process.env = { ...before, ...environment };
  try {
    synthesize(path.join(app, 'cdk.out'));
  } finally {
    process.env = before;
  }
  const [template] = fs.readdirSync(path.join(app, 'cdk.out')).filter(file => file.endsWith('.template.json'));
  return path.basename(template, '.template.json');
}

test('--synth skips the validation of the CDK, unless the user sets CDK_VALIDATION', () => {
  expect(validationIn({})).toBe('Validation-false');
  expect(validationIn({ CDK_VALIDATION: 'true' })).toBe('Validation-true');
});
