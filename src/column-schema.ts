/** What a column is called and what it holds. What is left out is found out from the source. */
export interface ColumnSchema {
  /**
   * Its name in the table: snake_case, a letter first, at most 128 characters, and none that begins with `meta_`.
   *
   * @default - the source's, in snake_case
   */
  readonly targetName?: string;

  /**
   * What it holds: `string`, `bigint`, `double`, `decimal(18,2)`, `boolean`, `date` or `timestamp`.
   *
   * The value is kept, not its spelling: 007 is 7. A value that is not of the type leaves its cell null and goes to
   * `meta_rescued`.
   *
   * @default - guessed at the first publication, where every value's text can be rebuilt
   */
  readonly type?: string;

  /**
   * How its values are written, for a column with a type.
   *
   * - `date` and `timestamp`: a pattern such as `yyyyMMdd` or `MM/dd/yyyy HH:mm:ss`
   * - numbers: 1234.56 with the file's own marks, such as `1.234,56`
   * - `boolean`: the words for true and false, such as `Y/N`
   *
   * @default - ISO dates, plain numbers, the usual words, or what the file's format says
   */
  readonly format?: string;
}
