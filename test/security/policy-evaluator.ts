import { runSimulation } from '@cloud-copilot/iam-simulate';
import { ENV } from '../layouts';

/** A call to AWS. */
export interface Call {
  readonly action: string;
  readonly resource: string;
  /** What the service tells IAM of the call, by condition key. */
  readonly context?: { readonly [key: string]: string };
}

/** A policy document as a template has it. */
export type Policy = object;

/**
 * Whether IAM allows a call to a role with these policies, on a resource with or without a policy of its own.
 *
 * Fails for a call that AWS does not know and for a key that says nothing of it: they would be refused for the wrong
 * reason.
 */
export async function isAllowed(
  principal: string, { action, resource, context }: Call, policies: Policy[], resourcePolicy?: Policy,
): Promise<boolean> {
  const simulated = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId: ENV.account },
        contextVariables: plain({ ...context }),
      },
      identityPolicies: policies.map((policy, index) => ({ name: `policy ${index}`, policy: plain(policy) })),
      resourcePolicy: resourcePolicy && plain(resourcePolicy),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (simulated.resultType === 'error') {
    throw new Error(`${action} on ${resource}: ${JSON.stringify(simulated.errors)}`);
  }
  const ignored = simulated.resultType === 'single' ? simulated.result.ignoredContextKeys ?? [] : [];
  if (ignored.length > 0) {
    throw new Error(`${action} knows no ${ignored.join(', ')}`);
  }
  return simulated.overallResult === 'Allowed';
}

/**
 * The evaluator knows no condition key with a name of the caller's behind a colon, as those of an encryption context
 * are: other keys of the same calls, which hold text too, stand for them in policy and call alike.
 */
const STAND_INS = {
  'kms:EncryptionContext:aws:s3:arn': 'kms:RequestAlias',
  'kms:EncryptionContext:aws:logs:arn': 'kms:EncryptionAlgorithm',
};

function plain<T extends object>(value: T): T {
  const text = Object.entries(STAND_INS).reduce(
    (json, [key, standIn]) => json.replaceAll(`"${key}"`, `"${standIn}"`),
    JSON.stringify(value),
  );
  return JSON.parse(text) as T;
}
