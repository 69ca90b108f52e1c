import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'fs';
import * as path from 'path';
import { Aspects, FileSystem, IAspect, RemovalPolicy, Stack, Stage, Token } from 'aws-cdk-lib';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { CfnPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnFunction, SingletonFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct, IConstruct } from 'constructs';
import { GLUE_TEMPLATES } from '../glue-templates';
import { etlRuntimePackage } from './job-package';
import { IEtlCore } from '../../i-etl-core';
import { Layer } from '../../layer';
import { DatasetNames } from '../../naming';
import { DatasetDocument } from '../document/dataset-document.generated';
import { synthError } from '../errors/synth-error';
import { objectKeyStatement } from '../resources/lake-key';
import { acknowledge, acknowledgeWildcards } from '../resources/nag-suppressions';
import { isInSameStage } from '../resources/same-stage';

/** A job's script, and the query beside it. */
export interface JobScript {
  /** The script's file on this machine. */
  readonly path: string;
  /** Whether it is the user's, in place of the packaged one. */
  readonly isOwn?: boolean;
  /** The query by the name of its file. */
  readonly sql?: { readonly name: string; readonly text: string };
}

/** The script of a layer that comes with this library. */
export function packagedScript(layer: Layer): string {
  return path.join(GLUE_TEMPLATES, 'jobs', `${layer}_job.py`);
}

/** What one dataset puts into the bundle of its stack. */
export interface DatasetScripts {
  readonly names: DatasetNames;
  readonly document: DatasetDocument;
  readonly script: JobScript;
  /** Waits for the deployment. */
  readonly job: CfnJob;
  readonly core: IEtlCore;
}

/** Where a dataset's job finds the package it imports. */
export function runtimePackageUri(names: DatasetNames): string {
  return names.lake.uri(`${names.scriptFolder}${etlRuntimePackage().fileName}`);
}

/** Deploys a dataset's script, document and package together with those of all other datasets of its stack. */
export function deployScripts(scope: Construct, scripts: DatasetScripts): void {
  const stage = Stage.of(scope) ?? scope.node.root;
  let bundles = bundlesByStage.get(stage);
  if (!bundles) {
    bundles = new ScriptBundles(stage);
    bundlesByStage.set(stage, bundles);
    Aspects.of(stage).add(bundles, { priority: BEFORE_OTHERS });
  }
  bundles.add(scope, scripts);
}

const bundlesByStage = new WeakMap<IConstruct, ScriptBundles>();

/** The deployments must stand before the aspects that tag or check what is there, which have priority 200 and more. */
const BEFORE_OTHERS = 100;

/**
 * The bundles of a stage's stacks, made at synth when all datasets are known.
 *
 * One aspect on the stage and not one a stack: CDK starts its walk again when an aspect adds constructs, a hundred
 * times at most.
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
        'Create all datasets before the first synth().',
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
      new ScriptBundle(stack, scripts);
    }
  }
}

/** One stack's scripts: one deployment for each bucket, and nearly always that is one. */
class ScriptBundle extends Construct {
  private readonly role: Role;
  private readonly logGroup: LogGroup;

  constructor(stack: Stack, scripts: DatasetScripts[]) {
    super(stack, 'GlueScripts');
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Copies the scripts of Glue jobs into the lake',
    });
    this.logGroup.grantWrite(this.role);

    const buckets = [...new Set(scripts.map(({ names }) => names.lake.bucket))];
    for (const [index, bucket] of buckets.entries()) {
      const id = index === 0 ? 'Deployment' : `Deployment${index + 1}`;
      this.deploy(id, bucket, scripts.filter(({ names }) => names.lake.bucket === bucket));
    }
  }

  private deploy(id: string, bucketName: string, scripts: DatasetScripts[]): void {
    const asset = this.stageFolder(`${id}Files`, scripts);
    // By its name, so that the deployment's tag on the bucket does not land in the stack that owns it.
    const bucket = Bucket.fromBucketName(this, `${id}Bucket`, bucketName);
    const readAssets = new PolicyStatement({ actions: ['s3:GetObject'], resources: [asset.bucket.arnForObjects('*')] });
    const listScripts = new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': 'etl/*' } },
    });
    const writeScripts = new PolicyStatement({
      actions: ['s3:PutObject'],
      resources: [bucket.arnForObjects('etl/*/glue/*')],
    });
    const encrypted = scripts.find(({ core }) => core.encrypted);
    const useKey = encrypted && objectKeyStatement(Stack.of(this), encrypted.names.lake);
    this.role.addToPolicy(readAssets);
    this.role.addToPolicy(listScripts);
    this.role.addToPolicy(writeScripts);
    const policy = this.role.node.findChild('DefaultPolicy').node.defaultChild as CfnPolicy;
    acknowledgeWildcards(
      policy,
      'The names of assets are hashes. A right to the newest alone would come too late, or be missed by a rollback.',
      readAssets,
    );
    acknowledgeWildcards(policy, 'Scripts lie in a folder for each dataset of the stack.', writeScripts);
    if (useKey) {
      this.role.addToPolicy(useKey);
      acknowledgeWildcards(
        policy,
        "The key is another stack's. A condition holds its use to the objects of the lake's bucket.",
        useKey,
      );
    }

    const deployment = new BucketDeployment(this, id, {
      sources: [
        Source.bucket(asset.bucket, asset.s3ObjectKey),
        ...scripts.flatMap(script => textsOf(script).filter(isOnlyKnownAtDeployment).map(({ name, text, jsonEscape }) =>
          Source.data(`${bundleFolder(script.names)}/${name}`, text, { jsonEscape }))),
      ],
      destinationBucket: bucket,
      destinationKeyPrefix: 'etl',
      prune: false,
      // The deployment's own grants would open the whole bucket to its function.
      role: this.role.withoutPolicyUpdates(),
      // The AWS CLI it starts takes minutes in the 128 MB of the default.
      memoryLimit: 512,
      logGroup: this.logGroup,
    });
    const handler = deployment.node.tryFindChild('CustomResourceHandler');
    if (handler instanceof SingletonFunction) {
      acknowledge(
        handler.permissionsNode.defaultChild as CfnFunction,
        'L1',
        'aws-cdk-lib sets the runtime of its own function.',
      );
    }
    for (const { job, core } of scripts) {
      job.node.addDependency(deployment);
      if (isInSameStage(core, this)) {
        // After all of it: a bucket with files in it could not be taken away when the first deployment is rolled back.
        deployment.node.addDependency(core);
      }
    }
  }

  /** The folder as it will lie under `etl/`, staged as an asset. */
  private stageFolder(id: string, scripts: DatasetScripts[]): Asset {
    const runtime = etlRuntimePackage();
    const folder = FileSystem.mkdtemp('glue-scripts');
    try {
      for (const each of scripts) {
        const { names, script } = each;
        const target = path.join(folder, bundleFolder(names));
        mkdirSync(target, { recursive: true });
        copyFileSync(script.path, path.join(target, `${names.layer}_job.py`));
        writeFileSync(path.join(target, runtime.fileName), runtime.bytes);
        for (const { name, text } of textsOf(each).filter(found => !isOnlyKnownAtDeployment(found))) {
          writeFileSync(path.join(target, name), text);
        }
      }
      return new Asset(this, id, { path: folder });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

interface Text {
  readonly name: string;
  readonly text: string;
  readonly jsonEscape: boolean;
}

/** The texts of a dataset: its document, and its query if it has one. */
function textsOf({ names, document, script }: DatasetScripts): Text[] {
  const json = JSON.stringify(document, undefined, 2);
  return [
    { name: `${names.layer}.json`, text: `${json}\n`, jsonEscape: true },
    ...script.sql ? [{ ...script.sql, jsonEscape: false }] : [],
  ];
}

/** A text with a token in it is filled in by the deployment. */
function isOnlyKnownAtDeployment({ text }: Text): boolean {
  return Token.isUnresolved(text);
}

/** The folder of a dataset within the deployed one. */
function bundleFolder(names: DatasetNames): string {
  return `${names.dataset}/glue`;
}
