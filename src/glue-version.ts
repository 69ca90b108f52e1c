/** The Glue version a job runs on. */
export enum GlueVersion {
  /** Spark 3.5.4, Python 3.11, Java 17. */
  V5_0 = '5.0',
}
