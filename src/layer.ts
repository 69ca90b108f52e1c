/** A layer of the lake: which tables are there, and how they come about. */
export enum Layer {
  /** What the sources say. */
  BRONZE = 'bronze',
  /** What was made of tables of bronze and gold. */
  GOLD = 'gold',
}
