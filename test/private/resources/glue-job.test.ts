import { readFileSync } from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EtlCore, TableFormat } from '../../../src';
import { LakeNames } from '../../../src/naming';
import { GLUE_TEMPLATES } from '../../../src/private/glue-templates';
import { bronze, gold } from '../../layouts';

const ARGUMENTS_PY = readFileSync(path.join(GLUE_TEMPLATES, 'etl_runtime', 'job', 'arguments.py'), 'utf8');

/** The arguments of a bronze job and a gold job. `isOn` enables metrics and lineage events. */
function bothArguments(isOn = true, tableFormat = TableFormat.PARQUET): Record<string, string>[] {
  const stack = new Stack(new App(), 'Lake', { env: { account: '123456789012', region: 'eu-central-1' } });
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', metrics: isOn, lineage: isOn, tableFormat });
  gold({ stack, core }, { inputs: [bronze({ stack, core })] });
  return Object.values(Template.fromStack(stack).findResources('AWS::Glue::Job')).map(
    job => job.Properties.DefaultArguments,
  );
}

/** The computed names of both jobs. */
function bothNames(isOn = true, tableFormat = TableFormat.PARQUET): Record<string, unknown>[] {
  return bothArguments(isOn, tableFormat).map(passed => JSON.parse(passed['--names']));
}

/** The names in the block that `start` captures. */
function namesIn(start: RegExp, each: RegExp): string[] {
  const block = start.exec(ARGUMENTS_PY)?.[1] ?? '';
  return [...block.matchAll(each)].map(([, name]) => name);
}

test('the job reads the arguments that the stack passes, and JOB_NAME, which Glue adds', () => {
  const asked = namesIn(/^ARGUMENTS = \(([^)]*)\)/m, /"(\w+)"/g);
  expect(asked).toContain('JOB_NAME');
  for (const given of bothArguments()) {
    const passed = Object.keys(given).map(argument => argument.replace(/^--/, ''));
    expect(passed).toEqual(expect.arrayContaining(asked.filter(name => name !== 'JOB_NAME')));
  }
});

test('the computed names are the fields that the job reads', () => {
  const fields = namesIn(/class Names:\n {4}"""[\s\S]*?"""\n([\s\S]*?)\n\n\n/, /^ {4}(\w+): /gm);
  expect(fields.length).toBeGreaterThan(5);
  const [ofBronze, ofGold] = bothNames();
  const [ofIceberg] = bothNames(true, TableFormat.ICEBERG);
  expect([...new Set([ofBronze, ofGold, ofIceberg].flatMap(each => Object.keys(each)))].sort()).toEqual(fields.sort());
  const ofInput = namesIn(/class InputName:\n([\s\S]*?)\n\n\n/, /^ {4}(\w+): /gm);
  expect(Object.keys((ofGold.inputs as object[])[0]).sort()).toEqual(ofInput.sort());
});

test('no argument is reserved by Glue, and no value starts with a dash', () => {
  for (const passed of bothArguments()) {
    for (const reserved of ['--JOB_NAME', '--JOB_RUN_ID', '--debug', '--mode', '--endpoint']) {
      expect(passed).not.toHaveProperty(reserved);
    }
    for (const value of Object.values(passed)) {
      expect(value).not.toMatch(/^-/);
    }
  }
});

test('the names contain the source of events, and the job sends them with the detail type of the alert rule', () => {
  expect(bothNames(false).map(names => names.event_source)).toEqual(['medallion.pp-dw', 'medallion.pp-dw']);
  const sender = readFileSync(path.join(GLUE_TEMPLATES, 'etl_runtime', 'job', 'warning_event.py'), 'utf8');
  const { warningEvent } = new LakeNames(new Stack(new App(), 'Lake'), { resourcePrefix: 'pp-dw' });
  expect(/^DETAIL_TYPE = "(.*)"$/m.exec(sender)?.[1]).toBe(warningEvent);
});

test('the names contain the metrics namespace only if the core has metrics', () => {
  expect(bothNames(true).map(names => names.metrics_namespace)).toEqual(['pp-dw', 'pp-dw']);
  expect(bothNames(false).filter(names => 'metrics_namespace' in names)).toEqual([]);
});

test('the names contain the OpenLineage namespace of the Data Catalog only if the core has lineage events', () => {
  const namespace = 'arn:aws:glue:eu-central-1:123456789012';
  expect(bothNames(true).map(names => names.lineage_namespace)).toEqual([namespace, namespace]);
  expect(bothNames(false).filter(names => 'lineage_namespace' in names)).toEqual([]);
});

test('an imported core has lineage events if the setting is repeated', () => {
  const stack = new Stack(new App(), 'Lake');
  const imported = [true, undefined].map((lineage, index) =>
    EtlCore.fromPrefixes(stack, `Core${index}`, { resourcePrefix: 'pp-dw', lineage }));
  expect(imported.map(core => core.lineage)).toEqual([true, false]);
});
