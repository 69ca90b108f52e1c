import { Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { PropType, checkInput, checkPropType } from './dataset-definition';
import { ApiEndpoint, ForEachTable } from '../../api-endpoint';
import { IDataset } from '../../i-dataset';
import { LakeDatasetProps } from '../../lake-dataset-props';
import {
  ApiEndpoint as ApiEndpointDocument,
  DatasetDocument,
  ForEach as ForEachDocument,
} from '../document/dataset-document.generated';
import { datasetSchema } from '../document/dataset-schema';
import { isPendingLookup } from '../document/pending-lookup';
import { camelKeys } from '../document/struct-keys';
import { checkStruct } from '../errors/prop-types';
import { synthError } from '../errors/synth-error';
import { readSourceFiles, SourceFile } from '../scripts/source-files';

/** The settings of a Source. */
export interface SourceDefinition {
  /** The URL or URLs of files. */
  readonly url?: string | string[];
  /** The path or paths of files of the app, relative to the folder where cdk runs. */
  readonly path?: string | string[];
  readonly options?: { readonly files?: string };
  /** Whether the URL must be an S3 URL. */
  readonly isS3?: boolean;
  /** The endpoints of an API, by name. */
  readonly endpoints?: { readonly [name: string]: ApiEndpoint };
}

/**
 * The document keys of a source.
 *
 * Fails if a value has the wrong type, or if the bucket in an S3 URL is unknown at synthesis.
 */
export function sourceDocument(
  scope: Construct,
  source: SourceDefinition,
): Pick<DatasetDocument, 'source_url' | 'source_files' | 'api_endpoints'> {
  const { url, path, options, isS3, endpoints } = source;
  checkStruct(scope, 'options of source', options, { files: 'unchecked' });
  if (isS3 && !isPendingLookup(url) && (typeof url !== 'string' || !url.startsWith('s3://'))) {
    const found = Token.isUnresolved(url) ? 'a URL that is only known at deployment' : JSON.stringify(url);
    throw synthError(
      scope,
      'URL_INVALID',
      `Source.s3 has ${found}.`,
      'Write the s3:// prefix in the code, as in `s3://${bucket.bucketName}/folder/`: the role of the dataset can read '
        + 'only this location. See docs/sources/s3-buckets.md.',
    );
  }
  return {
    source_url: url ?? path,
    source_files: options?.files as DatasetDocument['source_files'],
    api_endpoints:
      endpoints
      && Object.fromEntries(
        Object.entries(endpoints).map(([name, endpoint]) => [name, endpointDocument(scope, name, endpoint)]),
      ),
  };
}

/** The files of the app that a source consists of. Fails if one of them cannot be deployed. */
export function sourceFilesOf(scope: Construct, dataset: string, { path = [] }: SourceDefinition): SourceFile[] {
  const { files, problems: [problem] } = readSourceFiles(path, {
    folder: process.cwd(),
    remedy: `Paths are relative to the folder where you run cdk: ${process.cwd()}.`,
  });
  if (problem) {
    const { code, key, found, remedy } = problem;
    throw synthError(scope, code, `${key} of dataset "${dataset}" ${found}.`, remedy);
  }
  return files;
}

/** The datasets whose tables supply the values that endpoints are called with. Undefined if there are none. */
export function inputsOfEndpoints(
  scope: Construct, props: LakeDatasetProps, { endpoints }: SourceDefinition,
): IDataset[] | undefined {
  const inputs = new Map<string, IDataset>();
  for (const [name, endpoint] of Object.entries(endpoints ?? {})) {
    const { forEachTable } = withForEachTable(endpoint);
    if (forEachTable !== undefined) {
      const { input } = forEachTable;
      checkInput(scope, props, `forEachTable.input of endpoint "${name}"`, input);
      inputs.set(`${input.layer}/${input.dataset}`, input);
    }
  }
  return inputs.size === 0 ? undefined : [...inputs.values()];
}

/** Converts the key `for_each_table` of an endpoint, which Python passes in a dict, to camelCase. */
function withForEachTable(endpoint: ApiEndpoint): ApiEndpoint {
  return camelKeys(endpoint, ['forEachTable']);
}

function endpointDocument(scope: Construct, name: string, endpoint: ApiEndpoint): ApiEndpointDocument {
  const schema = datasetSchema();
  const types: PropType[] = [
    [`endpoint "${name}"`, endpoint, 'url', 'an ApiEndpoint: { url: "https://…" }'],
    ...(endpoint?.pagination === undefined
      ? []
      : [
        [
          `pagination of endpoint "${name}"`,
          endpoint.pagination,
          '_pagination',
          'a Pagination: Pagination.offset({…})',
        ] as PropType,
      ]),
  ];
  types.forEach(type => checkPropType(scope, type));
  const { forEachTable, ...given } = withForEachTable(endpoint);
  const { pagination, for_each: forEach, rate_limit: rateLimit, ...others } = schema.documentKeys(given);
  if (forEach !== undefined && forEachTable !== undefined) {
    throw synthError(
      scope, 'SETTINGS_CONFLICT', `endpoint "${name}" has both forEach and forEachTable.`, 'Set only one of them.',
    );
  }
  return {
    ...others,
    pagination: pagination?._pagination,
    for_each: forEachTable === undefined
      ? forEach && schema.documentKeys(forEach)
      : tableDocument(scope, name, forEachTable),
    rate_limit: rateLimit && schema.documentKeys(rateLimit),
  };
}

function tableDocument(scope: Construct, name: string, forEachTable: ForEachTable): ForEachDocument {
  checkStruct(scope, `forEachTable of endpoint "${name}"`, forEachTable, {
    input: 'unchecked', table: 'unchecked', column: 'unchecked',
  });
  const { input, table, column } = forEachTable;
  return { table: `\${${input.layer}_database}.${table}`, column };
}
