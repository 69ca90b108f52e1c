import { IKey } from 'aws-cdk-lib/aws-kms';
import { ITopic } from 'aws-cdk-lib/aws-sns';

/**
 * Where `EtlCore` sends alerts about failed runs, failed crawlers, failed pipelines, schedules that cannot start their
 * job, and warnings of successful runs.
 */
export interface Alerts {
  /**
   * Email addresses to subscribe to the topic.
   *
   * Amazon SNS sends each address a confirmation email first, and sends alerts only to confirmed addresses. The list
   * must be known at synthesis; the addresses in it can be tokens. Synthesis fails with `VALUE_INVALID` if an address
   * is invalid, and with `DUPLICATE_VALUE` if the list has a duplicate.
   *
   * @default - no subscriptions, because you can add any subscription to `EtlCore.alertTopic`
   * @see https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
   */
  readonly emails?: string[];

  /**
   * An existing SNS topic that receives the alerts.
   *
   * If the topic is created in this app, its policy is extended. Otherwise the policy must allow
   * `cloudwatch.amazonaws.com` to publish the CloudWatch alarms. All other alerts are published with the role
   * `<resourcePrefix>-alerts-role`. A topic of another account must allow this role to publish. If the topic is
   * encrypted, import it with `Topic.fromTopicAttributes` and `keyArn`, so that the role is granted access to the key.
   * The key policy is not changed: it must allow IAM policies to grant access, and allow `cloudwatch.amazonaws.com` to
   * call `kms:Decrypt` and `kms:GenerateDataKey*`. CloudWatch cannot publish to a topic that is encrypted with the AWS
   * managed key `aws/sns`. Synthesis fails with `SETTINGS_CONFLICT` if `encrypted` or `encryptionKey` is also set.
   *
   * @default - a new topic named `<resourcePrefix>-alerts`, because most lakes have no topic for alerts yet
   * @see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
   */
  readonly topic?: ITopic;

  /**
   * Whether to encrypt the new topic with a customer managed KMS key.
   *
   * The key is the encryption key of the lake. If the lake has none, a new key with the alias
   * `alias/<resourcePrefix>` and yearly rotation is created. AWS KMS charges for each key per month.
   *
   * @default - true if the lake is encrypted, so that alerts are as well protected as the data; otherwise false
   * @see https://aws.amazon.com/kms/pricing/
   */
  readonly encrypted?: boolean;

  /**
   * The KMS key that encrypts the new topic.
   *
   * If the key is created in this app, its policy is extended. Otherwise the policy must allow IAM policies to grant
   * access, and allow `cloudwatch.amazonaws.com` to call `kms:Decrypt` and `kms:GenerateDataKey*`. Synthesis fails with
   * `ENCRYPTION_KEY_INVALID` if the key is an alias.
   *
   * @default - the encryption key of the lake if the topic is encrypted, because one key is enough for most lakes
   * @see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
   */
  readonly encryptionKey?: IKey;
}
