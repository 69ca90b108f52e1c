import { Failure } from './failure';

/** A value of a CloudFormation template. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** A resource of a template. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, Value>;
}

/** A template, as far as it is read here. */
export interface Template {
  readonly Resources?: Record<string, Resource>;
  readonly Parameters?: Record<string, { readonly Default?: Value }>;
}

/** What the intrinsic functions of a template are resolved against. */
export interface Scope {
  /** Name of the stack, for messages and AWS::StackName. */
  readonly stack: string;
  /** Twelve digits. */
  readonly account: string;
  readonly region: string;
  readonly template: Template;
}

/**
 * The property that holds a resource's physical name, which Ref returns. The types are those a dataset's values can
 * refer to.
 */
const NAME_OF: Record<string, string[]> = {
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::Glue::Job': ['Name'],
  'AWS::Glue::Crawler': ['Name'],
  'AWS::Glue::Database': ['DatabaseInput', 'Name'],
  'AWS::IAM::Role': ['RoleName'],
  'AWS::Athena::WorkGroup': ['Name'],
};

/**
 * The value as it would be after deployment.
 *
 * @param value the value in the template
 * @param scope where it stands
 * @param where what the value is, for messages
 */
export function resolve(value: Value, scope: Scope, where: string): Value {
  if (Array.isArray(value)) {
    return value.map(each => resolve(each, scope, where));
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  const keys = Object.keys(value);
  if (keys.length === 1 && (keys[0] === 'Ref' || keys[0].startsWith('Fn::'))) {
    return call(keys[0], value[keys[0]], scope, where);
  }
  return Object.fromEntries(keys.map(key => [key, resolve(value[key], scope, where)]));
}

function call(name: string, given: Value, scope: Scope, where: string): Value {
  switch (name) {
    case 'Ref':
      return reference(String(given), scope, where);
    case 'Fn::Join': {
      const [separator, parts] = list(given);
      return list(resolve(parts, scope, where)).join(String(separator));
    }
    case 'Fn::Sub': {
      const [text, variables] = Array.isArray(given) ? given : [given, {}];
      const own = resolve(variables ?? {}, scope, where) as Record<string, Value>;
      return String(text).replace(/\$\{(!?)([^}]+)\}/g, (_all, literal: string, variable: string) => {
        if (literal) {
          return `\${${variable}}`;
        }
        return String(variable in own ? own[variable] : reference(variable, scope, where));
      });
    }
    case 'Fn::Select': {
      const [index, values] = list(resolve(given, scope, where));
      return list(values)[Number(index)];
    }
    case 'Fn::Split': {
      const [separator, text] = list(resolve(given, scope, where));
      return String(text).split(String(separator));
    }
    default:
      throw unknowable(`${name} ${JSON.stringify(given)}`, scope, where);
  }
}

function reference(name: string, scope: Scope, where: string): Value {
  const pseudo: Record<string, Value> = {
    'AWS::AccountId': scope.account,
    'AWS::Region': scope.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': scope.stack,
  };
  if (name in pseudo) {
    return pseudo[name];
  }
  const parameter = scope.template.Parameters?.[name];
  if (parameter?.Default !== undefined) {
    return parameter.Default;
  }
  const resource = scope.template.Resources?.[name];
  let found: Value | undefined = resource?.Properties;
  for (const key of NAME_OF[resource?.Type ?? ''] ?? ['']) {
    found = (found as Record<string, Value> | undefined)?.[key];
  }
  if (found === undefined) {
    throw unknowable(
      resource ? `the name of ${name} (${resource.Type})` : `${name}, which has no default`,
      scope,
      where,
    );
  }
  return resolve(found, scope, where);
}

function list(value: Value): Value[] {
  return Array.isArray(value) ? value : [value];
}

function unknowable(what: string, scope: Scope, where: string): Failure {
  return new Failure(
    `${where} of stack ${scope.stack} needs ${what}: only a deployment knows that. Use a fixed name there to `
      + 'run it here.',
    2,
  );
}
