/**
 * The gates that a run must pass before its tables replace the published ones. Each holds for every table of the
 * dataset.
 *
 * A run that fails one leaves the last tables as they are and says by how much it failed.
 */
export interface DataQuality {
  /**
   * Columns, by their names in the table, that must be in the source and nearly always have a value.
   *
   * @default - none
   */
  readonly requiredColumns?: string[];

  /**
   * The same by table, for a dataset of several: from the table, as `fileTableMapping` or the source's endpoints call
   * it, to its columns. Either of the two.
   *
   * @default - requiredColumns holds for every table
   */
  readonly requiredColumnsByTable?: { [table: string]: string[] };

  /**
   * The largest share of rows, from 0 to 1, in which a required column may be null.
   *
   * @default 0.05
   */
  readonly criticalNullThreshold?: number;

  /**
   * The fewest rows a table may have. 0 lets an empty table pass.
   *
   * @default 1
   */
  readonly expectedRecordCountMin?: number;

  /**
   * The same by table, for a dataset of several: from the table, as `fileTableMapping` or the source's endpoints call
   * it, to its rows. Either of the two.
   *
   * @default - expectedRecordCountMin holds for every table
   */
  readonly expectedRecordCountMinByTable?: { [table: string]: number };

  /**
   * The largest share of its rows, from 0 to 1, that a table may lose from one publication to the next. 1 switches the
   * gate off.
   *
   * @default 0.5 - a file that was cut off at its source must not replace a whole one
   */
  readonly maxShrink?: number;

  /**
   * The largest share of rows, from 0 to 1, in which something of a column did not fit and went to `meta_rescued`. 1
   * switches the gate off.
   *
   * @default 0.01 - more than a few odd values are a change of the source that a person should see
   */
  readonly maxRescuedShare?: number;
}
