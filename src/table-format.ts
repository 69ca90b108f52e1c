/** The format of the tables of a dataset, which determines how a run publishes them. */
export enum TableFormat {
  /**
   * Parquet files. A crawler adds new tables and columns to the Glue Data Catalog.
   */
  PARQUET = 'parquet',
  /**
   * Apache Iceberg tables. A run publishes each table, including its columns and descriptions, with one commit in the
   * Glue Data Catalog. The dataset has no crawler.
   *
   * @see https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
   */
  ICEBERG = 'iceberg',
}
