import { readFileSync } from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EtlCore } from '../../../src';
import { GLUE_TEMPLATES } from '../../../src/private/glue-templates';
import { bronze, gold } from '../../layouts';

const ARGUMENTS_PY = readFileSync(path.join(GLUE_TEMPLATES, 'etl_runtime', 'job', 'arguments.py'), 'utf8');

/** Those of a bronze dataset's job, and of a gold one's. */
function bothArguments(metrics = true): Record<string, string>[] {
  const stack = new Stack(new App(), 'Lake', { env: { account: '123456789012', region: 'eu-central-1' } });
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', metrics });
  gold({ stack, core }, { inputs: [bronze({ stack, core })] });
  return Object.values(Template.fromStack(stack).findResources('AWS::Glue::Job')).map(
    job => job.Properties.DefaultArguments,
  );
}

/** The computed names of both. */
function bothNames(metrics = true): Record<string, unknown>[] {
  return bothArguments(metrics).map(passed => JSON.parse(passed['--names']));
}

/** The names between the brackets or braces behind `start`, one a line or separated by commas. */
function namesIn(start: RegExp, each: RegExp): string[] {
  const block = start.exec(ARGUMENTS_PY)?.[1] ?? '';
  return [...block.matchAll(each)].map(([, name]) => name);
}

test('the job asks for the arguments that the stack passes, and for the one that the service adds', () => {
  const asked = namesIn(/^ARGUMENTS = \(([^)]*)\)/m, /"(\w+)"/g);
  expect(asked).toContain('JOB_NAME');
  for (const given of bothArguments()) {
    const passed = Object.keys(given).map(argument => argument.replace(/^--/, ''));
    expect(passed).toEqual(expect.arrayContaining(asked.filter(name => name !== 'JOB_NAME')));
  }
});

test('the computed names are the fields that the job reads', () => {
  const fields = namesIn(/class Names:\n([\s\S]*?)\n\n\n/, /^ {4}(\w+): /gm);
  expect(fields.length).toBeGreaterThan(5);
  const [ofBronze, ofGold] = bothNames();
  expect([...new Set([...Object.keys(ofBronze), ...Object.keys(ofGold)])].sort()).toEqual(fields.sort());
  const ofInput = namesIn(/class InputName:\n([\s\S]*?)\n\n\n/, /^ {4}(\w+): /gm);
  expect(Object.keys((ofGold.inputs as object[])[0]).sort()).toEqual(ofInput.sort());
});

test('no argument is one that the service sets, or begins with a dash', () => {
  for (const passed of bothArguments()) {
    for (const reserved of ['--JOB_NAME', '--JOB_RUN_ID', '--debug', '--mode', '--endpoint']) {
      expect(passed).not.toHaveProperty(reserved);
    }
    for (const value of Object.values(passed)) {
      expect(value).not.toMatch(/^-/);
    }
  }
});

test('the names have the namespace of metrics where the core asks for them, and not else', () => {
  expect(bothNames(true).map(names => names.metrics_namespace)).toEqual(['pp-dw', 'pp-dw']);
  expect(bothNames(false).filter(names => 'metrics_namespace' in names)).toEqual([]);
});
