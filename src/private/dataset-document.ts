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

interface Schema {
  readonly description?: string;
  readonly examples?: unknown[];
  readonly properties: { readonly [key: string]: Schema };
}

let validator: { readonly schema: Schema; readonly validate: ValidateFunction } | undefined;

function datasetValidator(): { readonly schema: Schema; readonly validate: ValidateFunction } {
  if (!validator) {
    const schema = JSON.parse(readFileSync(path.join(GLUE_TEMPLATES, 'dataset.schema.json'), 'utf8'));
    validator = { schema, validate: new Ajv2020({ verbose: true, strictTypes: false }).compile(schema) };
  }
  return validator;
}

/** Fails on the first value of a document that its schema does not allow. Values only known at deployment pass. */
export function checkDocument(scope: IConstruct, document: DatasetDocument): void {
  if (Token.isUnresolved(document.dataset)) {
    throw synthError(scope, 'dataset is only known at deployment.', 'Tables and folders are fixed at synth: write its name out.');
  }
  const { schema, validate } = datasetValidator();
  validate(document);
  const error = validate.errors?.find(({ data }) => !Token.isUnresolved(data));
  if (error) {
    throw schemaError(scope, schema, document.dataset, error);
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

const LONGEST_SHOWN = 120;

/** The schema describes each key in the words a person needs to mend it. */
function schemaError(scope: IConstruct, schema: Schema, dataset: string, error: ErrorObject): Error {
  const keys = error.instancePath.split('/').slice(1);
  if (keys.length === 0) {
    return synthError(scope, `the description of dataset "${dataset}" ${error.message}.`, 'Set it.');
  }
  const where = keys[0] === 'dataset' ? 'dataset' : `${keys.join('.')} of dataset "${dataset}"`;
  const { description, examples } = (error.parentSchema as Schema).description ? error.parentSchema as Schema : schema.properties[keys[0]];
  const example = examples ? ` For example: ${JSON.stringify(examples[0])}.` : '';
  // A password in an address is refused, and not repeated in the log of a build.
  const whole = JSON.stringify(error.data).replace(/\/\/[^/@]*@/, '//***@');
  const found = whole.length > LONGEST_SHOWN ? `${whole.slice(0, LONGEST_SHOWN)}… (${whole.length} characters)` : whole;
  return synthError(scope, `${where} is ${found}.`, `Expected: ${description}${example}`);
}
