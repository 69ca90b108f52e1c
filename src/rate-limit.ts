/** How many requests may be sent in how much time. They are spread evenly over it. */
export interface RateLimit {
  /** So many requests at most, 1 or more. */
  readonly requests: number;

  /**
   * In so many seconds, 1 to 86400.
   *
   * @default 1
   */
  readonly seconds?: number;
}
