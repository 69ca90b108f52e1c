import * as fs from 'fs';
import * as path from 'path';
import { Failure } from './failure';
import { resolve, Resource, Scope, Template, Value } from './intrinsics';

/** Stands for the account of a stack that names none. */
const SOME_ACCOUNT = '123456789012';
const SOME_REGION = 'us-east-1';

/** A stack of a synthesized app. */
export interface Stack extends Scope {
  /** The assembly it is in: that of its stage, where the app has stages. */
  readonly assembly: string;
  /** Where the files of its assets are: key in the assets bucket → path. */
  readonly assets: Record<string, string>;
}

/** Files that a stack puts into a bucket, as its BucketDeployment says. */
export interface Deployment {
  /** A folder or a ZIP file in the assembly. */
  readonly source: string;
  readonly bucket: string;
  /** Without a slash at its end; may be empty. */
  readonly prefix: string;
  /** Texts in the files that stand for values of the deployment, and those values. */
  readonly markers: Record<string, string>;
}

interface Artifact {
  readonly type: string;
  readonly environment?: string;
  readonly displayName?: string;
  readonly properties?: {
    readonly templateFile?: string;
    readonly directoryName?: string;
    readonly file?: string;
    readonly stackName?: string;
  };
}

interface AssetManifest {
  readonly files?: Record<string, {
    readonly source: { readonly path?: string };
    readonly destinations: Record<string, { readonly objectKey: string }>;
  }>;
}

/**
 * The stacks of an app, those of its stages too.
 *
 * @param directory the assembly that `cdk synth` wrote
 */
export function readStacks(directory: string): Stack[] {
  const manifest = readJson<{ artifacts?: Record<string, Artifact> }>(path.join(directory, 'manifest.json'));
  const artifacts = Object.entries(manifest.artifacts ?? {});
  const assets: Record<string, string> = {};
  for (const [, { type, properties }] of artifacts) {
    if (type === 'cdk:asset-manifest' && properties?.file) {
      const { files } = readJson<AssetManifest>(path.join(directory, properties.file));
      for (const file of Object.values(files ?? {})) {
        for (const destination of Object.values(file.destinations)) {
          assets[destination.objectKey] = path.resolve(directory, file.source.path ?? '');
        }
      }
    }
  }
  return artifacts.flatMap(([id, { type, properties, environment, displayName }]): Stack[] => {
    if (type === 'cdk:cloud-assembly' && properties?.directoryName) {
      return readStacks(path.join(directory, properties.directoryName));
    }
    if (type !== 'aws:cloudformation:stack' || !properties?.templateFile) {
      return [];
    }
    const [account, region] = (environment ?? '').replace('aws://', '').split('/');
    return [{
      stack: properties.stackName ?? displayName ?? id,
      assembly: directory,
      account: /^\d{12}$/.test(account) ? account : SOME_ACCOUNT,
      region: !region || region === 'unknown-region' ? SOME_REGION : region,
      template: readJson<Template>(path.join(directory, properties.templateFile)),
      assets,
    }];
  });
}

/** The resources of a type, with their logical ids. */
export function resourcesOf(stack: Stack, type: string): [string, Resource][] {
  return Object.entries(stack.template.Resources ?? {}).filter(([, resource]) => resource.Type === type);
}

/** What a stack puts into buckets. */
export function readDeployments(stack: Stack): Deployment[] {
  return resourcesOf(stack, 'Custom::CDKBucketDeployment').flatMap(([id, resource]): Deployment[] => {
    const property = (name: string): Value => resolve(resource.Properties?.[name] ?? null, stack, `${name} of ${id}`);
    const bucket = String(property('DestinationBucketName'));
    const prefix = String(property('DestinationBucketKeyPrefix') ?? '').replace(/\/+$/, '');
    const markers = (property('SourceMarkers') ?? []) as Record<string, string>[];
    return (property('SourceObjectKeys') as string[]).map((key, index) => {
      const source = stack.assets[key];
      if (!source || !fs.existsSync(source)) {
        throw new Failure(
          `The asset ${key} that stack ${stack.stack} deploys is not in the assembly. Run \`npx cdk synth\` again.`,
          2,
        );
      }
      return { source, bucket, prefix, markers: markers[index] ?? {} };
    });
  });
}

function readJson<T>(file: string): T {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as T;
  } catch (error) {
    const cause = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
      ? `There is no ${file}`
      : `${file} cannot be read (${(error as Error).message})`;
    throw new Failure(
      `${cause}. Run \`npx cdk synth\` first, in the folder of the app, or name the assembly with --app DIR.`,
      2,
    );
  }
}
