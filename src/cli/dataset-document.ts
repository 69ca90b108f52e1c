import { Dataset, fullName } from './dataset';
import { deployedText } from './deployed-file';
import { Failure } from './failure';
import { unknownMessage, unknownValuesIn } from './unknown-value';
import { DatasetDocument } from '../private/document/dataset-document.generated';

/** The files that the stack of a dataset deploys, and the job arguments that refer to them. */
type Deployed = Pick<Dataset, 'arguments' | 'deployments'>;

/** The document that the stack of a dataset deploys. Undefined if it is in a ZIP file. */
export function documentOf(dataset: Deployed): DatasetDocument | undefined {
  const text = deployedText(dataset, dataset.arguments['--dataset_config']);
  return text === undefined ? undefined : JSON.parse(text) as DatasetDocument;
}

/** Fails if a dataset needs a value that is only known at deployment. */
export function requireKnownValues(dataset: Dataset): void {
  const message = unknownValueOf(dataset);
  if (message !== undefined) {
    throw new Failure(message, 2);
  }
}

/** An error message for the first value of a dataset that is only known at deployment. Undefined if all are known. */
export function unknownValueOf(dataset: Dataset): string | undefined {
  const texts = {
    'The name of the job': dataset.job,
    'The bucket': dataset.bucket,
    ...Object.fromEntries(
      Object.entries(dataset.arguments).map(([name, value]) => [`The job argument ${name}`, value]),
    ),
    ...textsOf(documentOf(dataset)),
    'The query': queryOf(dataset),
  };
  for (const [what, text] of Object.entries(texts)) {
    const [unknown] = unknownValuesIn(text);
    if (unknown !== undefined) {
      return unknownMessage(`${what} of ${fullName(dataset)}`, unknown);
    }
  }
  return undefined;
}

/** The query of a dataset. Empty if it has none. */
export function queryOf(dataset: Deployed): string {
  const { sql } = JSON.parse(dataset.arguments['--names']) as { sql?: string };
  return sql === undefined ? '' : deployedText(dataset, sql) ?? '';
}

/** The strings in a nested value, keyed by path, such as `source_url[1]`. */
function textsOf(value: unknown, key = ''): Record<string, string> {
  if (typeof value === 'string') {
    return { [key]: value };
  }
  if (typeof value !== 'object' || value === null) {
    return {};
  }
  const entries = Object.entries(value).map(([name, each]) =>
    textsOf(each, Array.isArray(value) ? `${key}[${name}]` : key === '' ? name : `${key}.${name}`));
  return Object.assign({}, ...entries) as Record<string, string>;
}
