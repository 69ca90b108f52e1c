import { Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Kind, checkKind } from './dataset-definition';
import { ApiEndpoint } from '../../api-endpoint';
import { ApiEndpoint as ApiEndpointDocument, DatasetDocument } from '../document/dataset-document.generated';
import { synthError } from '../errors/synth-error';

/** What a Source says. */
export interface SourceDefinition {
  /** Of files. */
  readonly address?: string | string[];
  /** Which of the files, where an address is a folder of a bucket or a glob. */
  readonly files?: string;
  /** Whether the address must be that of a bucket. */
  readonly isBucket?: boolean;
  /** Of an API. */
  readonly endpoints?: { readonly [name: string]: ApiEndpoint };
}

/**
 * What a source adds to the document. Fails where something in it is of another kind, or of an address whose bucket
 * nobody could know.
 */
export function sourceDocument(
  scope: Construct,
  source: SourceDefinition,
): Pick<DatasetDocument, 'source_url' | 'source_files' | 'api_endpoints'> {
  const { address, files, isBucket, endpoints } = source;
  if (isBucket && (typeof address !== 'string' || !address.startsWith('s3://'))) {
    const found = Token.isUnresolved(address) ? 'a URL that is only known at deployment' : JSON.stringify(address);
    throw synthError(
      scope,
      'URL_INVALID',
      `Source.s3 has ${found}.`,
      'Write the s3:// prefix in the code, as in `s3://${bucket.bucketName}/folder/`: the role of the dataset gets access to exactly this location.',
    );
  }
  return {
    source_url: address,
    source_files: files as DatasetDocument['source_files'],
    api_endpoints:
      endpoints
      && Object.fromEntries(
        Object.entries(endpoints).map(([name, endpoint]) => [name, endpointDocument(scope, name, endpoint)]),
      ),
  };
}

function endpointDocument(scope: Construct, name: string, endpoint: ApiEndpoint): ApiEndpointDocument {
  const kinds: Kind[] = [
    [`endpoint "${name}"`, endpoint, 'url', 'an address: { url: "https://…" }'],
    ...(endpoint?.pagination === undefined
      ? []
      : [
        [
          `pagination of endpoint "${name}"`,
          endpoint.pagination,
          '_pagination',
          'a Pagination: Pagination.offset({…})',
        ] as Kind,
      ]),
  ];
  kinds.forEach(kind => checkKind(scope, kind));
  const { url, method, params, headers, body, records, pagination, forEach, rateLimit, table } = endpoint;
  return {
    url,
    method,
    params,
    headers,
    body,
    records,
    pagination: pagination?._pagination,
    for_each: forEach,
    rate_limit: rateLimit,
    table,
  };
}
