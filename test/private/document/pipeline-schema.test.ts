import { pipelineSchema } from '../../../src/private/document/pipeline-rules';
import { readText } from '../../documentation-pages';

interface Schema {
  readonly $defs: { readonly [name: string]: object };
}

/** A part of a schema without its descriptions. */
function withoutDescriptions(part: object): object {
  return JSON.parse(JSON.stringify(part, (key, value) => key === 'description' ? undefined : value));
}

test('the schedule of a pipeline is that of a dataset, except for descriptions', () => {
  const [pipeline, dataset] = ['pipeline', 'dataset']
    .map(name => JSON.parse(readText(`glue-templates/${name}.schema.json`)) as Schema);
  expect(withoutDescriptions(pipeline.$defs.schedule)).toEqual(withoutDescriptions(dataset.$defs.schedule));
});

test.each<[string, object, string]>([
  ['a name that is not in kebab-case', { pipeline: 'Daily' }, 'VALUE_INVALID pipeline'],
  ['a name with more than 40 characters', { pipeline: 'n'.repeat(41) }, 'VALUE_INVALID pipeline'],
  ['no name', { pipeline: undefined }, 'SETTING_REQUIRED '],
  ['no datasets', { datasets: undefined }, 'SETTING_REQUIRED '],
  ['an empty list', { datasets: [] }, 'DATASETS_REQUIRED datasets'],
  ['a dataset twice', { datasets: ['gold/a', 'gold/a'] }, 'DUPLICATE_VALUE datasets'],
  ['a pattern twice', { datasets: ['gold/*', 'gold/*'] }, 'DUPLICATE_VALUE datasets'],
  ['a dataset without a layer', { datasets: ['a'] }, 'VALUE_INVALID datasets[0]'],
  ['an unknown layer', { datasets: ['golden/*'] }, 'VALUE_INVALID datasets[0]'],
  ['no concurrent job', { max_concurrent_jobs: 0 }, 'VALUE_INVALID max_concurrent_jobs'],
  ['too many concurrent jobs', { max_concurrent_jobs: 101 }, 'VALUE_INVALID max_concurrent_jobs'],
  ['an unknown result of a failed input', { on_failed_input: 'ignore' }, 'VALUE_INVALID on_failed_input'],
  ['a schedule without an expression', { schedule: {} }, 'SETTING_REQUIRED schedule'],
])('the schema rejects %s', (_, change, expected) => {
  const document = JSON.parse(JSON.stringify({ pipeline: 'daily', datasets: ['gold/*'], ...change }));
  expect(pipelineSchema().problems(document).map(({ code, key }) => `${code} ${key}`)).toEqual([expected]);
});

test.each([
  'gold/*', '*/*', '*/fda-*', 'bronze/*-ndc', 'silver/a*z', 'gold/fda-*-products', 'bronze/zipcodes',
])('the schema accepts the dataset or pattern %s', dataset => {
  expect(pipelineSchema().problems({ pipeline: 'daily', datasets: [dataset] })).toEqual([]);
});
