import { Size, Stack } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { keyArnIn } from './lake-key';
import { LakeNames } from '../../naming';
import { synthError } from '../errors/synth-error';

export interface WorkGroupProps {
  readonly names: LakeNames;
  readonly workGroup: string;
  /** The S3 prefix of the results, with a trailing slash. */
  readonly results: string;
  readonly queryScanLimit?: Size;
  readonly encrypted: boolean;
  /** The key of the lake. Undefined if another app deploys the core, or the lake has no key. */
  readonly key?: IKey;
}

/**
 * The minimum that Athena accepts.
 *
 * https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
 */
const MIN_SCAN_LIMIT_BYTES = 10_000_000;

/** An Athena workgroup whose settings apply to all its queries. */
export function createWorkGroup(scope: Construct, props: WorkGroupProps): CfnWorkGroup {
  const { names, workGroup: name, results, queryScanLimit = Size.gibibytes(100) } = props;
  if (!queryScanLimit.isUnresolved() && queryScanLimit.toBytes() < MIN_SCAN_LIMIT_BYTES) {
    throw synthError(
      scope,
      'VALUE_INVALID',
      `queryScanLimit is ${queryScanLimit.toBytes()} bytes, which is less than Athena's minimum of 10 MB.`,
      'Use Size.mebibytes(10) or more.',
    );
  }
  return new CfnWorkGroup(scope, 'WorkGroup', {
    name,
    workGroupConfiguration: {
      enforceWorkGroupConfiguration: true,
      bytesScannedCutoffPerQuery: queryScanLimit.toBytes(),
      // Metrics of AWS services are free of charge. They show how much data the queries scan.
      publishCloudWatchMetricsEnabled: true,
      resultConfiguration: {
        outputLocation: names.uri(results),
        encryptionConfiguration: encryptionOf(Stack.of(scope), props),
      },
    },
    // Saved queries in the workgroup would block the deletion of the stack.
    recursiveDeleteOption: true,
  });
}

/**
 * The encryption of the query results. Undefined if another stack owns the key, to avoid a cross-stack export. In this
 * case, the default encryption of the bucket applies.
 */
function encryptionOf(
  stack: Stack, { encrypted, key }: WorkGroupProps,
): CfnWorkGroup.EncryptionConfigurationProperty | undefined {
  if (!encrypted) {
    return { encryptionOption: 'SSE_S3' };
  }
  const kmsKey = keyArnIn(stack, key);
  return kmsKey === undefined ? undefined : { encryptionOption: 'SSE_KMS', kmsKey };
}
