import assert from 'node:assert';
import { test } from 'node:test';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { DatasetDirectory } from 'cdk-glue-medallion';

const { datasets } = new DatasetDirectory(new App(), 'Lake', { path: '{{lake}}' });

test('the lake has datasets', () => {
  assert.ok(Object.keys(datasets).length > 0);
});

for (const [name, dataset] of Object.entries(datasets)) {
  test(`${name} has a job, and a crawler for Parquet tables`, () => {
    const template = Template.fromStack(Stack.of(dataset));
    template.hasResourceProperties('AWS::Glue::Job', { Name: dataset.jobName });
    if (dataset.crawlerName) {
      template.hasResourceProperties('AWS::Glue::Crawler', { Name: dataset.crawlerName });
    }
  });
}
