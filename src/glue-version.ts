/**
 * The AWS Glue version of a job. It determines the versions of Spark, Python and the included packages. All versions
 * use Java 17.
 *
 * @see https://docs.aws.amazon.com/glue/latest/dg/release-notes.html
 * @exampleMetadata fixture=lake
 * @example
 * new BronzeDataset(datasets, 'Zipcodes', {
 *   core,
 *   dataset: 'zipcodes',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   source: Source.url('https://example.org/zipcodes.zip'),
 *   glueVersion: GlueVersion.V6_0,
 * });
 */
export enum GlueVersion {
  /** Glue 5.0: Spark 3.5.4, Python 3.11, boto3 1.34. */
  V5_0 = '5.0',
  /** Glue 5.1: Spark 3.5.6, Python 3.11, boto3 1.40. */
  V5_1 = '5.1',
  /**
   * Glue 6.0: Spark 4.1.1, Python 3.13, boto3 1.42. SQL runs in ANSI mode: an invalid cast or a numeric overflow is an
   * error. In Glue 5.0 and 5.1, an invalid cast returns null, and an integer overflow wraps around.
   */
  V6_0 = '6.0',
}
