/** What happens to a dataset of a pipeline if one of its inputs fails or is skipped. */
export enum OnFailedInput {
  /** The dataset is skipped, and so are its dependents. Their tables keep their last published data. */
  SKIP = 'skip',
  /**
   * The dataset runs with the last published tables of the failed input, but only if another input or the definition of
   * the dataset has changed.
   */
  USE_PUBLISHED = 'use_published',
}
