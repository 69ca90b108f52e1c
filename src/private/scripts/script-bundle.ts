import { createHash } from 'crypto';
import { constants, copyFileSync, linkSync, readFileSync, writeFileSync } from 'fs';
import * as path from 'path';
import { Aspects, FileSystem, IAspect, RemovalPolicy, Size, Stack, Stage, Token } from 'aws-cdk-lib';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { CfnPolicy, IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnFunction, SingletonFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct, IConstruct } from 'constructs';
import { GLUE_TEMPLATES } from '../glue-templates';
import { AssetFile, createFolderAsset, FolderAsset } from './folder-asset';
import { etlRuntimePackage } from './job-package';
import { MAX_SOURCE_BYTES, megabytes, SourceFile, TOO_LARGE_REMEDY } from './source-files';
import { IEtlCore } from '../../i-etl-core';
import { Layer } from '../../layer';
import { DatasetNames, LakeNames, SOURCE_FOLDER } from '../../naming';
import { DatasetDocument } from '../document/dataset-document.generated';
import { synthError } from '../errors/synth-error';
import { coreInSameStage } from '../resources/deployed-core';
import { freeId } from '../resources/free-id';
import { assetKeyStatement, objectKeyStatement } from '../resources/lake-key';
import { lakeTags, tagExisting } from '../resources/lake-tags';
import { acknowledge, acknowledgeWildcards } from '../resources/nag-suppressions';
import { rolesOf } from '../resources/role-arns';
import { limitResources, limitTemplates } from '../resources/stack-limits';

/** The script of a job and its query, if it has one. */
export interface JobScript {
  /** The local path of the script. */
  readonly path: string;
  /** Whether the script is a custom script, which replaces the packaged script. */
  readonly isCustom?: boolean;
  /** The query and the name of its file, for messages. */
  readonly sql?: { readonly name: string; readonly text: string };
}

/** The packaged script of a layer. */
export function packagedScript(layer: Layer): string {
  return path.join(GLUE_TEMPLATES, 'jobs', `${layer}_job.py`);
}

/** The files of one dataset in the bundle of its stack. */
export interface DatasetScripts {
  readonly names: DatasetNames;
  readonly document: DatasetDocument;
  readonly script: JobScript;
  readonly sourceFiles: SourceFile[];
  /** The job. It depends on the deployment. */
  readonly job: CfnJob;
  readonly core: IEtlCore;
}

/** The S3 URL of the Python package that the job of a dataset imports. */
export function runtimePackageUri(names: DatasetNames): string {
  return names.lake.uri(`${names.scriptFolder}${etlRuntimePackage().fileName}`);
}

/** Deploys the script, document and package of a dataset. All datasets of a stack share one deployment. */
export function deployScripts(scope: Construct, scripts: DatasetScripts): void {
  const stage = Stage.of(scope) ?? scope.node.root;
  let bundles = bundlesByStage.get(stage);
  if (!bundles) {
    bundles = new ScriptBundles(stage);
    bundlesByStage.set(stage, bundles);
    Aspects.of(stage).add(bundles, { priority: ASPECT_PRIORITY });
  }
  bundles.add(scope, scripts);
}

const bundlesByStage = new WeakMap<IConstruct, ScriptBundles>();

/** The deployments must exist before aspects with priority 200 and higher add tags or run checks. */
const ASPECT_PRIORITY = 100;

/**
 * Creates the bundles of all stacks of a stage during synthesis, when all datasets are known.
 *
 * There is one aspect for the stage instead of one per stack, because CDK visits the tree again each time an aspect
 * adds constructs, up to 100 times.
 */
class ScriptBundles implements IAspect {
  private readonly byStack = new Map<Stack, DatasetScripts[]>();
  private deployed = false;

  constructor(private readonly stage: IConstruct) {}

  add(scope: Construct, scripts: DatasetScripts): void {
    if (this.deployed) {
      throw synthError(
        scope,
        'DATASET_AFTER_SYNTH',
        'the dataset was added after the app was synthesized.',
        'Create all datasets before the first call to synth().',
      );
    }
    const stack = Stack.of(scope);
    this.byStack.set(stack, [...this.byStack.get(stack) ?? [], scripts]);
  }

  visit(node: IConstruct): void {
    if (node !== this.stage || this.deployed) {
      return;
    }
    this.deployed = true;
    for (const [stack, scripts] of this.byStack) {
      limitResources(new ScriptBundle(stack, scripts), scripts.length);
    }
    limitTemplates(this.stage, new Map([...this.byStack].map(([stack, { length }]) => [stack, length])));
  }
}

/** The role and the storage size of a deployment's function. */
interface Handler {
  readonly role: IRole;
  readonly storage: Size;
}

/** The scripts of a stack, with one deployment per bucket. Usually, all scripts are in the same bucket. */
class ScriptBundle extends Construct {
  private readonly logGroup: LogGroup;
  /** The functions of the deployments. They are outside of this construct. */
  private readonly handlers = new Set<CfnFunction>();
  private ownRole?: Role;
  private ownStorage?: Size;

  constructor(private readonly stack: Stack, scripts: DatasetScripts[]) {
    super(stack, freeId(stack, 'GlueScripts'));
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    const buckets = [...new Set(scripts.map(({ names }) => names.lake.bucket))];
    for (const [index, bucket] of buckets.entries()) {
      const id = index === 0 ? 'Deployment' : `Deployment${index + 1}`;
      this.deploy(id, bucket, scripts.filter(({ names }) => names.lake.bucket === bucket));
    }
    const [lake, ...otherLakes] = lakesOf(scripts);
    // Lakes in the same stack share the function, its role and its logs, so their costs belong to no single lake.
    if (otherLakes.length === 0) {
      [this, ...this.handlers].forEach(construct => tagExisting(construct, lakeTags(lake)));
    }
  }

  /** A role that the user provides is not shared with other lakes, and no policy is added to it. */
  private handlerOf(id: string, asset: FolderAsset, bucket: IBucket, scripts: DatasetScripts[]): Handler {
    const [provided] = scripts.flatMap(({ core }) => rolesOf(core).deployment ?? []);
    if (provided) {
      const role = Role.fromRoleArn(this, `${id}Role`, provided.roleArn, { mutable: false });
      return { role, storage: unusedHandlerStorage(this.stack) };
    }
    const role = this.ownRole ??= this.createRole();
    grantDeployment(role, asset, bucket, scripts);
    // The default grants of the deployment would give its function access to the entire bucket.
    return { role: role.withoutPolicyUpdates(), storage: this.ownStorage ??= unusedHandlerStorage(this.stack) };
  }

  private createRole(): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Copies the scripts of Glue jobs to the lake bucket',
    });
    this.logGroup.grantWrite(role);
    return role;
  }

  private deploy(id: string, bucketName: string, scripts: DatasetScripts[]): void {
    limitSourceFiles(this.stack, scripts);
    const asset = createFolderAsset(this, `${id}Files`, filesOf(scripts));
    // Imported by name, so that BucketDeployment does not add its tag to the bucket in the stack that owns it.
    const bucket = Bucket.fromBucketName(this, `${id}Bucket`, bucketName);
    const { role, storage } = this.handlerOf(id, asset, bucket, scripts);
    const deployment = new BucketDeployment(this, id, {
      sources: [
        Source.bucket(asset.bucket, asset.objectKey),
        ...scripts.flatMap(script =>
          textFilesOf(script)
            .filter(isOnlyKnownAtDeployment)
            .map(({ name, text, jsonEscape }) =>
              Source.data(`${bundleFolder(script.names)}/${name}`, text, { jsonEscape }))),
      ],
      destinationBucket: bucket,
      destinationKeyPrefix: 'etl',
      prune: false,
      role,
      // With the default of 128 MB, the AWS CLI in the function takes minutes.
      memoryLimit: HANDLER_MEMORY_MIB,
      ephemeralStorageSize: storage,
      // The response of a custom resource is limited to 4,096 bytes, about 50 keys.
      // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
      outputObjectKeys: false,
      logGroup: this.logGroup,
    });
    const singleton = deployment.node.tryFindChild('CustomResourceHandler');
    if (singleton instanceof SingletonFunction) {
      const handler = singleton.permissionsNode.defaultChild as CfnFunction;
      acknowledge(handler, 'L1', 'aws-cdk-lib sets the runtime of this function.');
      this.handlers.add(handler);
    }
    for (const { job, core } of scripts) {
      job.node.addDependency(deployment);
      const deployedCore = coreInSameStage(core, this);
      if (deployedCore) {
        // A rollback of the first deployment cannot delete a bucket that contains files, so they are deployed last.
        deployment.node.addDependency(deployedCore);
      }
    }
  }
}

/** The lakes of the datasets of a stack, each once. */
function lakesOf(scripts: DatasetScripts[]): LakeNames[] {
  return [...new Map(scripts.map(({ names: { lake } }) => [lake.resourcePrefix, lake])).values()];
}

/** Fails if the source files of a deployment do not fit into the storage of its function. */
function limitSourceFiles(stack: Stack, scripts: DatasetScripts[]): void {
  const withFiles = scripts.filter(({ sourceFiles }) => sourceFiles.length > 0);
  const bytes = withFiles.flatMap(({ sourceFiles }) => sourceFiles).reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > MAX_SOURCE_BYTES) {
    throw synthError(
      stack,
      'FILE_TOO_LARGE',
      `${withFiles.length} datasets of the stack load files of the app with a total size of `
        + `${megabytes(bytes)}; the maximum is ${megabytes(MAX_SOURCE_BYTES)}.`,
      `Split the datasets across several stacks. ${TOO_LARGE_REMEDY}`,
    );
  }
}

/** Allows the function of a deployment to read its asset, and to write scripts to the bucket of the lake. */
function grantDeployment(role: Role, asset: FolderAsset, bucket: IBucket, scripts: DatasetScripts[]): void {
  const stack = Stack.of(role);
  const encrypted = scripts.find(({ core }) => core.encrypted);
  const statements: [reason: string | undefined, statement: PolicyStatement][] = [
    [
      'Asset names are content hashes. A policy for the current asset only would apply too late, or break a rollback.',
      new PolicyStatement({ actions: ['s3:GetObject'], resources: [asset.bucket.arnForObjects('*')] }),
    ],
    [
      'The app does not know the key of the bootstrap bucket. A condition limits its use to objects of this bucket.',
      assetKeyStatement(stack, asset.bucket.bucketArn),
    ],
    [
      undefined,
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': 'etl/*' } },
      }),
    ],
    [
      'Each dataset of the stack has its own folder of scripts.',
      new PolicyStatement({ actions: ['s3:PutObject'], resources: [bucket.arnForObjects('etl/*/glue/*')] }),
    ],
  ];
  if (encrypted) {
    statements.push([
      'Another stack owns the key. A condition limits its use to objects of the lake bucket.',
      objectKeyStatement(stack, encrypted.names.lake),
    ]);
  }
  for (const [reason, statement] of statements) {
    role.addToPolicy(statement);
    const policy = role.node.tryFindChild('DefaultPolicy')?.node.defaultChild as CfnPolicy | undefined;
    if (reason !== undefined) {
      acknowledgeWildcards(policy, reason, statement);
    }
  }
}

const HANDLER_MEMORY_MIB = 512;

/**
 * The first storage size to try: 1 MiB above the minimum, which users are unlikely to choose for a deployment that they
 * create later.
 */
const HANDLER_STORAGE_MIB = 513;

/**
 * A storage size that no function of aws-cdk-lib in the stack has.
 *
 * All deployments of a stack with the same memory and storage share one function and its role. A user's own deployment
 * would therefore run with the role of the scripts, or give the user's role access to the lake. The size is part of the
 * ID of the function.
 */
function unusedHandlerStorage(stack: Stack): Size {
  const ids = stack.node.children.map(({ node }) => node.id);
  let mebibytes = HANDLER_STORAGE_MIB;
  while (ids.some(id => id.endsWith(`${HANDLER_MEMORY_MIB}MiB${mebibytes}MiB`))) {
    mebibytes++;
  }
  return Size.mebibytes(mebibytes);
}

/** The files of the datasets, with their paths relative to `etl/`. Files with tokens are left out. */
function filesOf(scripts: DatasetScripts[]): AssetFile[] {
  const runtime = etlRuntimePackage();
  const writeRuntime = writeOnce(runtime.bytes);
  return scripts.flatMap(each => {
    const { names, script, sourceFiles } = each;
    const source = readFileSync(script.path);
    const files: AssetFile[] = [
      { name: `${names.layer}_job.py`, hash: sha256(source), write: target => writeFileSync(target, source) },
      { name: runtime.fileName, hash: runtime.hash, write: writeRuntime },
      ...sourceFiles.map(({ name, path: file }) => ({
        name: `${SOURCE_FOLDER}/${name}`,
        hash: FileSystem.fingerprint(file),
        // If the file system supports it, the copy shares the blocks of the file.
        write: (target: string) => copyFileSync(file, target, constants.COPYFILE_FICLONE),
      })),
      ...textFilesOf(each).filter(file => !isOnlyKnownAtDeployment(file)).map(({ name, text }) => ({
        name, hash: sha256(text), write: (target: string) => writeFileSync(target, text),
      })),
    ];
    return files.map(file => ({ ...file, name: `${bundleFolder(names)}/${file.name}` }));
  });
}

/** Writes the content to the first path, and creates hard links at all further paths. */
function writeOnce(content: Uint8Array): AssetFile['write'] {
  let written: string | undefined;
  return target => {
    if (written === undefined || !tryLink(written, target)) {
      writeFileSync(target, content);
      written = target;
    }
  };
}

/** Returns false where the file system has no hard links. */
function tryLink(existing: string, target: string): boolean {
  try {
    linkSync(existing, target);
    return true;
  } catch {
    return false;
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

interface TextFile {
  readonly name: string;
  readonly text: string;
  readonly jsonEscape: boolean;
}

/** The text files of a dataset: its document, and its query if it has one. */
function textFilesOf({ names, document, script }: DatasetScripts): TextFile[] {
  const json = JSON.stringify(document, undefined, 2);
  return [
    { name: `${names.layer}.json`, text: `${json}\n`, jsonEscape: true },
    ...script.sql ? [{ name: `${names.layer}.sql`, text: script.sql.text, jsonEscape: false }] : [],
  ];
}

/** Whether a file contains a token, which only the deployment resolves. */
function isOnlyKnownAtDeployment({ text }: TextFile): boolean {
  return Token.isUnresolved(text);
}

/** The folder of a dataset, relative to `etl/`. */
function bundleFolder(names: DatasetNames): string {
  return `${names.dataset}/glue`;
}
