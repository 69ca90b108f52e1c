/** Where a dataset comes from. */
export class Source {
  /**
   * One file over HTTP or HTTPS: delimited text, fixed width, JSON, JSON Lines or Parquet; plain, gzip, bzip2 or in a ZIP.
   *
   * A date in braces is that of the run, in UTC: `{yyyy-MM-dd}`, `{yyyyMMdd}`, `{yyyy/MM}`. Where there is no file of that day yet, the run
   * goes back by `lookbackDays` of the dataset. The address is checked when a dataset takes it.
   *
   * @param url for example `https://example.org/zipcodes.zip`, without a user name or a password in it
   */
  public static url(url: string): Source {
    return new Source(url);
  }

  /**
   * Several files over HTTP or HTTPS, each as `url` takes it. Every run fetches all of them.
   *
   * @param urls one address or more, each once
   */
  public static urls(urls: string[]): Source {
    return new Source(urls);
  }

  /** @internal */
  public readonly _address: string | string[];

  private constructor(address: string | string[]) {
    this._address = address;
  }
}
