import { Failure } from './failure';

/** A value of a CloudFormation template. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** A resource of a template. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, Value>;
}

/** The parts of a template that are read here. */
export interface Template {
  readonly Resources?: Record<string, Resource>;
  readonly Parameters?: Record<string, { readonly Default?: Value }>;
}

/** The values that intrinsic functions of a template refer to. */
export interface Scope {
  /** The name of the stack, for AWS::StackName and errors. */
  readonly stack: string;
  /** Twelve digits. */
  readonly account: string;
  readonly region: string;
  readonly template: Template;
}

/**
 * The property path of the physical name, which Ref returns, for the resource types that the values of a dataset can
 * refer to.
 */
const NAME_PROPERTIES: Record<string, string[]> = {
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::Glue::Job': ['Name'],
  'AWS::Glue::Crawler': ['Name'],
  'AWS::Glue::Database': ['DatabaseInput', 'Name'],
  'AWS::IAM::Role': ['RoleName'],
  'AWS::Athena::WorkGroup': ['Name'],
};

/**
 * Resolves the intrinsic functions of a value, as a deployment does.
 *
 * @param value the value in the template
 * @param scope the stack of the template
 * @param where the property and resource, for errors: `Name of Job`
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

function call(name: string, argument: Value, scope: Scope, where: string): Value {
  switch (name) {
    case 'Ref':
      return reference(String(argument), scope, where);
    case 'Fn::Join': {
      const [separator, parts] = toList(argument);
      return toList(resolve(parts, scope, where)).join(String(separator));
    }
    case 'Fn::Sub': {
      const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
      const local = resolve(variables ?? {}, scope, where) as Record<string, Value>;
      return String(text).replace(/\$\{(!?)([^}]+)\}/g, (_all, literal: string, variable: string) => {
        if (literal) {
          return `\${${variable}}`;
        }
        return String(variable in local ? local[variable] : reference(variable, scope, where));
      });
    }
    case 'Fn::Select': {
      const [index, values] = toList(resolve(argument, scope, where));
      return toList(values)[Number(index)];
    }
    case 'Fn::Split': {
      const [separator, text] = toList(resolve(argument, scope, where));
      return String(text).split(String(separator));
    }
    default:
      throw unresolvable(`${name} ${JSON.stringify(argument)}`, scope, where);
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
  let physicalName: Value | undefined = resource?.Properties;
  for (const key of NAME_PROPERTIES[resource?.Type ?? ''] ?? ['']) {
    physicalName = (physicalName as Record<string, Value> | undefined)?.[key];
  }
  if (physicalName === undefined) {
    throw unresolvable(
      resource ? `the name of ${name} (${resource.Type})` : `${name}, which has no default value`,
      scope,
      where,
    );
  }
  return resolve(physicalName, scope, where);
}

function toList(value: Value): Value[] {
  return Array.isArray(value) ? value : [value];
}

function unresolvable(value: string, scope: Scope, where: string): Failure {
  return new Failure(
    `${where} in stack ${scope.stack} depends on ${value}, which is only known at deployment. To run the dataset `
      + 'locally, use a fixed name.',
    2,
  );
}
