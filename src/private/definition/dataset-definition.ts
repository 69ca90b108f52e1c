import { Construct } from 'constructs';
import { DataQuality } from '../../data-quality';
import { DataRule } from '../../data-rule';
import { Freshness } from '../../freshness';
import { IDataset } from '../../i-dataset';
import { LakeDatasetProps } from '../../lake-dataset-props';
import { Layer } from '../../layer';
import {
  DataQuality as DataQualityDocument, DataRule as DataRuleDocument, DatasetDocument, Freshness as FreshnessDocument,
} from '../document/dataset-document.generated';
import { datasetSchema } from '../document/dataset-schema';
import { pendingName } from '../document/pending-lookup';
import { isStruct, plainCopy } from '../document/struct-keys';
import { checkStruct, DURATION, PropTypes, ROLE } from '../errors/prop-types';
import { synthError } from '../errors/synth-error';
import { JobScript } from '../scripts/script-bundle';
import { SourceFile } from '../scripts/source-files';

/** The definition of a dataset: its layer, document and script. The dataset classes create it from their props. */
export interface DatasetDefinition {
  readonly layer: Layer;
  readonly document: DatasetDocument;
  readonly script: JobScript;
  /** The files of the app that `source_url` in the document refers to by their paths. */
  readonly sourceFiles?: SourceFile[];
  /** The datasets whose tables the dataset reads. Undefined for a bronze dataset that reads none. */
  readonly inputs?: IDataset[];
}

/** The document keys that datasets of all layers share. */
export function commonDocument(scope: Construct, props: LakeDatasetProps): Omit<DatasetDocument, 'source_datasets'> {
  return {
    dataset: pendingName(props.dataset),
    description: props.description,
    data_size_category: props.dataSizeCategory,
    business_key: props.businessKey,
    business_keys: props.businessKeys,
    schema_contract: props.schemaContract,
    table_format: props.tableFormat,
    data_quality: props.dataQuality && dataQualityDocument(scope, props.dataQuality),
    schedule: props.schedule?._document,
    freshness: props.freshness && freshnessDocument(scope, props.freshness),
    glue_version: props.glueVersion,
    worker_type: props.workerType,
    number_of_workers: props.numberOfWorkers,
    auto_scaling: props.autoScaling,
    flex: props.flex,
    timeout_minutes: props.timeout?.toMinutes(),
    max_retries: props.maxRetries,
  };
}

function dataQualityDocument(scope: Construct, quality: DataQuality): DataQualityDocument {
  if (!isStruct(quality)) {
    return quality;
  }
  for (const prop of ['requiredColumns', 'expectedRecordCountMin'] as const) {
    if (quality[prop] !== undefined && quality[`${prop}ByTable`] !== undefined) {
      throw synthError(
        scope,
        'SETTINGS_CONFLICT',
        `dataQuality has both ${prop} and ${prop}ByTable.`,
        'Set only one of them.',
      );
    }
  }
  const { requiredColumnsByTable, expectedRecordCountMinByTable, rules, ...others } = plainCopy(quality);
  return datasetSchema().documentKeys({
    ...others,
    requiredColumns: quality.requiredColumns ?? requiredColumnsByTable,
    expectedRecordCountMin: quality.expectedRecordCountMin ?? expectedRecordCountMinByTable,
    rules: rules && rulesDocument(scope, rules),
  });
}

function rulesDocument(scope: Construct, rules: DataRule[]): DataRuleDocument[] {
  // The schema reports a value that is not a list, or a list that is only known at deployment.
  if (!Array.isArray(rules)) {
    return rules;
  }
  return rules.map((rule, index) => {
    checkPropType(scope, [
      `dataQuality.rules[${index}]`, rule, '_rule', 'a DataRule: DataRule.condition("length(state) = 2")',
    ]);
    return rule._rule;
  });
}

/**
 * The freshness key of the document. A `maxAge` that is missing or not in whole hours is not rejected here, because the
 * schema check reports it.
 */
function freshnessDocument(scope: Construct, freshness: Freshness): FreshnessDocument {
  checkStruct(scope, 'freshness', freshness, FRESHNESS_PROPS);
  return { max_age_hours: freshness.maxAge?.toHours({ integral: false }) };
}

const FRESHNESS_PROPS: PropTypes<Freshness> = {
  maxAge: { member: 'toHours', example: 'a Duration: Duration.hours(26)' },
};

/** Fails if an input is not a dataset, or if it is a dataset of another lake. */
export function checkInput(scope: Construct, { core, dataset }: LakeDatasetProps, prop: string, input: IDataset): void {
  checkPropType(scope, [prop, input, 'layer', 'a dataset: a BronzeDataset, a SilverDataset or a GoldDataset']);
  if (
    input.core.resourcePrefix !== core.resourcePrefix || input.core.existingBucketName !== core.existingBucketName
  ) {
    throw synthError(
      scope,
      'LAKE_MISMATCH',
      `${prop.replace(/\[\d+\]$/, '')} of dataset "${dataset}" contains "${input.dataset}", which belongs to the `
        + `lake "${input.core.resourcePrefix}".`,
      `Use inputs of the lake "${core.resourcePrefix}".`,
    );
  }
}

/** The props that datasets of all layers share. */
export const COMMON_PROPS: PropTypes<LakeDatasetProps> = {
  core: 'unchecked',
  dataset: 'unchecked',
  dataSizeCategory: 'unchecked',
  description: 'unchecked',
  businessKey: 'unchecked',
  businessKeys: 'unchecked',
  schemaContract: 'unchecked',
  tableFormat: 'unchecked',
  dataQuality: 'unchecked',
  schedule: {
    member: '_document',
    example: 'a Schedule from cdk-glue-medallion: Schedule.cron("0 6 * * ? *")',
  },
  freshness: 'unchecked',
  glueVersion: 'unchecked',
  workerType: 'unchecked',
  numberOfWorkers: 'unchecked',
  autoScaling: 'unchecked',
  flex: 'unchecked',
  timeout: DURATION,
  maxRetries: 'unchecked',
  role: ROLE,
};

/**
 * The name of a prop, its value, a member by which a value of the right class is recognized, and a description of the
 * expected value.
 */
export type PropType = [prop: string, value: unknown, member: string, expected: string];

/** Fails if a required prop is missing or has the wrong type. */
export function checkPropTypes(scope: Construct, { core }: LakeDatasetProps, types: PropType[]): void {
  checkPropType(scope, ['core', core, 'resourcePrefix', 'an EtlCore: new EtlCore(…) or EtlCore.fromPrefixes(…)']);
  types.forEach(type => checkPropType(scope, type));
}

/** Fails if the value does not have the member by which a value of the right class is recognized. */
export function checkPropType(scope: Construct, [prop, value, member, expected]: PropType): void {
  if (typeof value !== 'object' || value === null || !(member in value)) {
    throw value === undefined
      ? synthError(scope, 'SETTING_REQUIRED', `${prop} is missing.`, `Use ${expected}.`)
      : synthError(scope, 'PROP_TYPE_INVALID', `${prop} has the wrong type.`, `Use ${expected}.`);
  }
}
