/** A layer of the lake. Each layer has its own database, its own prefix in the bucket and its own jobs. */
export enum Layer {
  /** Tables with the data of a source. */
  BRONZE = 'bronze',
  /** Intermediate tables that are built from other tables, such as cleaned or joined data and histories. */
  SILVER = 'silver',
  /** Tables that are built from other tables, for analysis. */
  GOLD = 'gold',
}
