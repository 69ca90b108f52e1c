import * as fs from 'fs';
import * as path from 'path';
import { Failure } from './failure';
import { resolve, Resource, Scope, Template, Value } from './intrinsics';
import { unknownValuesIn } from './unknown-value';

/** The folder to which `cdk synth` writes the cloud assembly by default. */
export const DEFAULT_APP = 'cdk.out';

/** The example account and Region for stacks without an explicit environment. */
const DEFAULT_ACCOUNT = '123456789012';
const DEFAULT_REGION = 'us-east-1';

/** The account and the Region of stacks whose environment the app does not set. */
export interface Environment {
  readonly account: string;
  readonly region: string;
}

/** A stack of a synthesized app. */
export interface Stack extends Scope {
  /** The folder of the stack's cloud assembly: the nested assembly of its stage, if the app has stages. */
  readonly assembly: string;
  /** Whether the account and the Region of the stack are known. Otherwise, they are example values. */
  readonly hasEnvironment: boolean;
  /** The paths of its assets, by object key in the assets bucket. */
  readonly assets: Record<string, string>;
}

/** Files that a BucketDeployment of a stack uploads to a bucket. */
export interface Deployment {
  /** A folder or a ZIP file in the cloud assembly. */
  readonly source: string;
  readonly bucket: string;
  /** The key prefix in the bucket, without a trailing slash. Can be empty. */
  readonly prefix: string;
  /** Placeholders in the files, and the values that replace them at deployment. */
  readonly markers: Record<string, string>;
}

/** Whether a file of the deployment depends on a value that is only known at deployment. */
export function hasUnknownValues({ bucket, prefix, markers }: Deployment): boolean {
  return unknownValuesIn([bucket, prefix, ...Object.values(markers)].join('')).length > 0;
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
 * The stacks of an app, including the stacks in its stages.
 *
 * @param directory the cloud assembly that `cdk synth` wrote
 * @param values the values of `--value`
 * @param environment the environment of stacks for which the app sets none; default: an example
 */
export function readStacks(
  directory: string,
  values: Readonly<Record<string, string>> = {},
  environment: Environment = { account: DEFAULT_ACCOUNT, region: DEFAULT_REGION },
): Stack[] {
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
  return artifacts.flatMap(([id, { type, properties, environment: uri, displayName }]): Stack[] => {
    if (type === 'cdk:cloud-assembly' && properties?.directoryName) {
      return readStacks(path.join(directory, properties.directoryName), values, environment);
    }
    if (type !== 'aws:cloudformation:stack' || !properties?.templateFile) {
      return [];
    }
    const [account, region] = (uri ?? '').replace('aws://', '').split('/');
    const hasAccount = /^\d{12}$/.test(account);
    const hasRegion = Boolean(region) && region !== 'unknown-region';
    return [{
      stack: properties.stackName ?? displayName ?? id,
      assembly: directory,
      hasEnvironment: hasAccount && hasRegion,
      account: hasAccount ? account : environment.account,
      region: hasRegion ? region : environment.region,
      template: readJson<Template>(path.join(directory, properties.templateFile)),
      assets,
      values,
    }];
  });
}

/** The resources of a type, with their logical IDs. */
export function resourcesOf(stack: Stack, type: string): [string, Resource][] {
  return Object.entries(stack.template.Resources ?? {}).filter(([, resource]) => resource.Type === type);
}

/**
 * The files that a stack uploads to buckets.
 *
 * Skips files that are not assets of the stack, such as files from other buckets. Fails if the stack uploads such a
 * file to the lake.
 *
 * @param lake the bucket of the lake
 */
export function readDeployments(stack: Stack, lake: string): Deployment[] {
  return resourcesOf(stack, 'Custom::CDKBucketDeployment').flatMap(([, resource]): Deployment[] => {
    const property = (name: string): Value => resolve(resource.Properties?.[name] ?? null, stack);
    const bucket = String(property('DestinationBucketName'));
    const prefix = String(property('DestinationBucketKeyPrefix') ?? '').replace(/\/+$/, '');
    const markers = (property('SourceMarkers') ?? []) as Record<string, string>[];
    return (property('SourceObjectKeys') as string[]).flatMap((key, index) => {
      const source = stack.assets[key];
      if (!source && bucket !== lake) {
        return [];
      }
      if (!source || !fs.existsSync(source)) {
        throw new Failure(
          `The asset ${key} of stack ${stack.stack} is not in the cloud assembly. Run \`npx cdk synth\` again.`,
          2,
        );
      }
      return [{ source, bucket, prefix, markers: markers[index] ?? {} }];
    });
  });
}

function readJson<T>(file: string): T {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as T;
  } catch (error) {
    const cause = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
      ? `${file} does not exist`
      : `Cannot read ${file} (${(error as Error).message})`;
    throw new Failure(
      `${cause}. Run \`npx cdk synth\` in the folder of the app, or set the cloud assembly with --app DIR.`,
      2,
    );
  }
}
