import { readFileSync } from 'fs';
import * as path from 'path';
import Ajv2020, { ErrorObject, ValidateFunction } from 'ajv/dist/2020';
import { Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { DatasetDocument } from './dataset-document.generated';
import { scheduleExpressionProblem, timezoneProblem } from './schedule-expression';
import { synthError } from './synth-error';

/** The folder with everything in Python, beside `src` in the repository and beside `lib` in the package. */
export const GLUE_TEMPLATES = path.join(__dirname, '..', '..', 'glue-templates');

let validateDocument: ValidateFunction | undefined;

/** Fails on the first value of a document that its schema does not allow. Values only known at deployment pass. */
export function checkDocument(scope: IConstruct, document: DatasetDocument): void {
  if (Token.isUnresolved(document.dataset)) {
    throw synthError(scope, 'dataset is only known at deployment.', 'Tables and folders are fixed at synth: write its name out.');
  }
  validateDocument ??= new Ajv2020({ verbose: true, strictTypes: false })
    .compile(JSON.parse(readFileSync(path.join(GLUE_TEMPLATES, 'dataset.schema.json'), 'utf8')));
  validateDocument(document);
  const error = validateDocument.errors?.find(({ data }) => !Token.isUnresolved(data));
  if (error) {
    throw synthError(scope, `${where(error, document)} is ${JSON.stringify(error.data)}.`, remedy(error));
  }
  if (!Token.isUnresolved(document.source_url) && !URL.canParse(document.source_url)) {
    throw synthError(scope, `source_url of dataset "${document.dataset}" is "${document.source_url}", not an address.`, 'Check its host and port.');
  }
  if (document.schedule) {
    const { expression, timezone } = document.schedule;
    const problem = Token.isUnresolved(expression) ? undefined : scheduleExpressionProblem(expression);
    if (problem) {
      throw synthError(scope, `schedule.expression of dataset "${document.dataset}" is "${expression}".`, problem);
    }
    const zoneProblem = timezone === undefined || Token.isUnresolved(timezone) ? undefined : timezoneProblem(timezone);
    if (zoneProblem) {
      throw synthError(scope, `schedule.timezone of dataset "${document.dataset}" is "${timezone}".`, zoneProblem);
    }
  }
}

function where(error: ErrorObject, document: DatasetDocument): string {
  const key = error.instancePath.slice(1).replace(/\//g, '.');
  return key === 'dataset' ? key : `${key || 'the document'} of dataset "${document.dataset}"`;
}

/** The schema describes each key in the words a person needs to mend it. */
function remedy(error: ErrorObject): string {
  const { description, examples } = error.parentSchema as { description?: string; examples?: unknown[] };
  const example = examples ? ` For example: ${JSON.stringify(examples[0])}.` : '';
  return `${description ?? `It ${error.message}.`}${example}`;
}
