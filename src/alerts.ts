import { IKey } from 'aws-cdk-lib/aws-kms';
import { ITopic } from 'aws-cdk-lib/aws-sns';

/** Who hears of runs that failed for good, of crawlers that failed and of schedules that could not start their job. */
export interface Alerts {
  /**
   * E-mail addresses that subscribe to the topic. Each gets a message with a link first, and hears of nothing until it
   * was confirmed.
   *
   * @default - none: subscribe what you like to `alertTopic`
   */
  readonly emails?: string[];

  /**
   * A topic to send to. Its policy is extended if this app makes it; else it must let `events.amazonaws.com` and
   * `cloudwatch.amazonaws.com` publish. A topic encrypted with the key that AWS manages for SNS gets no messages from
   * either.
   *
   * @default - a new topic `<resourcePrefix>-alerts`
   */
  readonly topic?: ITopic;

  /**
   * Whether the new topic is encrypted, with the key of the lake; if that has none, with a new key
   * `alias/<resourcePrefix>` that is rotated every year. KMS bills a key by the month.
   *
   * @default - as the lake is, true with an encryptionKey
   */
  readonly encrypted?: boolean;

  /**
   * A key to encrypt the new topic with. Its policy is extended if this app makes it; else it must let
   * `events.amazonaws.com` and `cloudwatch.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey*`.
   *
   * @default - the key of the lake, if the topic is encrypted
   */
  readonly encryptionKey?: IKey;
}
