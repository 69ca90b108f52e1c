/** What a run does if the columns of its data differ from the published columns. */
export enum SchemaContract {
  /**
   * Adapt: new columns are added, missing columns are null, and a value that does not fit its column's type is stored
   * in `meta_rescued`.
   */
  EVOLVE = 'evolve',
  /** Fail: a run with any difference fails and names the difference. The published table does not change. */
  FREEZE = 'freeze',
}
