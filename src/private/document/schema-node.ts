/** A JSON Schema, or a part of it. */
export interface Schema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: string | string[];
  readonly enum?: unknown[];
  readonly description?: string;
  readonly examples?: unknown[];
  readonly anyOf?: Schema[];
  readonly items?: Schema;
  readonly required?: string[];
  readonly properties?: { readonly [key: string]: Schema };
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | false;
}

/** The parts of a schema that apply to a value in a document. */
export class SchemaNode {
  static ofDocument(root: Schema, document: unknown): SchemaNode {
    return new SchemaNode(root, document, partsFor(root, root, document, isOfType));
  }

  /** @param parts the parts of the schema that apply to the value, each before the parts that it refers to */
  private constructor(private readonly root: Schema, private readonly value: unknown, readonly parts: Schema[]) {}

  /** The node of a child value. */
  child(key: string | number, value: unknown): SchemaNode {
    const parts = this.parts
      .flatMap(part => part.properties?.[key] ?? part.items ?? (part.additionalProperties || []))
      .flatMap(part => partsFor(this.root, part, value, isOfType));
    return new SchemaNode(this.root, value, parts);
  }

  /** The closest part with a description. */
  get described(): Schema | undefined {
    return [...this.parts].reverse().find(({ description }) => description !== undefined);
  }

  /** The known keys of an object. Undefined for a map whose keys the user chooses, and for a value without a schema. */
  get keys(): string[] | undefined {
    const known = this.parts.flatMap(({ properties }) => properties === undefined ? [] : Object.keys(properties));
    return known.length === 0 ? undefined : known;
  }

  /** Whether the schema has a definition for the values of a map. */
  get isMap(): boolean {
    return this.keys === undefined && this.parts.some(({ additionalProperties }) => additionalProperties !== undefined);
  }

  /** Whether the schema refers to a definition, even in a branch whose type differs from the type of the value. */
  refersTo(definition: string): boolean {
    return this.branches.some(({ $ref }) => $ref === `#/$defs/${definition}`);
  }

  /** Whether the names of a map must match a definition. */
  hasNamesOf(definition: string): boolean {
    return this.parts.some(({ propertyNames }) => propertyNames?.$ref === `#/$defs/${definition}`);
  }

  /** Whether the value must be a list of strings, and cannot be a string. */
  get isListOfTexts(): boolean {
    const lists = this.branches.filter(({ type }) => type === 'array');
    return this.branches.every(part => !allows(part, 'string')) && lists.some(({ items }) =>
      items !== undefined && partsFor(this.root, items, undefined, () => true).some(part => allows(part, 'string')));
  }

  /** Whether the value can be a string. */
  get allowsText(): boolean {
    return this.branches.some(part => allows(part, 'string'));
  }

  /** Valid values: the values of an enumeration, or examples. Empty if the schema has none. */
  get validValues(): unknown[] {
    const parts = [...this.branches].reverse();
    return parts.find(part => part.enum)?.enum
      ?? (parts.some(({ type }) => type === 'boolean') ? [false, true] : undefined)
      ?? parts.find(({ examples }) => examples)?.examples
      ?? [];
  }

  /** Whether the value has the type that the schema requires. */
  get hasValidType(): boolean {
    return this.branches.some(({ type }) => type !== undefined && isOfType(this.value, type));
  }

  /** The parts and all branches, including branches whose type differs from the type of the value. */
  private get branches(): Schema[] {
    return this.parts.flatMap(part => partsFor(this.root, part, undefined, () => true));
  }
}

function allows({ type, enum: values }: Schema, name: string): boolean {
  return [type].flat().includes(name) || (values?.some(value => typeof value === name) ?? false);
}

/** A part of the schema, the part that its $ref refers to, and the branches of its anyOf that apply to the value. */
function partsFor(
  root: Schema, part: Schema, value: unknown, applies: (value: unknown, type: Schema['type']) => boolean,
): Schema[] {
  const referred = part.$ref
    ?.split('/')
    .slice(1)
    .reduce((schema, key) => (schema as { [key: string]: Schema })[key], root);
  const branches = (part.anyOf ?? [])
    .map(branch => partsFor(root, branch, value, applies))
    .filter(parts => parts.some(({ type }) => applies(value, type)));
  return [part, ...referred ? partsFor(root, referred, value, applies) : [], ...branches.flat()];
}

function isOfType(value: unknown, type: Schema['type']): boolean {
  const name = Array.isArray(value) ? 'array' : typeof value;
  return [type].flat().some(each => each === name || (name === 'number' && each === 'integer'));
}
