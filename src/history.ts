/**
 * Keeps every version of each row of a silver or gold table: a slowly changing dimension of type 2.
 *
 * A new row creates a version. A changed row closes the current version and creates a new one. If a row is no longer in
 * the query result, its version is closed. No version is ever removed. The table has these columns in addition to the
 * columns of the query:
 *
 * - `valid_from`, `valid_to`: the period in which the version was current. Both are timestamps of runs. `valid_to` is
 *   null for the current version, unless `openEnd` is set.
 * - `is_current`: whether the version is current.
 * - `change_type`: `insert` if the key is new or reappears after a deletion, `update` if the version replaces an
 *   earlier one, `delete` if the key is no longer in the query result.
 *
 * Columns whose names start with `meta_` are never compared. Null and the empty string are different values.
 *
 * To use other column names, set `validFrom`, `validTo`, `isCurrent` and `changeType`. To use a date instead of null
 * for the end of current versions, set `openEnd`.
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
   * @default - all columns except the ones in `businessKey` and `exclude`, so that no change is lost
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

  /**
   * The name of the column that contains the time from which a version is current. It is in snake_case, such as
   * `effective_date`.
   *
   * Synthesis fails with `COLUMN_NAME_TAKEN` if two of the columns that the history adds have the same name, and with
   * `COLUMN_NAME_RESERVED` if the name is also in `businessKey`, `compare` or `exclude`. A run fails with
   * `HISTORY_INVALID` if the query returns a column of this name, or if the name differs from the published one.
   *
   * @default 'valid_from' - the usual name in a slowly changing dimension
   */
  readonly validFrom?: string;

  /**
   * The name of the column that contains the time from which a version is no longer current, such as `end_date`.
   *
   * The same rules as for `validFrom` apply.
   *
   * @default 'valid_to' - the usual name in a slowly changing dimension
   */
  readonly validTo?: string;

  /**
   * The name of the column that indicates whether a version is current, such as `current_flag`.
   *
   * The same rules as for `validFrom` apply.
   *
   * @default 'is_current' - the usual name in a slowly changing dimension
   */
  readonly isCurrent?: string;

  /**
   * The name of the column that contains the change type (`insert`, `update` or `delete`). An example is `operation`.
   *
   * The same rules as for `validFrom` apply.
   *
   * @default 'change_type' - the usual name in a slowly changing dimension
   */
  readonly changeType?: string;

  /**
   * The date that the column `validTo` contains in current versions, in the format `yyyy-MM-dd`, such as `9999-12-31`.
   * The time is 00:00:00 UTC.
   *
   * Synthesis fails with `VALUE_INVALID` if it is not a date, or is before 2100-01-01. A run fails with
   * `HISTORY_INVALID` if it differs from the published date.
   *
   * @default - null, which cannot be mistaken for a time at which the version ends
   */
  readonly openEnd?: string;

  /**
   * A table of an input, as `database.table`, from which the first publication imports existing versions of rows.
   *
   * The table must have the columns of `businessKey`, `validFrom` and `validTo`, and may have the column `isCurrent`. A
   * version is current if its `validTo` is null, `openEnd`, or 9999-01-01 or later. `${bronze_database}`,
   * `${silver_database}` and `${gold_database}` are replaced with the names of the databases. Later runs ignore the
   * setting: remove it after the first publication. The first run fails with `HISTORY_INITIAL_INVALID` if versions of a
   * key overlap, or if several versions of a key are current.
   *
   * @default - the history begins with the first run
   */
  readonly initialTable?: string;
}
