/** A layer of the lake. Each layer has its own database, its own prefix in the bucket and its own jobs. */
export enum Layer {
  /** Tables with the data of a source. */
  BRONZE = 'bronze',
  /** Tables that are built from other tables, for further tables: cleaned, joined or with a history. */
  SILVER = 'silver',
  /** Tables that are built from other tables, for analysis. */
  GOLD = 'gold',
}
