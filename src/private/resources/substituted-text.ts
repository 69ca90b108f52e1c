import { IResolvable, IResolveContext, Token } from 'aws-cdk-lib';

/**
 * Renders a text with references as `Fn::Sub` instead of `Fn::Join`.
 *
 * In a template, an ARN then needs a third of the space. A template is limited to 1 MB, and the policies of roles are
 * its largest part.
 */
export function substituted(text: string): string {
  return Token.isUnresolved(text) ? Token.asString(new SubstitutedText(text)) : text;
}

class SubstitutedText implements IResolvable {
  readonly creationStack: string[] = [];

  constructor(private readonly text: string) {}

  resolve(context: IResolveContext): unknown {
    const resolved: unknown = context.resolve(this.text);
    const parts = partsOf(resolved)?.map(variable);
    return parts === undefined || parts.includes(undefined) ? resolved : { 'Fn::Sub': parts.join('') };
  }

  toString(): string {
    return Token.asString(this);
  }
}

/** The parts of a joined text. Undefined for a text without references, and for another intrinsic function. */
function partsOf(resolved: unknown): unknown[] | undefined {
  const [separator, parts] = (resolved as { 'Fn::Join'?: [string, unknown] })['Fn::Join'] ?? [];
  return separator === '' && Array.isArray(parts) ? parts : undefined;
}

/** A part in the notation of `Fn::Sub`. Undefined if it has none. */
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
