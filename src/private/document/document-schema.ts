import { readFileSync } from 'fs';
import * as path from 'path';
import { Token } from 'aws-cdk-lib';
import { Ajv2020, ErrorObject, ValidateFunction } from '../dependencies/ajv';
import { ErrorCode } from '../errors/error-code';
import { Problem } from '../errors/problem';
import { redactUrls } from '../errors/redaction';
import { didYouMean } from '../errors/suggestion';
import { unknownKeyRemedy, snakeCase } from '../errors/unknown-key';
import { GLUE_TEMPLATES } from '../glue-templates';
import { Schema, SchemaNode } from './schema-node';
import { snakeKeys, SnakeKeys } from './struct-keys';

/** A schema violation of a document. */
export interface Violation extends Problem {
  /** The path of the invalid value, or of the property that is missing. */
  readonly path: string[];
  /** Whether the property is missing. */
  readonly isMissing: boolean;
}

/**
 * Each synthesis compiles the schemas, so compilation must be fast. It does not check the schemas against the
 * meta-schema, because the tests do. It does not optimize the generated code, because that takes longer than the
 * validation of a few hundred documents.
 */
const QUICK_COMPILATION = { validateSchema: false, meta: false, code: { optimize: false } };

/** The JSON Schema of a document. Errors quote its descriptions to say which values are expected. */
export class DocumentSchema {
  private readonly ajv = new Ajv2020({ allErrors: true, verbose: true, strictTypes: false, ...QUICK_COMPILATION });
  private readonly schema: Schema;
  private readonly validate: ValidateFunction;
  /** The keys of all objects in a document. */
  private readonly allKeys: ReadonlySet<string>;

  /** @param file the name of the schema file in `glue-templates` */
  constructor(file: string) {
    this.schema = JSON.parse(readFileSync(path.join(GLUE_TEMPLATES, file), 'utf8'));
    this.validate = this.ajv.compile(this.schema);
    this.allKeys = new Set(keysIn(this.schema));
  }

  /** The known keys of a document. */
  get keys(): string[] {
    return Object.keys(this.schema.properties ?? {});
  }

  /** The parts of the schema that apply to a document. */
  node(document: unknown): SchemaNode {
    return SchemaNode.ofDocument(this.schema, document);
  }

  /** The schema violations of a document. Accepts tokens, which are only known at deployment. */
  problems(document: unknown): Problem[] {
    return this.violations(document).map(({ code, key, found: text, remedy }) => ({ code, key, found: text, remedy }));
  }

  /** The schema violations of a document, with the paths of the values. Accepts tokens. */
  violations(document: unknown): Violation[] {
    this.validate(document);
    return causes(this.validate.errors ?? [])
      .filter(error => !this.walk(document, error.instancePath).isUnresolved)
      .map(error => {
        const missing: string | undefined = error.keyword === 'required' ? error.params.missingProperty : undefined;
        return {
          ...this.problem(document, error),
          path: [...pathOf(error.instancePath), ...missing === undefined ? [] : [missing]],
          isMissing: missing !== undefined,
        };
      });
  }

  /**
   * Whether a value conforms to a part of the schema.
   *
   * @param part the path of the part, for example `$defs/date_format`
   */
  fits(part: string, value: unknown): boolean {
    return this.ajv.getSchema(`${this.schema.$id}#/${part}`)!(value) === true;
  }

  /**
   * The document with its keys in the order of the schema, without undefined values. User-defined names keep their
   * order.
   */
  inOrder<T>(document: T): T {
    return inOrder(this.node(document), document) as T;
  }

  /** Converts the keys of a public API struct to those of a document. Keeps unknown keys, which `problems` reports. */
  documentKeys<Struct extends object>(struct: Struct): SnakeKeys<Struct> {
    return snakeKeys(struct, this.allKeys);
  }

  private problem(document: unknown, error: ErrorObject): Problem {
    const { name, described } = this.walk(document, error.instancePath);
    if (error.keyword === 'required') {
      return {
        code: 'SETTING_REQUIRED',
        key: name,
        found: `has no ${error.params.missingProperty}`,
        remedy: `Set ${error.params.missingProperty}.`,
      };
    }
    if (error.keyword === 'additionalProperties') {
      const known = Object.keys((error.parentSchema as Schema).properties ?? {});
      const key: string = error.params.additionalProperty;
      const snake = snakeCase(key);
      return known.includes(snake) && snake in (error.data as object)
        ? { code: 'DUPLICATE_KEY', key: name, found: `has both ${key} and ${snake}`, remedy: 'Remove one of them.' }
        : { code: 'UNKNOWN_KEY', key: name, found: found(error), remedy: unknownKeyRemedy(key, known) };
    }
    const example = described.examples ? ` For example: ${JSON.stringify(described.examples[0])}.` : '';
    return {
      code: valueCode(error),
      key: name,
      found: found(error),
      remedy: `${suggestValue(error)}Expected: ${described.description}${example}`,
    };
  }

  /** Resolves a JSON pointer in a document and in its schema. */
  private walk(document: unknown, pointer: string): Location {
    let value = document;
    let node = this.node(document);
    let location: Location = { name: '', described: node.described ?? this.schema, isUnresolved: false };
    for (const key of pathOf(pointer)) {
      const name = Array.isArray(value)
        ? `${location.name}[${key}]`
        : location.name && `${location.name}.${key}` || key;
      value = (value as { [key: string]: unknown })[key];
      node = node.child(key, value);
      location = {
        name,
        described: node.described ?? location.described,
        isUnresolved: location.isUnresolved || Token.isUnresolved(value),
      };
    }
    return location;
  }
}

/** The steps of a JSON pointer. */
function pathOf(pointer: string): string[] {
  return pointer.split('/').slice(1).map(escaped => escaped.replace(/~1/g, '/').replace(/~0/g, '~'));
}

/** The keys of an object in a schema, and of the objects below it. */
function* keysIn(schema: unknown): Generator<string> {
  if (typeof schema === 'object' && schema !== null) {
    yield* Object.keys((schema as Schema).properties ?? {});
    for (const part of Object.values(schema)) {
      yield* keysIn(part);
    }
  }
}

/** A location in a document. */
interface Location {
  readonly name: string;
  /** The part of the schema with the description of the value, or of its closest ancestor that has a description. */
  readonly described: Schema;
  /** Whether the value or an ancestor is a token, which is only known at deployment. */
  readonly isUnresolved: boolean;
}

/**
 * Removes errors that follow from other errors: if a branch of an anyOf matches the type of the value, only the errors
 * of this branch remain.
 */
function causes(errors: ErrorObject[]): ErrorObject[] {
  const relevant = errors.filter(({ keyword }) => keyword !== 'if');
  return relevant.filter(({ keyword }) => keyword === 'anyOf').reduce((left, anyOf) => {
    const inside = left.filter(
      error => error !== anyOf && `${error.instancePath}/`.startsWith(`${anyOf.instancePath}/`),
    );
    const ofValue = inside.filter(({ instancePath }) => instancePath === anyOf.instancePath);
    const otherTypes = ofValue.filter(({ keyword }) => keyword === 'type').map(branchOf);
    const ofOtherTypes = ofValue.filter(error => otherTypes.includes(branchOf(error)));
    const followers = inside.length > ofOtherTypes.length ? [anyOf, ...ofOtherTypes] : inside;
    return left.filter(error => !followers.includes(error));
  }, relevant);
}

/** The part of the schema that an error is about. */
function branchOf({ schemaPath, keyword }: ErrorObject): string {
  return schemaPath.slice(0, -keyword.length);
}

function inOrder(node: SchemaNode, value: unknown): unknown {
  if (Token.isUnresolved(value) || typeof value !== 'object' || value === null) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => inOrder(node.child(index, item), item));
  }
  const known = node.keys ?? [];
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  const ordered = [
    ...known.flatMap(key => entries.filter(([name]) => name === key)),
    ...entries.filter(([name]) => !known.includes(name)),
  ];
  return Object.fromEntries(ordered.map(([key, each]) => [key, inOrder(node.child(key, each), each)]));
}

/**
 * The error codes of invalid values, each with a pattern for the JSON pointers of these values. All other values have
 * the code VALUE_INVALID.
 */
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
  if (keyword === 'minItems' && instancePath === '/datasets') {
    return 'DATASETS_REQUIRED';
  }
  const [, code] = VALUE_CODES.find(([pointer]) => propertyName === undefined && pointer.test(instancePath)) ?? [];
  return code ?? 'VALUE_INVALID';
}

/**
 * "Did you mean …?" for a value from a closed set, which the schema defines as a list or as the alternatives of a
 * pattern.
 */
function suggestValue({ keyword, data, schema, propertyName }: ErrorObject): string {
  if (typeof data !== 'string' || propertyName !== undefined) {
    return '';
  }
  const known = keyword === 'enum'
    ? schema as string[]
    : keyword === 'pattern' ? (/^\^\((.*)\)\$$/.exec(schema as string)?.[1] ?? '').split('|') : [];
  return didYouMean(data, known.filter(value => keyword === 'enum' || /^[a-z]+$/.test(value)));
}

const MAX_SHOWN_CHARACTERS = 120;

/** Keys that may contain a secret by mistake. Errors redact their values, because build logs have many readers. */
const MAY_BE_SECRET = /(^\/auth(\/(secret|token_params(\/[^/]*)?))?|\/headers(\/[^/]*)?)$/;

function found({ keyword, data, propertyName, params, instancePath }: ErrorObject): string {
  if (keyword === 'additionalProperties') {
    return `has the unknown key ${JSON.stringify(params.additionalProperty)}`;
  }
  if (MAY_BE_SECRET.test(instancePath) && propertyName === undefined) {
    return 'is invalid (value redacted, because it may be a secret)';
  }
  const text = redactUrls(JSON.stringify(data));
  const value = text.length > MAX_SHOWN_CHARACTERS
    ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}… (${text.length} characters)`
    : text;
  if (propertyName !== undefined) {
    return `has the invalid key ${value}`;
  }
  return keyword === 'uniqueItems' ? `is ${value}, which contains a duplicate` : `is ${value}`;
}
