import { ApiEndpoint } from './api-endpoint';
import { SourceDefinition } from './private/definition/source-document';

/** Which files of a folder, or of a glob, a run takes. */
export enum S3Files {
  /** The one that was written last. */
  NEWEST = 'newest',
  /** Every one, in the order of their keys. */
  ALL = 'all',
}

/** What addresses of buckets take. */
export interface S3SourceOptions {
  /**
   * Which files are taken where the address is a folder or a glob.
   *
   * @default S3Files.NEWEST
   */
  readonly files?: S3Files;
}

/** Where a dataset comes from. */
export class Source {
  /**
   * One file over HTTP or HTTPS: delimited text, fixed width, JSON, JSON Lines or Parquet; plain, gzip, bzip2 or in a
   * ZIP.
   *
   * A date in braces is that of the run, in UTC: `{yyyy-MM-dd}`, `{yyyyMMdd}`, `{yyyy/MM}`. Where there is no file of
   * that day yet, the run goes back by `lookbackDays` of the dataset. The address is checked when a dataset takes it.
   *
   * @param url for example `https://example.org/zipcodes.zip`, without a user name or a password in it
   */
  public static url(url: string): Source {
    return new Source({ address: url });
  }

  /**
   * Several files, each as `url` or `s3` takes it. Every run fetches all of them.
   *
   * @param urls one address or more, each once
   * @param options for those of a bucket that are a folder or a glob
   */
  public static urls(urls: string[], options: S3SourceOptions = {}): Source {
    return new Source({ address: urls, files: options.files });
  }

  /**
   * Files in a bucket, such as a vendor's, in the formats of `url`. Dates in braces are those of `url`.
   *
   * The dataset gets a role of its own that may read what the address begins with, up to the first star or brace, and
   * nothing else there. The policy of a bucket in another account must let that role in. Where a customer key encrypts
   * the files, the role must be allowed to decrypt with it: add that to `role` of the dataset.
   *
   * @param url a file as `s3://bucket/folder/file.csv`, the files of a folder as `s3://bucket/folder/`, or those that a glob matches as
   * `s3://bucket/folder/*.csv`. The name of a bucket may be only known at deployment.
   */
  public static s3(url: string, options: S3SourceOptions = {}): Source {
    return new Source({ address: url, files: options.files, isBucket: true });
  }

  /**
   * A REST API that answers in JSON: each endpoint is a table, whose rows are the records of its answers.
   *
   * @param endpoints by the names of their tables, in snake_case; one with the dataset's own name must be the only
   * table
   */
  public static api(endpoints: { [name: string]: ApiEndpoint }): Source {
    return new Source({ endpoints });
  }

  /** @internal */
  public readonly _source: SourceDefinition;

  private constructor(source: SourceDefinition) {
    this._source = source;
  }
}
