import { readFileSync } from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BronzeDataset, DataSizeCategory, EtlCore, Source } from '../../src';
import { GLUE_TEMPLATES } from '../../src/private/dataset-document';

const ARGUMENTS_PY = readFileSync(path.join(GLUE_TEMPLATES, 'etl_runtime', 'arguments.py'), 'utf8');

function defaultArguments(metrics = true): Record<string, string> {
  const stack = new Stack(new App(), 'Lake', { env: { account: '123456789012', region: 'eu-central-1' } });
  new BronzeDataset(stack, 'Zipcodes', {
    core: new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', metrics }),
    dataset: 'zipcodes',
    dataSizeCategory: DataSizeCategory.SMALL,
    source: Source.url('https://example.org/zipcodes.zip'),
  });
  const [job] = Object.values(Template.fromStack(stack).findResources('AWS::Glue::Job'));
  return job.Properties.DefaultArguments;
}

/** The names between the brackets or braces behind `start`, one a line or separated by commas. */
function namesIn(start: RegExp, each: RegExp): string[] {
  const block = start.exec(ARGUMENTS_PY)?.[1] ?? '';
  return [...block.matchAll(each)].map(([, name]) => name);
}

test('the job asks for the arguments that the stack passes, and for the one that the service adds', () => {
  const asked = namesIn(/^ARGUMENTS = \(([^)]*)\)/m, /"(\w+)"/g);
  expect(asked).toContain('JOB_NAME');
  const passed = Object.keys(defaultArguments()).map(argument => argument.replace(/^--/, ''));
  expect(passed).toEqual(expect.arrayContaining(asked.filter(name => name !== 'JOB_NAME')));
});

test('the computed names are the fields that the job reads', () => {
  const fields = namesIn(/class Names:\n([\s\S]*?)\n\n\n/, /^ {4}(\w+): /gm);
  expect(fields.length).toBeGreaterThan(5);
  expect(Object.keys(JSON.parse(defaultArguments()['--names'])).sort()).toEqual(fields.sort());
});

test('no argument is one that the service sets, or begins with a dash', () => {
  const passed = defaultArguments();
  for (const reserved of ['--JOB_NAME', '--JOB_RUN_ID', '--debug', '--mode', '--endpoint']) {
    expect(passed).not.toHaveProperty(reserved);
  }
  for (const value of Object.values(passed)) {
    expect(value).not.toMatch(/^-/);
  }
});

test('the names have the namespace of metrics where the core asks for them, and not else', () => {
  expect(JSON.parse(defaultArguments(true)['--names']).metrics_namespace).toBe('pp-dw');
  expect(JSON.parse(defaultArguments(false)['--names'])).not.toHaveProperty('metrics_namespace');
});
