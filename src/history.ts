/**
 * How the versions of rows are told apart and kept: a slowly changing dimension of type 2.
 *
 * A row of the query's result that is new opens a version, one that changed closes the old version and opens another,
 * one that is gone closes its version. Nothing is ever taken out of the table. It has four columns more than the query:
 *
 * - `valid_from`, `valid_to`: when the version held, as timestamps of the runs; `valid_to` is null while it holds.
 * - `is_current`: whether it holds.
 * - `change_type`: `insert` where the key was not there before (or had gone, and came back), `update` where the version
 * follows another,
 *   `delete` where the key has gone.
 *
 * Columns whose names begin with `meta_` are never compared. Null and empty text are two values.
 */
export interface History {
  /**
   * The columns that identify what a row is about, for example `['zip_code']`. The query's result has each of their
   * values once, or the run fails.
   */
  readonly businessKey: string[];

  /**
   * The columns whose change makes a new version. Either this or `exclude`.
   *
   * @default - all but those of businessKey and exclude
   */
  readonly compare?: string[];

  /**
   * Columns whose change makes no new version, such as the time of a download. They keep the value that they had when
   * the version began.
   *
   * @default - none
   */
  readonly exclude?: string[];
}
