import { existsSync, statSync } from 'fs';
import * as path from 'path';
import { Annotations, Environment, Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { EtlConfig } from './etl-config';
import { EtlCore } from './etl-core';
import { EtlPipeline } from './etl-pipeline';
import { IEtlCore } from './i-etl-core';
import { LakeDataset } from './lake-dataset';
import { checkProps, PropTypes } from './private/errors/prop-types';
import { synthError } from './private/errors/synth-error';
import { ConfigFile } from './private/files/config-file';
import { DatasetFile } from './private/files/dataset-file';
import { createFileDataset } from './private/files/file-dataset';
import { createFilePipeline } from './private/files/file-pipeline';
import { problemsError } from './private/files/file-problem';
import { LakeFiles, readLakeFiles } from './private/files/lake-files';
import { LakeProblems } from './private/files/lake-problems';
import { PipelineFile } from './private/files/pipeline-file';
import { limitDescription, MAX_STACK_DESCRIPTION_BYTES } from './private/resources/description';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html */
const MAX_STACK_NAME_LENGTH = 128;

/** The prefix that is used if the prefix of a lake is invalid. */
const SUBSTITUTE_PREFIX = 'pp-dw';

const DIRECTORY_PROPS: PropTypes<DatasetDirectoryProps> = {
  path: 'unchecked',
  core: 'unchecked',
  env: 'unchecked',
  otherDatasets: 'unchecked',
};

/** Properties of a directory: where its configuration files are, and which lake they belong to. */
export interface DatasetDirectoryProps {
  /**
   * The path of the folder with the configuration files, such as `lake`. It is relative to the folder where you run
   * `cdk synth`.
   *
   * Synthesis fails with `FILE_NOT_FOUND` if the folder does not exist.
   */
  readonly path: string;

  /**
   * The lake that the datasets belong to.
   *
   * Set `core` if you need settings that cannot be set in a file, such as `alerts`, or if another app deploys the core.
   *
   * @default - a new EtlCore in its own stack, with the settings of `config.json` in the folder
   */
  readonly core?: IEtlCore;

  /**
   * The account and the Region of the stacks.
   *
   * @default - the environment of the stage; if the stage has none, the environment is known only at deployment
   */
  readonly env?: Environment;

  /**
   * Datasets of the lake that another app deploys, such as `bronze/zipcodes`. Datasets in this folder can use these
   * datasets as inputs, and pipelines can list them.
   *
   * @default - none; a name without a configuration file is probably a typo, so synthesis fails with `UNKNOWN_INPUT`
   * for an input and with `UNKNOWN_DATASET` for a dataset of a pipeline
   */
  readonly otherDatasets?: string[];
}

/**
 * A lake that is declared in configuration files.
 *
 * `config.json` in the folder configures the core. Every `config.json` in a subfolder, at any depth, describes a
 * dataset. Each dataset becomes a stack, which is deployed after the stacks of its inputs. The SQL file of a derived
 * dataset is in the folder of its `config.json`. `glue/bronze_job.py`, `glue/silver_job.py` or `glue/gold_job.py` in
 * that folder is a custom script that replaces the packaged job script.
 *
 * JSON files in the subfolder `pipelines` with a name other than `config.json`, such as `pipelines/daily.json`,
 * describe pipelines. Each pipeline also becomes a stack, which is deployed after the datasets that the pipeline lists.
 *
 * Symbolic links are followed. For a broken link, synthesis fails with `FILE_NOT_FOUND`. The JSON Schemas
 * `dataset.schema.json`, `config.schema.json` and `pipeline.schema.json` in the folder `glue-templates` of the package
 * describe the files. Refer to them with `$schema` in the files, so that your editor completes and checks the keys.
 *
 * Synthesis reports all problems in all files at once, each with its error code, file, line, column and JSON pointer,
 * and how to fix it.
 *
 * @exampleMetadata fixture=lake
 * @example
 * const lake = new DatasetDirectory(app, 'Lake', { path: 'lake' });
 *
 * new CfnOutput(datasets, 'Job', { value: lake.datasets['bronze/zipcodes'].jobName });
 */
export class DatasetDirectory extends Construct {
  /** The lake that the datasets belong to. */
  public readonly core: IEtlCore;
  /** The datasets by layer and name, such as `bronze/zipcodes`. */
  public readonly datasets: { [name: string]: LakeDataset };

  /** The pipelines by name, such as `daily`. */
  public readonly pipelines: { [name: string]: EtlPipeline };

  /**
   * Creates the stacks of a lake from a folder of configuration files.
   *
   * @param scope the scope of the construct, usually the app or a stage
   * @param id the ID of the construct within its scope
   * @param props the properties of the directory
   */
  constructor(scope: Construct, id: string, props: DatasetDirectoryProps) {
    super(scope, id);
    checkProps(this, props, DIRECTORY_PROPS);
    const folder = this.folderOf(props);
    const files = readLakeFiles(folder, { hasCore: props.core !== undefined, otherDatasets: props.otherDatasets });
    const problems = new LakeProblems(files);
    this.core = props.core
      ?? problems.ofCore(() => this.createCore(files, props.env))
      ?? this.substituteCore(files);
    this.datasets = {};
    for (const file of files.datasets) {
      problems.ofDataset(file, () => this.createDataset(file, props.env));
    }
    this.pipelines = {};
    for (const file of files.pipelines) {
      problems.ofPipeline(file, () => this.createPipeline(file, props.env));
    }
    for (const file of files.datasets) {
      problems.ofDataset(file, () => this.datasets[file.name]?.node.validate());
    }
    for (const file of files.pipelines) {
      problems.ofPipeline(file, () => this.pipelines[file.name]?.node.validate());
    }
    if (problems.all.length > 0) {
      throw problemsError(problems.all, files.warnings);
    }
  }

  private folderOf(props: DatasetDirectoryProps): string {
    const folder = path.resolve(props.path);
    if (!existsSync(folder) || !statSync(folder).isDirectory()) {
      throw synthError(
        this,
        'FILE_NOT_FOUND',
        `path is "${props.path}", which is not a folder.`,
        'Set path to an existing folder. Paths are relative to the folder where you run cdk: '
          + `${process.cwd()}.`,
      );
    }
    return folder;
  }

  /** The core that the file configures. Undefined if the file is missing or invalid. */
  private createCore({ core }: LakeFiles, env?: Environment): EtlCore | undefined {
    if (core?.document === undefined) {
      return undefined;
    }
    const config = EtlConfig._fromDocument(core.document);
    const stack = new Stack(this, 'core', {
      stackName: `${config.resourcePrefix}-core`,
      env,
      description: `Core of the lake ${config.resourcePrefix}`,
    });
    warn(stack, core.config);
    return new EtlCore(stack, 'Core', config);
  }

  /** A substitute for the core, to check the datasets even if the file of the core is invalid. It is never deployed. */
  private substituteCore({ core }: LakeFiles): IEtlCore {
    const prefix = core?.prefix ?? SUBSTITUTE_PREFIX;
    return EtlCore.fromPrefixes(new Stack(this, 'substitute'), 'Core', { resourcePrefix: prefix });
  }

  private createDataset(file: DatasetFile, env?: Environment): void {
    const id = file.name.replace('/', '-');
    if (this.node.tryFindChild(id) !== undefined) {
      return;
    }
    const stack = this.createStack(id, id, file, env);
    this.datasets[file.name] = createFileDataset(stack, this.core, file);
    this.deployAfterDatasets(stack, file.inputs, 'is an input');
  }

  private createPipeline(file: PipelineFile, env?: Environment): void {
    const id = `pipeline-${file.name}`;
    // Without a known dataset, the file has a problem that is already reported.
    if (this.node.tryFindChild(id) !== undefined || file.datasets.length === 0) {
      return;
    }
    const stack = this.createStack(id, file.name, file, env);
    this.pipelines[file.name] = createFilePipeline(stack, this.core, file, this.datasets);
    this.deployAfterDatasets(stack, file.datasets, 'is part of the pipeline');
  }

  /**
   * Creates the stack of a dataset or a pipeline.
   *
   * @param suffix the part of the stack name that follows the prefix
   */
  private createStack(id: string, suffix: string, file: DatasetFile | PipelineFile, env?: Environment): Stack {
    const prefix = this.core.resourcePrefix;
    const name = Token.isUnresolved(prefix) ? undefined : `${prefix}-${suffix}`;
    if (name !== undefined && name.length > MAX_STACK_NAME_LENGTH) {
      throw synthError(
        this,
        'NAME_TOO_LONG',
        `the name of the stack "${name}" has ${name.length} characters; the maximum is ${MAX_STACK_NAME_LENGTH}.`,
        'Use a shorter prefix or dataset name.',
      );
    }
    const stack = new Stack(this, id, {
      stackName: name,
      env,
      description: limitDescription(file.document.description, MAX_STACK_DESCRIPTION_BYTES),
    });
    warn(stack, file.config);
    return stack;
  }

  private deployAfterDatasets(stack: Stack, datasets: string[], reason: string): void {
    for (const dataset of datasets) {
      if (this.datasets[dataset]) {
        deployAfter(stack, Stack.of(this.datasets[dataset]), reason);
      }
    }
  }
}

/** Adds the warnings about a valid file to its stack. */
function warn(stack: Stack, { warnings }: ConfigFile): void {
  for (const [index, warning] of warnings.entries()) {
    Annotations.of(stack).addWarningV2(`cdk-glue-medallion:config-file-${index}`, warning);
  }
}

/**
 * Deploys a stack after another one. Stack.addDependency is deprecated, but older CDK versions do not have its
 * replacement.
 */
function deployAfter(stack: Stack, other: Stack, reason: string): void {
  const { addStackDependency = stack.addDependency } = stack as { addStackDependency?: Stack['addDependency'] };
  addStackDependency.call(stack, other, reason);
}
