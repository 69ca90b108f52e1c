import { runSimulation } from '@cloud-copilot/iam-simulate';
import { ENV } from '../layouts';

/** A call of the AWS API. */
export interface Call {
  readonly action: string;
  readonly resource: string;
  /** The request context that the service passes to IAM, keyed by condition key. */
  readonly context?: { readonly [key: string]: string };
}

/** A policy document, as in a template. */
export type Policy = object;

/**
 * Returns whether IAM allows a call by a role with these policies, on a resource with an optional resource policy.
 *
 * Throws an error if the action does not exist, or if a condition key does not apply to it. Otherwise, the
 * call would be denied for the wrong reason.
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
        contextVariables: withSubstitutes({ ...context }),
      },
      identityPolicies: policies.map((policy, index) => ({ name: `policy ${index}`, policy: withSubstitutes(policy) })),
      resourcePolicy: resourcePolicy && withSubstitutes(resourcePolicy),
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
    throw new Error(`${action} does not support the condition keys ${ignored.join(', ')}`);
  }
  return simulated.overallResult === 'Allowed';
}

/**
 * The evaluator does not support condition keys that contain a user-defined name, such as the keys of an encryption
 * context. In policies and calls, they are replaced by other string condition keys of the same actions.
 */
const SUBSTITUTES = {
  'kms:EncryptionContext:aws:s3:arn': 'kms:RequestAlias',
  'kms:EncryptionContext:aws:logs:arn': 'kms:EncryptionAlgorithm',
};

function withSubstitutes<T extends object>(value: T): T {
  const text = Object.entries(SUBSTITUTES).reduce(
    (json, [key, substitute]) => json.replaceAll(`"${key}"`, `"${substitute}"`),
    JSON.stringify(value),
  );
  return JSON.parse(text) as T;
}
