/**
 * Declares the structs in maps that an app passes, such as the columns of `columnSchema`, as `any` in the jsii
 * assembly.
 *
 * Python passes a dict in a map unchanged, with snake_case keys. If the assembly declares the values of the map as a
 * struct, the jsii runtime silently drops each key that the struct does not have, such as `target_name`. With `any`, it
 * passes all keys, and the constructs check them. Instances of the classes of structs are still passed as structs. The
 * types for TypeScript do not change.
 *
 * Runs after jsii, as part of `npx projen compile`.
 */
import { createHash } from 'crypto';
import { readFileSync, writeFileSync } from 'fs';
import { gunzipSync, gzipSync } from 'zlib';

interface TypeReference {
  readonly fqn?: string;
  readonly primitive?: string;
  readonly collection?: { readonly kind: string; elementtype: TypeReference };
}

interface Type {
  readonly datatype?: boolean;
  readonly properties?: { readonly type: TypeReference }[];
  readonly methods?: { readonly parameters?: { readonly type: TypeReference }[] }[];
}

interface Assembly {
  readonly types: { readonly [fqn: string]: Type };
  fingerprint?: string;
}

const FILE = '.jsii.gz';

function main(): void {
  const assembly = JSON.parse(gunzipSync(readFileSync(FILE)).toString()) as Assembly;
  const types = Object.values(assembly.types);
  const inputs = [
    ...types.filter(({ datatype }) => datatype).flatMap(({ properties = [] }) => properties),
    ...types.flatMap(({ methods = [] }) => methods).flatMap(({ parameters = [] }) => parameters),
  ];
  inputs.forEach(({ type }) => declareAny(type, assembly));
  delete assembly.fingerprint;
  assembly.fingerprint = createHash('sha256').update(JSON.stringify(assembly)).digest('base64');
  writeFileSync(FILE, gzipSync(JSON.stringify(assembly)));
}

function declareAny({ collection }: TypeReference, assembly: Assembly): void {
  if (collection === undefined) {
    return;
  }
  const { fqn } = collection.elementtype;
  if (fqn !== undefined && assembly.types[fqn]?.datatype) {
    collection.elementtype = { primitive: 'any' };
  } else {
    declareAny(collection.elementtype, assembly);
  }
}

main();
