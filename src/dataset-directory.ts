import { existsSync, statSync } from 'fs';
import * as path from 'path';
import { Annotations, Environment, Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { EtlConfig } from './etl-config';
import { EtlCore } from './etl-core';
import { IEtlCore } from './i-etl-core';
import { LakeDataset } from './lake-dataset';
import { checkProps, PropTypes } from './private/errors/prop-types';
import { synthError } from './private/errors/synth-error';
import { CONFIG, DatasetFile, readDatasetFiles } from './private/files/dataset-files';
import { createFileDataset } from './private/files/file-dataset';
import { relativePath } from './private/files/json-file';
import { limitDescription, MAX_STACK_DESCRIPTION_BYTES } from './private/resources/description';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html */
const MAX_STACK_NAME_LENGTH = 128;

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
   * Set it to use settings that a file cannot have, such as `alerts`, or a core that another app deploys.
   *
   * @default - a new EtlCore in its own stack, with the settings of `config.json` in the folder
   */
  readonly core?: IEtlCore;

  /**
   * The account and the Region of the stacks.
   *
   * @default - the environment of the stage; without one, the environment is known only at deployment
   */
  readonly env?: Environment;

  /**
   * Datasets of the lake that another app deploys and that datasets in this folder use as inputs, such as
   * `bronze/zipcodes`.
   *
   * @default - none; an input without a configuration file fails with `UNKNOWN_INPUT`, because it is probably a typo
   */
  readonly otherDatasets?: string[];
}

/**
 * A lake that is declared in configuration files.
 *
 * `config.json` in the folder configures the core. Every `config.json` in a subfolder, at any depth, is a dataset. Each
 * of them becomes a stack; a derived dataset is deployed after its inputs. The SQL file of a derived dataset is in the
 * folder of its `config.json`. `glue/bronze_job.py`, `glue/silver_job.py` or `glue/gold_job.py` in that folder is a
 * custom script that replaces the packaged job script. Symbolic links are followed; a broken one fails with
 * `FILE_NOT_FOUND`.
 *
 * The JSON Schemas `glue-templates/dataset.schema.json` and `glue-templates/config.schema.json` in the package describe
 * the files. Name them as `$schema` in the files, and your editor completes and checks the keys.
 *
 * Synthesis reports all problems in all files at once, each with its error code, file, line, column, JSON pointer and
 * what to do.
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
    const files = readDatasetFiles(folder, props.otherDatasets ?? []);
    if (files.length === 0) {
      throw synthError(
        this,
        'DATASETS_REQUIRED',
        `the folder ${relativePath(folder)} contains no dataset.`,
        `Add ${relativePath(folder)}/<dataset>/${CONFIG}.`,
      );
    }
    this.core = props.core ?? this.createCore(path.join(folder, CONFIG), props.env);
    this.datasets = {};
    for (const file of files) {
      this.datasets[file.name] = this.createDataset(file, props.env);
    }
  }

  private folderOf(props: DatasetDirectoryProps): string {
    const folder = path.resolve(props.path);
    if (!existsSync(folder) || !statSync(folder).isDirectory()) {
      throw synthError(
        this,
        'FILE_NOT_FOUND',
        `path is "${props.path}", which is not a folder.`,
        `Paths are relative to the folder where cdk runs, ${process.cwd()}.`,
      );
    }
    return folder;
  }

  private createCore(file: string, env?: Environment): EtlCore {
    if (!existsSync(file)) {
      throw synthError(
        this,
        'FILE_NOT_FOUND',
        `the file ${relativePath(file)} does not exist.`,
        'Create it, for example with { "etl_resource_prefix": "pp-dw" }, or set core.',
      );
    }
    const config = EtlConfig.fromFile(file);
    const stack = new Stack(this, 'core', {
      stackName: `${config.resourcePrefix}-core`,
      env,
      description: `Core of the lake ${config.resourcePrefix}`,
    });
    return new EtlCore(stack, 'Core', config);
  }

  private createDataset(file: DatasetFile, env?: Environment): LakeDataset {
    const id = file.name.replace('/', '-');
    const prefix = this.core.resourcePrefix;
    const name = Token.isUnresolved(prefix) ? undefined : `${prefix}-${id}`;
    if (name !== undefined && name.length > MAX_STACK_NAME_LENGTH) {
      throw synthError(
        this,
        'NAME_TOO_LONG',
        `the name of the stack of ${file.file}, "${name}", has ${name.length} characters, `
          + `${MAX_STACK_NAME_LENGTH} are allowed.`,
        'Use a shorter prefix or dataset name.',
      );
    }
    const stack = new Stack(this, id, {
      stackName: name,
      env,
      description: limitDescription(file.document.description, MAX_STACK_DESCRIPTION_BYTES),
    });
    file.warnings.forEach((warning, index) =>
      Annotations.of(stack).addWarningV2(`cdk-glue-medallion:unknown-key-${index}`, warning),
    );
    const dataset = createFileDataset(stack, this.core, file);
    for (const input of file.document.source_datasets ?? []) {
      if (this.datasets[input]) {
        deployAfter(stack, Stack.of(this.datasets[input]));
      }
    }
    return dataset;
  }
}

/** Deploys a stack after another one. Stack.addDependency is deprecated, but older versions lack its successor. */
function deployAfter(stack: Stack, input: Stack): void {
  const { addStackDependency = stack.addDependency } = stack as { addStackDependency?: Stack['addDependency'] };
  addStackDependency.call(stack, input, 'is an input');
}
