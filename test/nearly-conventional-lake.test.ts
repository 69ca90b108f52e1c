import { App, Stack } from 'aws-cdk-lib';
import { DatasetDirectory } from '../src';
import { readLakeFiles } from '../src/private/files/lake-files';

/** Files of a lake with sources of FDA, NLM and CMS, written by people who know the convention but not the schema. */
const FOLDER = 'test/nearly-conventional-lake';

const WORDS = [
  'column_schema', 'python_version', 'logging_arguments', 'worker_configs', 'tables', 'output_table', 'api_base_url',
  'rrf_columns', 'source_url_pattern', 'temporal_config', 'dependencies', 'comment_on_encoding',
];

test('a lake whose files nearly follow the convention is synthesized', () => {
  const app = new App();
  const { datasets, core } = new DatasetDirectory(app, 'Lake', { path: FOLDER });
  expect(Object.keys(datasets)).toHaveLength(16);
  expect(core.glueWorkerConfigs.large.numberOfWorkers).toBe(10);
  expect(datasets['bronze/fda-ndc'].tableNames).toEqual(['fda_ndc_ndc_products', 'fda_ndc_ndc_packages']);
  expect(JSON.parse(datasets['gold/asp-history'].document)).toMatchObject({
    source_datasets: ['bronze/cms-asp-pricing'],
    history: { business_key: ['hcpcs_code'], exclude: ['payment_limit'] },
  });
  expect(JSON.parse(datasets['gold/package-counts'].document)).toMatchObject({
    source_datasets: ['silver/clean-packages', 'bronze/fda-orange-book'], outputs: ['by_product', 'by_labeler'],
  });
  expect(JSON.parse(datasets['bronze/rxclass'].document).api_endpoints.class_members.for_each.endpoint)
    .toBe('all_classes');
  const warnings = app.synth().stacks.flatMap(({ messages }) => messages.map(({ entry }) => String(entry.data)));
  expect(warnings.filter(warning => warning.includes(FOLDER)).length).toBeGreaterThan(WORDS.length);
  expect(WORDS.filter(word => !warnings.some(warning => warning.includes(`/${word}`)))).toEqual([]);
  expect(app.node.findAll().filter(Stack.isStack)).toHaveLength(17);
});

test('the edits of a lake describe how its files differ from the convention, and have no errors', () => {
  const { configs, problems } = readLakeFiles(FOLDER);
  expect(problems).toEqual([]);
  const edits = configs.flatMap(config => config.edits.map(edit => [config.file, edit] as const));
  expect(edits.length).toBeGreaterThan(30);
  expect(edits.filter(([, { severity }]) => severity === 'error')).toEqual([]);
});
