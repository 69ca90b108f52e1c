/** Where a dataset comes from. */
export class Source {
  /**
   * One file over HTTP or HTTPS: delimited text, plain, gzip or in a ZIP.
   *
   * The address is checked when a dataset takes it.
   *
   * @param url for example `https://example.org/zipcodes.zip`, without a user name or a password in it
   */
  public static url(url: string): Source {
    return new Source(url);
  }

  /** @internal */
  public readonly _url: string;

  private constructor(url: string) {
    this._url = url;
  }
}
