import { readFileSync } from 'fs';
import * as path from 'path';
import Ajv2020, { ErrorObject, ValidateFunction } from 'ajv/dist/2020';
import { Token } from 'aws-cdk-lib';
import { ErrorCode } from '../errors/error-code';
import { Problem } from '../errors/problem';
import { redactUrls } from '../errors/redaction';
import { didYouMean } from '../errors/suggestion';
import { GLUE_TEMPLATES } from '../glue-templates';

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

/** The JSON Schema of a kind of document. It describes each key in the words that a person needs to mend it. */
export class DocumentSchema {
  private readonly ajv = new Ajv2020({ allErrors: true, verbose: true, strictTypes: false });
  private readonly schema: Schema;
  private readonly validate: ValidateFunction;

  /** @param file its name in `glue-templates` */
  constructor(file: string) {
    this.schema = JSON.parse(readFileSync(path.join(GLUE_TEMPLATES, file), 'utf8'));
    this.validate = this.ajv.compile(this.schema);
  }

  /** The keys that a document may have. */
  get keys(): string[] {
    return Object.keys(this.schema.properties ?? {});
  }

  /** What the schema does not allow in a document. Values only known at deployment pass. */
  problems(document: unknown): Problem[] {
    this.validate(document);
    return causes(this.validate.errors ?? [])
      .filter(error => !this.walk(document, error.instancePath).isUnresolved)
      .map(error => this.problem(document, error));
  }

  /**
   * Whether a value is what a part of the schema asks for.
   *
   * @param part where that is in the schema, for example `$defs/date_format`
   */
  fits(part: string, value: unknown): boolean {
    return this.ajv.validate({ $ref: `${this.schema.$id}#/${part}` }, value);
  }

  /**
   * A document with its keys in the schema's order and without those that are not set; names that a person chose stay
   * in their order.
   */
  inOrder<T>(document: T): T {
    return inOrder(this.schema, [this.schema], document) as T;
  }

  private problem(document: unknown, error: ErrorObject): Problem {
    const { name, described } = this.walk(document, error.instancePath);
    if (error.keyword === 'required') {
      return {
        code: 'SETTING_REQUIRED',
        key: name,
        found: `has no ${error.params.missingProperty}`,
        remedy: 'Set it.',
      };
    }
    if (error.keyword === 'additionalProperties') {
      const takes = Object.keys((error.parentSchema as Schema).properties ?? {});
      return {
        code: 'UNKNOWN_KEY',
        key: name,
        found: found(error),
        remedy: `${didYouMean(error.params.additionalProperty, takes)}Known keys: ${takes.join(', ')}.`,
      };
    }
    const example = described.examples ? ` For example: ${JSON.stringify(described.examples[0])}.` : '';
    return {
      code: valueCode(error),
      key: name,
      found: found(error),
      remedy: `Expected: ${described.description}${example}`,
    };
  }

  /** Goes down a document and its schema to the place of a JSON pointer. */
  private walk(document: unknown, pointer: string): Place {
    const describedIn = (parts: Schema[]) => [...parts].reverse().find(({ description }) => description !== undefined);
    let value = document;
    let parts = partsFor(this.schema, this.schema, value);
    let place: Place = { name: '', described: describedIn(parts) ?? this.schema, isUnresolved: false };
    for (const key of pointer.split('/').slice(1).map(escaped => escaped.replace(/~1/g, '/').replace(/~0/g, '~'))) {
      const name = Array.isArray(value) ? `${place.name}[${key}]` : place.name && `${place.name}.${key}` || key;
      value = (value as { [key: string]: unknown })[key];
      parts = childParts(this.schema, parts, key, value);
      place = {
        name,
        described: describedIn(parts) ?? place.described,
        isUnresolved: place.isUnresolved || Token.isUnresolved(value),
      };
    }
    return place;
  }
}

/** A place in a document. */
interface Place {
  readonly name: string;
  /** The nearest part of the schema with a description: of the value itself, or of what it lies in. */
  readonly described: Schema;
  /** Whether it is, or lies in, a value only known at deployment. */
  readonly isUnresolved: boolean;
}

/**
 * The errors that others follow from: a value fails an anyOf because of what is wrong by the branch for values of its
 * type.
 */
function causes(errors: ErrorObject[]): ErrorObject[] {
  const own = errors.filter(({ keyword }) => keyword !== 'if');
  return own.filter(({ keyword }) => keyword === 'anyOf').reduce((left, anyOf) => {
    const inside = left.filter(
      error => error !== anyOf && `${error.instancePath}/`.startsWith(`${anyOf.instancePath}/`),
    );
    const otherTypes = inside.filter(
      ({ keyword, instancePath }) => keyword === 'type' && instancePath === anyOf.instancePath,
    );
    const followers = inside.length > otherTypes.length ? [anyOf, ...otherTypes] : inside;
    return left.filter(error => !followers.includes(error));
  }, own);
}

/** A part of the schema with what it refers to, and with the branches for values of this type. */
function partsFor(root: Schema, part: Schema, value: unknown): Schema[] {
  const referred = part.$ref
    ?.split('/')
    .slice(1)
    .reduce((schema, key) => (schema as { [key: string]: Schema })[key], root);
  const branches = (part.anyOf ?? [])
    .map(branch => partsFor(root, branch, value))
    .filter(parts => parts.some(({ type }) => isOfType(value, type)));
  return [part, ...referred ? partsFor(root, referred, value) : [], ...branches.flat()];
}

/** The parts for the value at a key of a value with these parts. */
function childParts(root: Schema, parts: Schema[], key: string, value: unknown): Schema[] {
  return parts
    .flatMap(part => part.properties?.[key] ?? part.items ?? (part.additionalProperties || []))
    .flatMap(part => partsFor(root, part, value));
}

function isOfType(value: unknown, type?: string): boolean {
  return type === (Array.isArray(value) ? 'array' : typeof value === 'number' ? 'integer' : typeof value);
}

function inOrder(root: Schema, parts: Schema[], value: unknown): unknown {
  if (Token.isUnresolved(value) || typeof value !== 'object' || value === null) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => inOrder(root, childParts(root, parts, `${index}`, item), item));
  }
  const known = parts.flatMap(({ properties }) => Object.keys(properties ?? {}));
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  const ordered = [
    ...known.flatMap(key => entries.filter(([name]) => name === key)),
    ...entries.filter(([name]) => !known.includes(name)),
  ];
  return Object.fromEntries(
    ordered.map(([key, each]) => [key, inOrder(root, childParts(root, parts, key, each), each)]),
  );
}

/** The codes of invalid values that have one of their own, by the JSON pointer of the value. */
const VALUE_CODES: [pointer: RegExp, code: ErrorCode][] = [
  [/^\/dataset$/, 'DATASET_NAME_INVALID'],
  [/^\/(etl_resource_prefix|database_prefix)$/, 'PREFIX_INVALID'],
  [/^\/source_url(\/\d+)?$|\/(token_)?url$/, 'URL_INVALID'],
  [/^\/column_schema\/[^/]+\/[^/]+\/type$/, 'DATA_TYPE_INVALID'],
  [/\/(date_|number_)?format$/, 'FORMAT_INVALID'],
];

function valueCode({ keyword, instancePath, propertyName }: ErrorObject): ErrorCode {
  if (keyword === 'uniqueItems') {
    return 'DUPLICATE_VALUE';
  }
  const [, code] = VALUE_CODES.find(([pointer]) => propertyName === undefined && pointer.test(instancePath)) ?? [];
  return code ?? 'VALUE_INVALID';
}

const LONGEST_SHOWN = 120;

/** Where people may have put a secret's value: it is refused, and not repeated in the log of a build. */
const MAY_BE_SECRET = /(^\/auth(\/(secret|token_params(\/[^/]*)?))?|\/headers(\/[^/]*)?)$/;

function found({ keyword, data, propertyName, params, instancePath }: ErrorObject): string {
  if (keyword === 'additionalProperties') {
    return `has the key ${JSON.stringify(params.additionalProperty)}`;
  }
  if (MAY_BE_SECRET.test(instancePath) && propertyName === undefined) {
    return 'is invalid (value redacted, because it may be a secret)';
  }
  const whole = redactUrls(JSON.stringify(data));
  const shown = whole.length > LONGEST_SHOWN ? `${whole.slice(0, LONGEST_SHOWN)}… (${whole.length} characters)` : whole;
  if (propertyName !== undefined) {
    return `has the key ${shown}`;
  }
  return keyword === 'uniqueItems' ? `is ${shown}, which has a duplicate value` : `is ${shown}`;
}
