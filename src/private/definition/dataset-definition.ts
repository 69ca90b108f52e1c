import { Construct } from 'constructs';
import { DataQuality } from '../../data-quality';
import { IDataset } from '../../i-dataset';
import { LakeDatasetProps } from '../../lake-dataset-props';
import { Layer } from '../../layer';
import { DataQuality as DataQualityDocument, DatasetDocument } from '../document/dataset-document.generated';
import { synthError } from '../errors/synth-error';
import { JobScript } from '../scripts/script-bundle';

/** What a layer makes of a dataset's props. */
export interface DatasetDefinition {
  readonly layer: Layer;
  readonly document: DatasetDocument;
  readonly script: JobScript;
  /** What a gold dataset is made from. */
  readonly inputs?: IDataset[];
}

/** The keys that datasets of all layers have, where they are set. */
export function commonDocument(scope: Construct, props: LakeDatasetProps): Omit<DatasetDocument, 'source_datasets'> {
  return {
    dataset: props.dataset,
    description: props.description,
    data_size_category: props.dataSizeCategory,
    business_key: props.businessKey,
    business_keys: props.businessKeys,
    schema_contract: props.schemaContract,
    data_quality: props.dataQuality && dataQualityDocument(scope, props.dataQuality),
    schedule: props.schedule?._document,
    glue_version: props.glueVersion,
  };
}

function dataQualityDocument(scope: Construct, quality: DataQuality): DataQualityDocument {
  for (const prop of ['requiredColumns', 'expectedRecordCountMin'] as const) {
    if (quality[prop] !== undefined && quality[`${prop}ByTable`] !== undefined) {
      throw synthError(
        scope,
        'SETTINGS_CONFLICT',
        `dataQuality has both ${prop} and ${prop}ByTable.`,
        'Set one of them.',
      );
    }
  }
  return {
    required_columns: quality.requiredColumns ?? quality.requiredColumnsByTable,
    critical_null_threshold: quality.criticalNullThreshold,
    expected_record_count_min: quality.expectedRecordCountMin ?? quality.expectedRecordCountMinByTable,
    max_shrink: quality.maxShrink,
    max_rescued_share: quality.maxRescuedShare,
  };
}

/** A prop, the mark that its class has, and what to write. */
export type Kind = [prop: string, value: unknown, mark: string, expected: string];

/**
 * Where nobody checks types, a prop of another kind would count as left out: a schedule of aws-events, say, would never
 * start anything.
 */
export function checkKinds(scope: Construct, { core, schedule }: LakeDatasetProps, kinds: Kind[]): void {
  const all: Kind[] = [
    ['core', core, 'resourcePrefix', 'an EtlCore: new EtlCore(…) or EtlCore.fromPrefixes(…)'],
    ...kinds,
    ...(schedule === undefined
      ? []
      : [
        ['schedule', schedule, '_document', 'a Schedule of cdk-glue-medallion: Schedule.cron("0 6 * * ? *")'] as Kind,
      ]),
  ];
  all.forEach(kind => checkKind(scope, kind));
}

/** Fails for a value without the mark of its class. */
export function checkKind(scope: Construct, [prop, value, mark, expected]: Kind): void {
  if (typeof value !== 'object' || value === null || !(mark in value)) {
    throw value === undefined
      ? synthError(scope, 'SETTING_REQUIRED', `${prop} is missing.`, `Use ${expected}.`)
      : synthError(scope, 'PROP_TYPE_INVALID', `${prop} has the wrong type.`, `Use ${expected}.`);
  }
}
