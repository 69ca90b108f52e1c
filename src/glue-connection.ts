import { CfnConnection } from 'aws-cdk-lib/aws-glue';

/**
 * A Glue connection of the type `NETWORK`, through which a job reaches sources in a VPC.
 *
 * Its subnet needs a route to Amazon S3 through a VPC endpoint or a NAT gateway. For a dataset with `auth`, it also
 * needs a route to AWS Secrets Manager.
 *
 * @see https://docs.aws.amazon.com/glue/latest/dg/setup-vpc-for-glue-access.html
 * @exampleMetadata fixture=lake
 * @example
 * new BronzeDataset(datasets, 'Inventory', {
 *   core,
 *   dataset: 'inventory',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   source: Source.url('https://inventory.internal.example.org/export.csv'),
 *   connection: GlueConnection.fromName('warehouse-network'),
 * });
 */
export class GlueConnection {
  /**
   * Uses an existing connection.
   *
   * @param name the name of the connection, without spaces or commas
   * @exampleMetadata fixture=lake
   * @example
   * const connection = GlueConnection.fromName('warehouse-network');
   */
  public static fromName(name: string): GlueConnection {
    return new GlueConnection(name);
  }

  /**
   * Uses a connection that your app creates.
   *
   * @param connection the connection
   * @exampleMetadata fixture=lake
   * @example
   * const network = new CfnConnection(datasets, 'Network', {
   *   catalogId: datasets.account,
   *   connectionInput: {
   *     name: 'warehouse-network',
   *     connectionType: 'NETWORK',
   *     physicalConnectionRequirements: {
   *       availabilityZone: 'us-east-1a',
   *       subnetId: 'subnet-0123456789abcdef0',
   *       securityGroupIdList: ['sg-0123456789abcdef0'],
   *     },
   *   },
   * });
   * const connection = GlueConnection.fromConstruct(network);
   */
  public static fromConstruct(connection: CfnConnection): GlueConnection {
    return new GlueConnection(connection.ref);
  }

  /** @internal */
  public readonly _connection: string;

  private constructor(name: string) {
    this._connection = name;
  }
}
