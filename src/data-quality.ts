import { DataRule } from './data-rule';

/**
 * The quality gates that a run must pass before it publishes its tables. They apply to each table of the dataset.
 *
 * If a gate fails, the run fails and reports all failed gates with their values, and the published tables do not
 * change.
 */
export interface DataQuality {
  /**
   * The columns that must exist in the source, as named in the table. The share of null values in each of these columns
   * must not exceed `criticalNullThreshold`.
   *
   * Gates: `required_columns` and `null_share`. Synthesis fails with `SETTINGS_CONFLICT` if `requiredColumnsByTable` is
   * also set.
   *
   * @default - none, because only you know which columns are required
   */
  readonly requiredColumns?: string[];

  /**
   * Required columns per table, for a dataset with several tables.
   *
   * Each key is the name of a table in `fileTableMapping`, `outputs` or the endpoints of the source. Synthesis fails
   * with `UNKNOWN_TABLE` if a table does not exist.
   *
   * @default - `requiredColumns` applies to all tables
   */
  readonly requiredColumnsByTable?: { [table: string]: string[] };

  /**
   * The columns that can disappear or become entirely null, as named in the table. The list applies to all tables of
   * the dataset. For a column of a bronze table, you can also set `optional` in `columnSchema`.
   *
   * Gates: `missing_columns` and `all_null_columns`. These gates do not check optional columns.
   *
   * @default - none: if a published column loses all its values, the source has usually changed
   */
  readonly optionalColumns?: string[];

  /**
   * The maximum share of rows, from 0 to 1, in which a required column can be null.
   *
   * Gate: `null_share`.
   *
   * @default 0.05 - a few missing values are common, but a column that is suddenly empty is not
   */
  readonly criticalNullThreshold?: number;

  /**
   * The minimum number of rows of a table. Set it to 0 to allow an empty table.
   *
   * Gate: `min_rows`. Synthesis fails with `SETTINGS_CONFLICT` if `expectedRecordCountMinByTable` is also set.
   *
   * @default 1 - an empty file usually means that the export failed
   */
  readonly expectedRecordCountMin?: number;

  /**
   * The minimum number of rows per table, for a dataset with several tables.
   *
   * Each key is the name of a table in `fileTableMapping`, `outputs` or the endpoints of the source. Synthesis fails
   * with `UNKNOWN_TABLE` if a table does not exist.
   *
   * @default - `expectedRecordCountMin` applies to all tables
   */
  readonly expectedRecordCountMinByTable?: { [table: string]: number };

  /**
   * The maximum share of rows, from 0 to 1, that a table can lose from one publication to the next. Set it to 1 to turn
   * the gate off.
   *
   * Gate: `shrink`.
   *
   * @default 0.5 - an incomplete file must not replace a complete table
   */
  readonly maxShrink?: number;

  /**
   * The maximum share of the current rows of a history, from 0 to 1, for which a run may create a new version. Set it
   * to 1 to turn the gate off.
   *
   * Gate: `churn`. It applies if the history has at least 100 current rows. Only for datasets with `history`; for other
   * datasets, synthesis fails with `SETTING_NOT_APPLICABLE`.
   *
   * @default 0.5 - a column that changes in most rows, such as a load time, is usually compared by mistake
   */
  readonly maxChurn?: number;

  /**
   * Rules that the rows of a table must satisfy before the table is published. In a history, only the current
   * versions are checked.
   *
   * Gate: `rules`.
   *
   * @default - none, because only you know what must be true
   */
  readonly rules?: DataRule[];

  /**
   * The maximum share of rows, from 0 to 1, in which the value of a column did not fit its type and is stored in
   * `meta_rescued`. Set it to 1 to turn the gate off.
   *
   * Gate: `rescued`. Only for bronze datasets; for other datasets, synthesis fails with `SETTING_NOT_APPLICABLE`.
   *
   * @default 0.01 - if more values do not fit, the source has probably changed and you should check it
   */
  readonly maxRescuedShare?: number;
}
