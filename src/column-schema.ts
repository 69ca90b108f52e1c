/**
 * The name, the data type, the format and the description of a column, and whether it is optional. A name, a type or a
 * format that you leave out is inferred from the source.
 */
export interface ColumnSchema {
  /**
   * The name of the column in the table: snake_case, starting with a letter, at most 128 characters. It cannot start
   * with `meta_`.
   *
   * @default - the name in the source, in snake_case
   */
  readonly targetName?: string;

  /**
   * The data type: `string`, `bigint`, `double`, `decimal(18,2)`, `boolean`, `date` or `timestamp`.
   *
   * A declared type keeps the value but not its formatting: `007` as `bigint` is 7. If a value does not fit the type,
   * its cell is null and the value is stored in `meta_rescued`. Synthesis fails with `DATA_TYPE_INVALID` if the type is
   * invalid.
   *
   * @default - inferred at the first publication, so that the text of every value can be restored exactly
   */
  readonly type?: string;

  /**
   * How the values are written in the source. It requires `type`.
   *
   * - `date` and `timestamp`: a pattern such as `yyyyMMdd` or `MM/dd/yyyy HH:mm:ss`
   * - numbers: the number 1234.56 as the source writes it, such as `1.234,56`
   * - `boolean`: the words for true and false, such as `Y/N`
   *
   * Synthesis fails with `FORMAT_INVALID` if the format does not fit the type.
   *
   * @default - `dateFormat` and `numberFormat` of the file format; otherwise ISO 8601 dates, numbers with a decimal
   * point and common words for true and false
   */
  readonly format?: string;

  /**
   * Whether the column can disappear from the source, or become entirely null.
   *
   * The gates `missing_columns` and `all_null_columns` do not check an optional column.
   *
   * @default false - if a published column is missing or entirely null, the source has usually changed
   */
  readonly optional?: boolean;

  /**
   * A description of the column in one line, at most 255 characters.
   *
   * With `TableFormat.ICEBERG`, it is the comment of the column in the Glue Data Catalog. With `TableFormat.PARQUET`,
   * it has no effect, and synthesis prints a warning.
   *
   * @default - no description
   * @see https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html
   */
  readonly description?: string;
}
