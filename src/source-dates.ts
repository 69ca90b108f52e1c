import { SourceDates as SourceDatesDocument } from './private/document/dataset-document.generated';

/**
 * The usual file dates of a source that publishes one file per week or month.
 *
 * A run requests the usual date of a period first, then the other days of the period from the newest to the oldest,
 * then the previous period in the same order. A file that is published up to three days (month) or one day (week)
 * before its usual date belongs to that date.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new BronzeDataset(datasets, 'Rxnorm', {
 *   core,
 *   dataset: 'rxnorm',
 *   dataSizeCategory: DataSizeCategory.MEDIUM,
 *   source: Source.url('https://example.org/rxnorm_{MMddyyyy}.zip'),
 *   sourceDates: SourceDates.monthly('first monday'),
 * });
 */
export class SourceDates {
  /**
   * One file per month.
   *
   * @param on a day from `1` to `31`, `last day`, or a weekday with `first`, `second`, `third`, `fourth` or `last`. In
   * a shorter month, a day such as `31` means the last day of the month
   * @exampleMetadata fixture=lake
   * @example
   * const sourceDates = SourceDates.monthly('first monday');
   */
  public static monthly(on: string): SourceDates {
    return new SourceDates({ every: 'month', on });
  }

  /**
   * One file per week.
   *
   * @param on a weekday, such as `sunday`
   * @exampleMetadata fixture=lake
   * @example
   * const sourceDates = SourceDates.weekly('sunday');
   */
  public static weekly(on: string): SourceDates {
    return new SourceDates({ every: 'week', on });
  }

  /** @internal */
  public readonly _sourceDates: SourceDatesDocument;

  private constructor(document: SourceDatesDocument) {
    this._sourceDates = document;
  }
}
