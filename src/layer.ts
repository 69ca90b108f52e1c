/** A layer of the lake. */
export enum Layer {
  /** Tables with the data of a source. */
  BRONZE = 'bronze',
  /** Tables that are built from other tables. */
  GOLD = 'gold',
}
