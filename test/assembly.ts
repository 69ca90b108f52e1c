import { readdirSync, readFileSync } from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { AssetManifestArtifact, CloudAssembly } from 'aws-cdk-lib/cx-api';
import { ENV } from './layouts';

/** A resource of a template. Its intrinsic functions are evaluated for ENV. */
export interface Resource {
  readonly id: string;
  readonly Type: string;
  readonly Properties: { readonly [property: string]: any }; // eslint-disable-line @typescript-eslint/no-explicit-any
  readonly DependsOn?: string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** The resources of a stack, of one type or of all types. */
export function resources(stack: Stack, type?: string): Resource[] {
  const { template } = synth(stack).getStackArtifact(stack.artifactId);
  return Object.entries(template.Resources as { [id: string]: Omit<Resource, 'id'> })
    .filter(([, { Type }]) => type === undefined || Type === type)
    .map(([id, body]) => ({ id, ...render(body) as Omit<Resource, 'id'> }));
}

/** The template of a stack as text, for exact comparisons. */
export function templateOf(stack: Stack): string {
  return JSON.stringify(synth(stack).getStackArtifact(stack.artifactId).template, undefined, 1);
}

/** The only resource of a type. Fails if there are none or several. */
export function resource(stack: Stack, type: string): Resource {
  const [only, ...others] = resources(stack, type);
  if (!only || others.length > 0) {
    throw new Error(`expected one resource of type ${type}, found ${others.length + (only ? 1 : 0)}`);
  }
  return only;
}

/** The files that a stack deploys under `etl/`, keyed by path. */
export function deployedFiles(stack: Stack): Map<string, Buffer> {
  const assembly = synth(stack);
  const manifest = assembly.artifacts.find(
    (artifact): artifact is AssetManifestArtifact => artifact.id === `${stack.artifactId}.assets`,
  );
  const sources = resources(stack, 'Custom::CDKBucketDeployment').flatMap(
    ({ Properties }) => Properties.SourceObjectKeys as string[],
  );
  const files = new Map<string, Buffer>();
  for (const [hash, { source }] of Object.entries(manifest!.contents.files ?? {})) {
    if (sources.includes(`${hash}.zip`)) {
      const folder = path.join(assembly.directory, source.path!);
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).filter(file => file.isFile())) {
        const file = path.join(entry.parentPath, entry.name);
        files.set(path.relative(folder, file).split(path.sep).join('/'), readFileSync(file));
      }
    }
  }
  return files;
}

function synth(stack: Stack): CloudAssembly {
  return (stack.node.root as App).synth();
}

const PSEUDO: { [name: string]: string } = {
  'AWS::AccountId': ENV.account,
  'AWS::Region': ENV.region,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
};

/** Evaluates pseudo parameters, `Fn::Join` and `Fn::Sub` as CloudFormation does. */
function render(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(render);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const node = value as { [key: string]: unknown };
  if (typeof node.Ref === 'string') {
    return PSEUDO[node.Ref] ?? `\${${node.Ref}}`;
  }
  if (Array.isArray(node['Fn::Join'])) {
    const [separator, parts] = node['Fn::Join'];
    return Array.isArray(parts) ? (render(parts) as string[]).join(separator) : node;
  }
  if (typeof node['Fn::Sub'] === 'string') {
    return node['Fn::Sub'].replace(/\$\{(AWS::\w+)\}/g, (_, name) => PSEUDO[name]);
  }
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, render(child)]));
}
