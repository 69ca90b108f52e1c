/** The maximum number of requests per period. Requests are spread evenly over the period. */
export interface RateLimit {
  /** The maximum number of requests in the period: 1 or more. */
  readonly requests: number;

  /**
   * The length of the period in seconds: 1 to 86,400.
   *
   * @default 1 - most APIs state their limit per second
   */
  readonly seconds?: number;
}
