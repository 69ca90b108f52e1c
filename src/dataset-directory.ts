import { existsSync, statSync } from 'fs';
import * as path from 'path';
import { Annotations, Environment, Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { EtlConfig } from './etl-config';
import { EtlCore } from './etl-core';
import { IEtlCore } from './i-etl-core';
import { LakeDataset } from './lake-dataset';
import { synthError } from './private/errors/synth-error';
import { CONFIG, DatasetFile, readDatasetFiles } from './private/files/dataset-files';
import { createFileDataset } from './private/files/file-dataset';
import { shown } from './private/files/json-file';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html */
const LONGEST_STACK_NAME = 128;

/** Where the files of a lake are. */
export interface DatasetDirectoryProps {
  /** The folder with the files, from the folder where `cdk synth` runs, for example `lake`. */
  readonly path: string;

  /**
   * The lake the datasets belong to, for a core that takes more than its file holds, such as alerts, or that another
   * app deploys.
   *
   * @default - an EtlCore in a stack of its own, as `config.json` in the folder says
   */
  readonly core?: IEtlCore;

  /**
   * The account and the region of the stacks.
   *
   * @default - those of the stage, or known only at deployment
   */
  readonly env?: Environment;

  /**
   * Datasets of the lake that others deploy and that datasets here are made from, as `bronze/zipcodes`.
   *
   * @default - none: an input that no file describes is an error
   */
  readonly otherDatasets?: string[];
}

/**
 * A lake from files: `config.json` describes the core, and every `config.json` in a folder below it, at any depth, a
 * dataset.
 *
 * Each becomes a stack, the core first, a gold dataset after those it is made from. Beside the file of a gold dataset
 * lies its query; `glue/bronze_job.py` or `glue/gold_job.py` there takes the place of the packaged script.
 *
 * `glue-templates/dataset.schema.json` in the package describes the files; name it as `$schema` in them, and editors
 * complete them.
 *
 * Fails with all that is wrong in all files, each with its line, its JSON pointer and what to do.
 */
export class DatasetDirectory extends Construct {
  /** The lake the datasets belong to. */
  public readonly core: IEtlCore;
  /** The datasets by their names, as `bronze/zipcodes`. */
  public readonly datasets: { [name: string]: LakeDataset };

  constructor(scope: Construct, id: string, props: DatasetDirectoryProps) {
    super(scope, id);
    const folder = this.folderOf(props);
    const files = readDatasetFiles(folder, props.otherDatasets ?? []);
    if (files.length === 0) {
      throw synthError(
        this,
        'DATASETS_REQUIRED',
        `there is no dataset below ${shown(folder)}.`,
        `Add ${shown(folder)}/<dataset>/${CONFIG}.`,
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
        `path is "${props.path}", which is not an existing folder.`,
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
        `there is no ${shown(file)}.`,
        'Write { "etl_resource_prefix": "pp-dw" } into it, with a prefix of your own, or set core.',
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
    if (name !== undefined && name.length > LONGEST_STACK_NAME) {
      throw synthError(
        this,
        'NAME_TOO_LONG',
        `the stack of ${file.file} would be named "${name}", with ${name.length} characters, `
          + `${LONGEST_STACK_NAME} are allowed.`,
        'Use a shorter prefix or dataset name.',
      );
    }
    const stack = new Stack(this, id, { stackName: name, env, description: file.document.description });
    file.warnings.forEach((warning, index) =>
      Annotations.of(stack).addWarningV2(`cdk-glue-medallion:unknown-key-${index}`, warning),
    );
    const dataset = createFileDataset(stack, this.core, file);
    for (const input of file.document.source_datasets ?? []) {
      if (this.datasets[input]) {
        stack.addDependency(Stack.of(this.datasets[input]), 'is made from it');
      }
    }
    return dataset;
  }
}
