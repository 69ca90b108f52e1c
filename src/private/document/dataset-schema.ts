import { Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { DatasetDocument } from './dataset-document.generated';
import { DocumentSchema } from './document-schema';
import { isPath } from './source-urls';
import { dynamicReferences, unresolvedValues } from './unresolved-values';
import { Problem } from '../errors/problem';
import { synthError } from '../errors/synth-error';

let schema: DocumentSchema | undefined;

/** The schema of dataset documents. */
export function datasetSchema(): DocumentSchema {
  return schema ??= new DocumentSchema('dataset.schema.json');
}

/** Fails on the first schema violation of a document. Accepts string tokens, which the deployment resolves. */
export function checkDocument(scope: IConstruct, document: DatasetDocument): void {
  if (Token.isUnresolved(document.dataset)) {
    throw synthError(
      scope,
      'TOKEN_NOT_ALLOWED',
      'the name of the dataset is only known at deployment.',
      'Tables and folders are named at synth: write the name in the code.',
    );
  }
  if (Token.isUnresolved(document.table_format)) {
    throw synthError(
      scope,
      'TOKEN_NOT_ALLOWED',
      `table_format of dataset "${document.dataset}" is only known at deployment.`,
      'table_format determines whether the dataset has a crawler: write its value in the code.',
    );
  }
  const problems = [
    ...unresolvedValues(document),
    ...dynamicReferences(document),
    ...datasetSchema().problems(document),
    ...pathProblems(document),
  ];
  // If a required key is misspelled, it is also missing, so only the misspelling is reported.
  const problem = problems.find(({ code }) => code === 'UNKNOWN_KEY') ?? problems[0];
  if (problem !== undefined) {
    const { code, key, found, remedy } = problem;
    const where =
      key === 'dataset'
        ? key
        : key === ''
          ? document.dataset === undefined ? 'the configuration' : `dataset "${document.dataset}"`
          : `${key} of dataset "${document.dataset}"`;
    throw synthError(scope, code, `${where} ${found}.`, remedy);
  }
}

/** Reports source URLs without a scheme, which the schema accepts as paths of files. */
function* pathProblems({ source_url: source }: DatasetDocument): Generator<Problem> {
  for (const [index, url] of [source].flat().entries()) {
    if (typeof url === 'string' && isPath(url)) {
      yield {
        code: 'URL_INVALID',
        key: Array.isArray(source) ? `source_url[${index}]` : 'source_url',
        found: `is ${JSON.stringify(url)}`,
        remedy: 'Start it with https://, http:// or s3://. For a file of the app, use Source.file.',
      };
    }
  }
}
