/** What happens when the columns of a source are not those that were published. */
export enum SchemaContract {
  /**
   * New columns are added, missing ones are null, and a value that does not fit its column's type goes to
   * `meta_rescued`.
   */
  EVOLVE = 'evolve',
  /** Any difference fails the run, which names it; the published table stays. */
  FREEZE = 'freeze',
}
