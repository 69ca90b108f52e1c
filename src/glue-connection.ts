import { CfnConnection } from 'aws-cdk-lib/aws-glue';

/**
 * A Glue connection through whose VPC a job reaches sources of a private network.
 *
 * Its subnet needs a way to S3, and to Secrets Manager for a dataset with `auth`: endpoints, or a NAT gateway.
 */
export class GlueConnection {
  /**
   * A connection that is there already.
   *
   * @param name its name, without spaces and commas
   */
  public static fromName(name: string): GlueConnection {
    return new GlueConnection(name);
  }

  /** A connection that an app makes. */
  public static fromConstruct(connection: CfnConnection): GlueConnection {
    return new GlueConnection(connection.ref);
  }

  /** @internal */
  public readonly _connection: string;

  private constructor(name: string) {
    this._connection = name;
  }
}
