import { IResolvable, IResolveContext, StringConcat, Token, Tokenization } from 'aws-cdk-lib';

/**
 * Renders a string with references as `Fn::Sub` instead of `Fn::Join`.
 *
 * In this form, an ARN takes only a third of the space in a template. A template is limited to 1 MB, and the policies
 * of roles are its largest part.
 */
export function substituted(text: string): string {
  return Token.isUnresolved(text) ? Token.asString(new SubstitutedText(text)) : text;
}

class SubstitutedText implements IResolvable {
  readonly creationStack: string[] = [];

  constructor(private readonly text: string) {}

  resolve(context: IResolveContext): unknown {
    const resolved: unknown = context.resolve(this.text);
    if (typeof resolved === 'string') {
      // The CDK prepares the app with the same parts, and only looks for references in them.
      return context.preparing ? resolved : reported(this.text, context);
    }
    const parts = partsOf(resolved)?.map(variable);
    return parts === undefined || parts.includes(undefined) ? resolved : { 'Fn::Sub': parts.join('') };
  }

  toString(): string {
    return Token.asString(this);
  }
}

/** The parts of a joined string. Undefined for a string without references, and for other intrinsic functions. */
function partsOf(resolved: unknown): unknown[] | undefined {
  const [separator, parts] = (resolved as { 'Fn::Join'?: [string, unknown] })['Fn::Join'] ?? [];
  return separator === '' && Array.isArray(parts) ? parts : undefined;
}

/** A part in the notation of `Fn::Sub`. Undefined if this notation cannot express the part. */
function variable(part: unknown): string | undefined {
  if (typeof part === 'string') {
    return part.replace(/\$\{/g, '${!');
  }
  const { 'Ref': name, 'Fn::GetAtt': attribute } = part as { 'Ref'?: string; 'Fn::GetAtt'?: unknown };
  if (name !== undefined) {
    return `\${${name}}`;
  }
  const isNamed = Array.isArray(attribute) && attribute.every(each => typeof each === 'string');
  return isNamed ? `\${${attribute.join('.')}}` : undefined;
}

/**
 * The string for the report of `Role.customizeRoles`, which is not a template: the CDK concatenates the parts of the
 * string, and would write `[object Object]` for a reference.
 */
function reported(text: string, context: IResolveContext): string {
  const mapToken = (token: IResolvable): unknown => {
    const value: unknown = context.resolve(token);
    return typeof value === 'object' && value !== null ? reportedReference(value) : value;
  };
  return Tokenization.reverseString(text).mapTokens({ mapToken }).join(new StringConcat()) as string;
}

/** The notation of the report for pseudo parameters. */
const REPORTED: { readonly [name: string]: string } = {
  'AWS::Partition': '(PARTITION)', 'AWS::Region': '(REGION)', 'AWS::AccountId': '(ACCOUNT)',
};

function reportedReference(reference: { readonly Ref?: string }): string {
  return REPORTED[reference.Ref ?? ''] ?? JSON.stringify(reference);
}
