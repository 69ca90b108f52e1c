import { Construct } from 'constructs';
import { History } from './history';
import { IDataset } from './i-dataset';
import { IEtlCore } from './i-etl-core';
import { LakeDataset } from './lake-dataset';
import { LakeDatasetProps } from './lake-dataset-props';
import { Layer } from './layer';
import { checkKinds, commonDocument, DatasetDefinition, Kind } from './private/definition/dataset-definition';
import { registerInputs } from './private/definition/dataset-graph';
import { synthError } from './private/errors/synth-error';
import { scriptOf } from './private/scripts/job-script';
import { Transform } from './transform';

/** What a gold dataset is called, how big it is, what it is made from and how. */
export interface GoldDatasetProps extends LakeDatasetProps {
  /**
   * What the dataset is made from: bronze and gold datasets of the same lake, those of other apps by
   * `BronzeDataset.fromName` and `GoldDataset.fromName`.
   *
   * A run reads what each has published last, whether a crawler ran or not. None for a table that is made from nothing,
   * such as a calendar.
   */
  readonly inputs: IDataset[];

  /** How its tables are made of them. */
  readonly transform: Transform;

  /**
   * The tables of a dataset of several, in snake_case: each is a temporary view that the query makes, or a table that
   * the script returns.
   *
   * @default - one table with the dataset's own name
   */
  readonly outputs?: string[];

  /**
   * Keeps every version of each row.
   *
   * @default - every run replaces the rows of the one before
   */
  readonly history?: History;
}

/**
 * Tables that are made from others, published as one or more tables of the gold database.
 *
 * It has the publication, the gates and the records of a bronze dataset.
 */
export class GoldDataset extends LakeDataset {
  /**
   * A gold dataset that another app deploys, as an input of others.
   *
   * @param core the lake it belongs to
   * @param dataset its name
   */
  public static fromName(core: IEtlCore, dataset: string): IDataset {
    return { core, dataset, layer: Layer.GOLD };
  }

  constructor(scope: Construct, id: string, props: GoldDatasetProps) {
    super(scope, id, props);
  }

  /** @internal */
  protected _define(props: GoldDatasetProps): DatasetDefinition {
    checkKinds(this, props, [
      ['transform', props.transform, '_definition', 'a Transform: Transform.sqlFile("gold/….sql")'],
      ['inputs', props.inputs, 'length', 'a list of datasets: [zipcodes]'],
      ...((props.inputs as unknown[]) ?? []).map((input, index): Kind => [
        `inputs[${index}]`,
        input,
        'layer',
        'a BronzeDataset or a GoldDataset',
      ]),
    ]);
    const inputs = props.inputs.map(({ layer, dataset }) => `${layer}/${dataset}`);
    for (const { core, dataset } of props.inputs) {
      if (
        core.resourcePrefix !== props.core.resourcePrefix
        || core.existingBucketName !== props.core.existingBucketName
      ) {
        throw synthError(
          this,
          'LAKE_MISMATCH',
          `inputs of dataset "${props.dataset}" has "${dataset}" of the lake "${core.resourcePrefix}".`,
          `Inputs must belong to the lake of the dataset, "${props.core.resourcePrefix}".`,
        );
      }
    }
    registerInputs(this, props.core.resourcePrefix, `${Layer.GOLD}/${props.dataset}`, inputs);
    const script = scriptOf(this, props.dataset, props.transform._definition);
    return {
      layer: Layer.GOLD,
      document: {
        ...commonDocument(this, props),
        source_datasets: inputs,
        sql: script.sql?.name,
        outputs: props.outputs,
        history: props.history && {
          business_key: props.history.businessKey,
          compare: props.history.compare,
          exclude: props.history.exclude,
        },
      },
      script,
      inputs: props.inputs,
    };
  }
}
