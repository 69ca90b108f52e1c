import { Construct } from 'constructs';
import { DatasetFile } from './dataset-files';
import { BronzeDataset, BronzeDatasetProps } from '../../bronze-dataset';
import { GlueVersion } from '../../glue-version';
import { GoldDataset, GoldDatasetProps } from '../../gold-dataset';
import { IEtlCore } from '../../i-etl-core';
import { LakeDataset } from '../../lake-dataset';
import { LakeDatasetProps } from '../../lake-dataset-props';
import { Layer } from '../../layer';
import { DataSizeCategory } from '../../sizing';
import { DatasetDefinition } from '../definition/dataset-definition';
import { registerInputs } from '../definition/dataset-graph';

interface FileDatasetProps extends LakeDatasetProps {
  readonly definition: DatasetDefinition;
}

/** Creates the construct of a dataset that is defined in a file instead of props. */
export function createFileDataset(
  scope: Construct,
  core: IEtlCore,
  { document, layer, script, sourceFiles }: DatasetFile,
): LakeDataset {
  const inputs = document.source_datasets?.map(name => inputOf(core, name));
  const props: FileDatasetProps = {
    core,
    dataset: document.dataset,
    description: document.description,
    dataSizeCategory: document.data_size_category as DataSizeCategory,
    glueVersion: document.glue_version as GlueVersion | undefined,
    definition: { document, layer, script, sourceFiles, inputs },
  };
  return layer === Layer.BRONZE
    ? new FileBronzeDataset(scope, 'Dataset', props)
    : new FileGoldDataset(scope, 'Dataset', props);
}

function inputOf(core: IEtlCore, name: string) {
  const [layer, dataset] = name.split('/');
  return layer === Layer.BRONZE ? BronzeDataset.fromName(core, dataset) : GoldDataset.fromName(core, dataset);
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

class FileGoldDataset extends GoldDataset {
  constructor(scope: Construct, id: string, props: FileDatasetProps) {
    super(scope, id, props as LakeDatasetProps as GoldDatasetProps);
  }

  /** @internal */
  protected _define(props: LakeDatasetProps): DatasetDefinition {
    const { definition } = props as FileDatasetProps;
    registerInputs(
      this,
      props.core.resourcePrefix,
      `${Layer.GOLD}/${props.dataset}`,
      definition.document.source_datasets ?? [],
    );
    return definition;
  }
}
