/** The Glue version a job runs on: which Spark, which Python. Java is 17 in all of them. */
export enum GlueVersion {
  /** Spark 3.5.4, Python 3.11, boto3 1.34. */
  V5_0 = '5.0',
  /** Spark 3.5.6, Python 3.11, boto3 1.40. */
  V5_1 = '5.1',
  /**
   * Spark 4.1.1, Python 3.13, boto3 1.42. Its SQL is ANSI: a cast that fails or a number that overflows is an error,
   * where 5.x makes a null.
   */
  V6_0 = '6.0',
}
