import { IRole, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DatasetFile } from './dataset-file';
import { BronzeDataset, BronzeDatasetProps } from '../../bronze-dataset';
import { DerivedDatasetProps } from '../../derived-dataset';
import { GlueVersion } from '../../glue-version';
import { GoldDataset } from '../../gold-dataset';
import { IDataset } from '../../i-dataset';
import { IEtlCore } from '../../i-etl-core';
import { LakeDataset } from '../../lake-dataset';
import { LakeDatasetProps } from '../../lake-dataset-props';
import { Layer } from '../../layer';
import { SilverDataset } from '../../silver-dataset';
import { DataSizeCategory } from '../../sizing';
import { DatasetDefinition } from '../definition/dataset-definition';

interface FileDatasetProps extends LakeDatasetProps {
  readonly definition: DatasetDefinition;
}

/** Creates the construct of a dataset that is defined in a file instead of props. */
export function createFileDataset(
  scope: Construct,
  core: IEtlCore,
  { document: { role, ...document }, layer, script, sourceFiles, inputs: names }: DatasetFile,
): LakeDataset {
  const inputs = layer === Layer.BRONZE && names.length === 0
    ? undefined
    : names.map(name => datasetReference(core, name));
  const props: FileDatasetProps = {
    core,
    dataset: document.dataset,
    description: document.description,
    dataSizeCategory: document.data_size_category as DataSizeCategory,
    glueVersion: document.glue_version as GlueVersion | undefined,
    role: role === undefined ? undefined : existingRole(scope, role),
    definition: { document, layer, script, sourceFiles, inputs },
  };
  return new FILE_DATASETS[layer](scope, 'Dataset', props);
}

/** The library adds no policies to an existing role. */
function existingRole(scope: Construct, role: string): IRole {
  return role.startsWith('arn:')
    ? Role.fromRoleArn(scope, 'Role', role, { mutable: false })
    : Role.fromRoleName(scope, 'Role', role, { mutable: false });
}

/** A dataset by its name, such as `bronze/zipcodes`. */
export function datasetReference(core: IEtlCore, name: string): IDataset {
  const [layer, dataset] = name.split('/');
  return { core, dataset, layer: layer as Layer };
}

class FileBronzeDataset extends BronzeDataset {
  constructor(scope: Construct, id: string, props: FileDatasetProps) {
    super(scope, id, props as LakeDatasetProps as BronzeDatasetProps);
  }

  /** @internal */
  protected _define(props: LakeDatasetProps): DatasetDefinition {
    return (props as FileDatasetProps).definition;
  }
}

class FileSilverDataset extends SilverDataset {
  constructor(scope: Construct, id: string, props: FileDatasetProps) {
    super(scope, id, props as LakeDatasetProps as DerivedDatasetProps);
  }

  /** @internal */
  protected _define(props: LakeDatasetProps): DatasetDefinition {
    return (props as FileDatasetProps).definition;
  }
}

class FileGoldDataset extends GoldDataset {
  constructor(scope: Construct, id: string, props: FileDatasetProps) {
    super(scope, id, props as LakeDatasetProps as DerivedDatasetProps);
  }

  /** @internal */
  protected _define(props: LakeDatasetProps): DatasetDefinition {
    return (props as FileDatasetProps).definition;
  }
}

const FILE_DATASETS: { readonly [layer in Layer]: new (
  scope: Construct, id: string, props: FileDatasetProps,
) => LakeDataset } = {
  [Layer.BRONZE]: FileBronzeDataset,
  [Layer.SILVER]: FileSilverDataset,
  [Layer.GOLD]: FileGoldDataset,
};
