import { markUnknown, unknownValuesIn } from './unknown-value';

/** A value of a CloudFormation template. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** A resource of a template. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, Value>;
}

/** The sections of a template that this module reads. */
export interface Template {
  readonly Resources?: Record<string, Resource>;
  readonly Parameters?: Record<string, { readonly Type?: string; readonly Default?: Value }>;
  readonly Mappings?: Record<string, Record<string, Record<string, Value>>>;
  readonly Conditions?: Record<string, Value>;
}

/** The values that intrinsic functions of a template refer to. */
export interface Scope {
  /** The name of the stack, for AWS::StackName and errors. */
  readonly stack: string;
  /** The account ID, which has twelve digits. */
  readonly account: string;
  readonly region: string;
  readonly template: Template;
  /** The values of `--value`, keyed by `name` or by `stack:name`. */
  readonly values?: Readonly<Record<string, string>>;
}

/**
 * The resource types that the values of a dataset can refer to, each with the path of the property that contains the
 * physical name. Ref returns this name.
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
 * Resolves the intrinsic functions and dynamic references of a value, as a deployment does. Marks values that are only
 * known at deployment (see `unknownValuesIn`).
 *
 * @param value the value in the template
 * @param scope the stack of the template
 */
export function resolve(value: Value, scope: Scope): Value {
  if (Array.isArray(value)) {
    return value.map(each => resolve(each, scope));
  }
  if (typeof value === 'string') {
    return value.replace(/\{\{resolve:([^}]+)\}\}/g, (text: string, name: string) =>
      unknown(name, `the dynamic reference ${text}`, scope));
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  const keys = Object.keys(value);
  if (keys.length === 1 && (keys[0] === 'Ref' || keys[0].startsWith('Fn::'))) {
    return call(keys[0], value[keys[0]], scope);
  }
  return Object.fromEntries(keys.map(key => [key, resolve(value[key], scope)]));
}

function call(name: string, argument: Value, scope: Scope): Value {
  switch (name) {
    case 'Ref':
      return reference(String(argument), scope);
    case 'Fn::Join': {
      const [separator, parts] = toList(argument);
      return toList(resolve(parts, scope)).join(String(separator));
    }
    case 'Fn::Sub': {
      const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
      const local = resolve(variables ?? {}, scope) as Record<string, Value>;
      return String(text).replace(/\$\{(!?)([^}]+)\}/g, (_all, literal: string, variable: string) => {
        if (literal) {
          return `\${${variable}}`;
        }
        return String(variable in local ? local[variable] : substitution(variable, scope));
      });
    }
    case 'Fn::Select': {
      const [index, values] = toList(resolve(argument, scope));
      // An unknown text cannot be split, so the list contains only this text.
      return toList(values)[Number(index)] ?? firstUnknown(values);
    }
    case 'Fn::Split': {
      const [separator, text] = toList(resolve(argument, scope));
      return String(text).split(String(separator));
    }
    case 'Fn::FindInMap': {
      const [map, first, second] = toList(resolve(argument, scope));
      return scope.template.Mappings?.[String(map)]?.[String(first)]?.[String(second)]
        ?? unknown(`${map}.${first}.${second}`, `the mapping ${map}, which has no ${first}.${second}`, scope);
    }
    case 'Fn::If': {
      const [condition, then, otherwise] = toList(argument);
      const holds = evaluate({ Condition: condition }, scope);
      return holds === undefined
        ? unknown(String(condition), `the condition ${condition}`, scope)
        : resolve(holds ? then : otherwise, scope);
    }
    case 'Fn::ImportValue': {
      const exported = String(resolve(argument, scope));
      return unknown(exported, `the export ${exported} of another stack`, scope);
    }
    case 'Fn::GetAtt':
      return attribute((Array.isArray(argument) ? argument.join('.') : String(argument)), scope);
    default:
      return unknown(name, `the function ${name} ${JSON.stringify(argument)}`, scope);
  }
}

/** Whether a condition holds. Undefined if it depends on an unknown value. */
function evaluate(condition: Value, scope: Scope): boolean | undefined {
  const [[name, argument]] = Object.entries(condition as Record<string, Value>);
  const operands = () => toList(argument).map(each => evaluate(each, scope));
  switch (name) {
    case 'Condition': {
      const named = scope.template.Conditions?.[String(argument)];
      return named === undefined ? undefined : evaluate(named, scope);
    }
    case 'Fn::Equals': {
      const [left, right] = toList(resolve(argument, scope)).map(String);
      return [left, right].some(each => unknownValuesIn(each).length > 0) ? undefined : left === right;
    }
    case 'Fn::Not': {
      const [operand] = operands();
      return operand === undefined ? undefined : !operand;
    }
    case 'Fn::And':
      return operands().includes(false) ? false : operands().includes(undefined) ? undefined : true;
    case 'Fn::Or':
      return operands().includes(true) ? true : operands().includes(undefined) ? undefined : false;
    default:
      return undefined;
  }
}

/** The value of a variable in Fn::Sub. The variable is a name, or an attribute of a resource. */
function substitution(variable: string, scope: Scope): Value {
  return variable.includes('.') ? attribute(variable, scope) : reference(variable, scope);
}

function attribute(name: string, scope: Scope): Value {
  const [resource, ...path] = name.split('.');
  const type = scope.template.Resources?.[resource]?.Type;
  return unknown(name, `the attribute ${path.join('.')} of ${resource}${type ? ` (${type})` : ''}`, scope);
}

function reference(name: string, scope: Scope): Value {
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
  if (parameter !== undefined) {
    return parameterValue(name, parameter, scope);
  }
  const resource = scope.template.Resources?.[name];
  let physicalName: Value | undefined = resource?.Properties;
  for (const key of NAME_PROPERTIES[resource?.Type ?? ''] ?? ['']) {
    physicalName = (physicalName as Record<string, Value> | undefined)?.[key];
  }
  return physicalName === undefined
    ? unknown(name, resource ? `the name of ${name} (${resource.Type})` : name, scope)
    : resolve(physicalName, scope);
}

/**
 * The value of a CloudFormation parameter. The default of a parameter with an SSM type is the name of an SSM parameter,
 * whose value is only known at deployment.
 */
function parameterValue(
  name: string,
  { Type: type = 'String', Default: value }: NonNullable<Template['Parameters']>[string],
  scope: Scope,
): Value {
  if (type.startsWith('AWS::SSM::Parameter::Value')) {
    return value === undefined
      ? unknown(name, `the SSM parameter that ${name} names`, scope)
      : unknown(String(value), `the SSM parameter ${value}`, scope);
  }
  const given = givenValue(name, scope) ?? value;
  if (given === undefined) {
    return unknown(name, `the parameter ${name}, which has no default value`, scope);
  }
  return type === 'CommaDelimitedList' || type.startsWith('List<') ? String(given).split(',') : given;
}

function givenValue(name: string, { stack, values = {} }: Scope): string | undefined {
  return values[`${stack}:${name}`] ?? values[name];
}

function unknown(name: string, description: string, scope: Scope): string {
  return givenValue(name, scope) ?? markUnknown({ stack: scope.stack, name, description });
}

/** The marker of the first unknown value in a resolved value. Null if there is none. */
function firstUnknown(value: Value): Value {
  const [first] = unknownValuesIn(toList(value).join(''));
  return first ? markUnknown(first) : null;
}

/** The elements of a list. A single value becomes a list with one element, and undefined becomes an empty list. */
export function toList(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}
