import { readFileSync } from 'fs';
import * as path from 'path';
import Ajv2020, { ErrorObject, ValidateFunction } from 'ajv/dist/2020';
import { Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { DatasetDocument } from './dataset-document.generated';
import { synthError } from './synth-error';

/** The folder with everything in Python, beside `src` in the repository and beside `lib` in the package. */
export const GLUE_TEMPLATES = path.join(__dirname, '..', '..', 'glue-templates');

interface Schema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly examples?: unknown[];
  readonly anyOf?: Schema[];
  readonly items?: Schema;
  readonly properties?: { readonly [key: string]: Schema };
  readonly additionalProperties?: Schema | false;
}

interface Validator {
  readonly ajv: Ajv2020;
  readonly schema: Schema;
  readonly validate: ValidateFunction;
}

let validator: Validator | undefined;

function datasetValidator(): Validator {
  if (!validator) {
    const schema = JSON.parse(readFileSync(path.join(GLUE_TEMPLATES, 'dataset.schema.json'), 'utf8'));
    const ajv = new Ajv2020({ allErrors: true, verbose: true, strictTypes: false });
    validator = { ajv, schema, validate: ajv.compile(schema) };
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
  const error = causes(validate.errors ?? []).find(({ instancePath }) => !walk(schema, document, instancePath).isUnresolved);
  if (error) {
    throw schemaError(scope, schema, document, error);
  }
}

/**
 * Whether a value is what a part of the schema asks for.
 *
 * @param part where that is in the schema, for example `$defs/date_format`
 */
export function fits(part: string, value: unknown): boolean {
  const { ajv, schema } = datasetValidator();
  return ajv.validate({ $ref: `${schema.$id}#/${part}` }, value);
}

/** The errors that others follow from: a value fails an anyOf because of what is wrong by the branch for values of its type. */
function causes(errors: ErrorObject[]): ErrorObject[] {
  return errors.filter(({ keyword }) => keyword === 'anyOf').reduce((left, anyOf) => {
    const inside = left.filter(error => error !== anyOf && `${error.instancePath}/`.startsWith(`${anyOf.instancePath}/`));
    const otherTypes = inside.filter(({ keyword, instancePath }) => keyword === 'type' && instancePath === anyOf.instancePath);
    const followers = inside.length > otherTypes.length ? [anyOf, ...otherTypes] : inside;
    return left.filter(error => !followers.includes(error));
  }, errors);
}

/** A place in a document. */
interface Place {
  /** Its path as a person would write it: data_quality.max_shrink, source_url[1]. */
  readonly name: string;
  /** The nearest part of the schema with a description: of the value itself, or of what it lies in. */
  readonly described: Schema;
  /** Whether it is, or lies in, a value only known at deployment. */
  readonly isUnresolved: boolean;
}

/** Goes down a document and its schema to the place of a JSON pointer. */
function walk(root: Schema, document: unknown, pointer: string): Place {
  const describedIn = (parts: Schema[]) => [...parts].reverse().find(({ description }) => description !== undefined);
  let value = document;
  let parts = partsFor(root, root, value);
  let place: Place = { name: '', described: describedIn(parts) ?? root, isUnresolved: false };
  for (const key of pointer.split('/').slice(1).map(escaped => escaped.replace(/~1/g, '/').replace(/~0/g, '~'))) {
    const name = Array.isArray(value) ? `${place.name}[${key}]` : place.name && `${place.name}.${key}` || key;
    value = (value as { [key: string]: unknown })[key];
    parts = parts
      .flatMap(part => part.properties?.[key] ?? part.items ?? (part.additionalProperties || []))
      .flatMap(part => partsFor(root, part, value));
    place = { name, described: describedIn(parts) ?? place.described, isUnresolved: place.isUnresolved || Token.isUnresolved(value) };
  }
  return place;
}

/** A part of the schema with what it refers to, and with the branches for values of this type. */
function partsFor(root: Schema, part: Schema, value: unknown): Schema[] {
  const referred = part.$ref?.split('/').slice(1).reduce((schema, key) => (schema as { [key: string]: Schema })[key], root);
  const branches = (part.anyOf ?? []).map(branch => partsFor(root, branch, value)).filter(parts => parts.some(({ type }) => isOfType(value, type)));
  return [part, ...referred ? partsFor(root, referred, value) : [], ...branches.flat()];
}

function isOfType(value: unknown, type?: string): boolean {
  return type === (Array.isArray(value) ? 'array' : typeof value === 'number' ? 'integer' : typeof value);
}

const LONGEST_SHOWN = 120;

/** The schema describes each key in the words a person needs to mend it. */
function schemaError(scope: IConstruct, schema: Schema, document: DatasetDocument, error: ErrorObject): Error {
  const { name, described } = walk(schema, document, error.instancePath);
  if (name === '') {
    return synthError(scope, `the description of dataset "${document.dataset}" ${error.message}.`, 'Set it.');
  }
  const where = name === 'dataset' ? name : `${name} of dataset "${document.dataset}"`;
  const example = described.examples ? ` For example: ${JSON.stringify(described.examples[0])}.` : '';
  return synthError(scope, `${where} ${found(error)}.`, `Expected: ${described.description}${example}`);
}

function found({ keyword, data, propertyName }: ErrorObject): string {
  // A password in an address is refused, and not repeated in the log of a build.
  const whole = JSON.stringify(data).replace(/\/\/[^/"]*@/g, '//***@');
  const shown = whole.length > LONGEST_SHOWN ? `${whole.slice(0, LONGEST_SHOWN)}… (${whole.length} characters)` : whole;
  if (propertyName !== undefined) {
    return `has the key ${shown}`;
  }
  return keyword === 'uniqueItems' ? `is ${shown}, which holds something twice` : `is ${shown}`;
}
