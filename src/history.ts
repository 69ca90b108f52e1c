/**
 * Keeps every version of each row of a silver or gold table: a slowly changing dimension of type 2.
 *
 * A new row creates a version. A changed row closes the current version and creates another. If a row is no longer in
 * the query result, its version is closed. No version is ever removed. The table has these columns in addition to those
 * of the query:
 *
 * - `valid_from`, `valid_to`: the period in which the version was current, as timestamps of the runs. `valid_to` is
 *   null for the current version.
 * - `is_current`: whether the version is current.
 * - `change_type`: `insert` if the key is new or returned after a deletion, `update` if the version replaces an earlier
 *   one, `delete` if the key is no longer in the query result.
 *
 * Columns whose names start with `meta_` are never compared. Null and the empty string are different values.
 *
 * A dataset with `history` has one table and no `businessKey`: with `outputs`, `businessKey` or `businessKeys`,
 * synthesis fails with `SETTINGS_CONFLICT`.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new GoldDataset(datasets, 'ZipcodesHistory', {
 *   core,
 *   dataset: 'zipcodes-history',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   inputs: [zipcodes],
 *   transform: Transform.sql('SELECT zip_code, city, state FROM pp_dw_bronze.zipcodes'),
 *   history: { businessKey: ['zip_code'] },
 * });
 */
export interface History {
  /**
   * The columns that identify a row, such as `['zip_code']`.
   *
   * The run fails if two rows of the query result have the same key.
   */
  readonly businessKey: string[];

  /**
   * The columns in which a change creates a new version.
   *
   * Synthesis fails with `SETTINGS_CONFLICT` if `exclude` is also set.
   *
   * @default - all columns except those of `businessKey` and `exclude`, so that no change is lost
   */
  readonly compare?: string[];

  /**
   * Columns in which a change does not create a new version, such as the time of a download.
   *
   * A version keeps the values that these columns had when it was created.
   *
   * @default - none, so that no change is lost
   */
  readonly exclude?: string[];
}
