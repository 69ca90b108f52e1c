/** What a run does if the columns of its data differ from the published columns. */
export enum SchemaContract {
  /**
   * The tables adapt: new columns are added, missing columns are null, and a value that does not fit its column's type
   * is stored in `meta_rescued`.
   */
  EVOLVE = 'evolve',
  /** A run whose columns differ fails, and its error lists the differences. The published tables do not change. */
  FREEZE = 'freeze',
}
