import { Annotations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { synthError } from './synth-error';
import { unknownKeyRemedy, unknownKeys } from './unknown-key';

/**
 * A class that a prop requires: a member that only instances of the class have, and an example of an instance, which
 * error messages show.
 */
export interface PropClass {
  readonly member: string;
  readonly example: string;
}

/** The expected type of each property of an interface. `unchecked` means that another check reports a wrong type. */
export type PropTypes<Props> = { readonly [name in keyof Required<Props>]: 'unchecked' | 'boolean' | PropClass };

export const DURATION: PropClass = { member: 'toMinutes', example: 'a Duration: Duration.days(7)' };
export const KEY: PropClass = { member: 'keyArn', example: 'a KMS key: Key.fromKeyArn(…)' };
export const ROLE: PropClass = { member: 'roleArn', example: 'an IAM role: Role.fromRoleName(…)' };

/**
 * Checks the names and types of the props of a construct, which JavaScript does not check. A value of the wrong type
 * would have no effect: a schedule of aws-events, for example, would never start the job.
 *
 * An unknown name that is similar to a known one causes an error, because it is probably a typo. Any other unknown name
 * causes only a warning, because it can be a prop of a subclass.
 */
export function checkProps<Props extends object>(scope: IConstruct, props: Props, types: PropTypes<Props>): void {
  const { typos, others } = unknownKeys(Object.keys(props), Object.keys(types));
  for (const { key, suggestion } of typos) {
    throw synthError(scope, 'UNKNOWN_KEY', `${key} is not a known prop.`, suggestion.trim());
  }
  for (const key of others) {
    Annotations.of(scope).addWarningV2(
      `cdk-glue-medallion:unknown-prop-${key}`,
      `"${key}" is not a known prop, and is ignored. Correct its name, unless it is a prop of a subclass.`,
    );
  }
  checkTypes(scope, '', props, types);
}

/** Checks the names and types of the properties of a prop that is an object. Any unknown name causes an error. */
export function checkStruct<Struct extends object>(
  scope: IConstruct,
  prop: string,
  struct: Struct | undefined,
  types: PropTypes<Struct>,
): void {
  if (struct === undefined) {
    return;
  }
  const known = Object.keys(types);
  if (typeof struct !== 'object' || struct === null || Array.isArray(struct)) {
    throw wrongType(scope, prop, `an object${known.length > 0 ? ` with the keys ${known.join(', ')}` : ''}`);
  }
  const unknown = Object.keys(struct).find(key => !known.includes(key));
  if (unknown !== undefined) {
    throw synthError(
      scope,
      'UNKNOWN_KEY',
      `${prop} has the unknown key ${JSON.stringify(unknown)}.`,
      unknownKeyRemedy(unknown, known),
    );
  }
  checkTypes(scope, `${prop}.`, struct, types);
}

function checkTypes<Props extends object>(
  scope: IConstruct, prefix: string, props: Props, types: PropTypes<Props>,
): void {
  for (const name of Object.keys(types) as (keyof Props & string)[]) {
    const type = types[name];
    const value: unknown = props[name];
    if (value === undefined || type === 'unchecked') {
      continue;
    }
    if (type === 'boolean' && typeof value !== 'boolean') {
      throw wrongType(scope, `${prefix}${name}`, 'true or false');
    }
    if (type !== 'boolean' && (typeof value !== 'object' || value === null || !(type.member in value))) {
      throw wrongType(scope, `${prefix}${name}`, type.example);
    }
  }
}

function wrongType(scope: IConstruct, prop: string, expected: string): Error {
  return synthError(scope, 'PROP_TYPE_INVALID', `${prop} has the wrong type.`, `Use ${expected}.`);
}
