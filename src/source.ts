import { ApiEndpoint } from './api-endpoint';
import { SourceDefinition } from './private/definition/source-document';

/** Which files a run loads if the URL is a folder or a glob. */
export enum S3Files {
  /** The file with the latest modification time. */
  NEWEST = 'newest',
  /** All files, in the order of their keys. */
  ALL = 'all',
}

/** Options for files in an S3 bucket. */
export interface S3SourceOptions {
  /**
   * Which files to load if the URL is a folder or a glob.
   *
   * @default S3Files.NEWEST - most vendors deliver a complete new file each time
   */
  readonly files?: S3Files;
}

/**
 * Where the data of a dataset comes from.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new BronzeDataset(datasets, 'Zipcodes', {
 *   core,
 *   dataset: 'zipcodes',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   source: Source.url('https://example.org/zipcodes-{yyyyMMdd}.zip'),
 * });
 */
export class Source {
  /**
   * A file over HTTP or HTTPS: delimited text, fixed-width text, JSON, JSON Lines or Parquet. It can be plain,
   * compressed with gzip or bzip2, or in a ZIP archive.
   *
   * A pattern in braces, such as `{yyyyMMdd}`, `{yyyy-MM-dd}` or `{yyyy/MM}`, is replaced by the run date (UTC). If
   * there is no file for that date yet, the run also tries earlier dates, up to the number of days in `lookbackDays` of
   * the dataset. The URL is checked when a dataset uses the source. Synthesis fails with `URL_INVALID` if the URL is
   * invalid or contains credentials, and with `PLACEHOLDER_INVALID` if a pattern is invalid.
   *
   * @param url the URL of the file, such as `https://example.org/zipcodes.zip`, without credentials
   * @exampleMetadata fixture=lake
   * @example
   * const source = Source.url('https://example.org/nsde-{yyyyMMdd}.csv');
   */
  public static url(url: string): Source {
    return new Source({ url });
  }

  /**
   * Several files, each with a URL as in `url` or `s3`. Each run loads all of them.
   *
   * @param urls the URLs of the files: at least one, without duplicates
   * @param options which files to load from folders and globs in S3 buckets
   * @exampleMetadata fixture=lake
   * @example
   * const source = Source.urls(['https://example.org/east.csv', 'https://example.org/west.csv']);
   */
  public static urls(urls: string[], options: S3SourceOptions = {}): Source {
    return new Source({ url: urls, options });
  }

  /**
   * Files in an S3 bucket, such as a bucket of a vendor. The supported formats and date patterns are the same as for
   * `url`.
   *
   * The dataset gets its own role. In this bucket, the role can read only the objects under the literal prefix of the
   * URL: the part before its first wildcard or brace. If the bucket is in another account, the bucket policy must also
   * allow this role. If a customer managed KMS key encrypts the files, add `kms:Decrypt` to the `role` of the dataset.
   * Synthesis fails with `URL_INVALID` if the URL does not start with `s3://` or has no path.
   *
   * @param url a file such as `s3://bucket/folder/file.csv`, a folder such as `s3://bucket/folder/`, or a glob such as
   * `s3://bucket/folder/*.csv`. The name of the bucket can be a token.
   * @param options which files to load from a folder or a glob
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html
   * @exampleMetadata fixture=lake
   * @example
   * const source = Source.s3('s3://vendor-bucket/out/*.csv', { files: S3Files.ALL });
   */
  public static s3(url: string, options: S3SourceOptions = {}): Source {
    return new Source({ url, options, isS3: true });
  }

  /**
   * A file of the app, in one of the formats of `url`. It is deployed to the bucket of the lake with the script of the
   * dataset, and the job reads it from there.
   *
   * Use `file` for files that change with the app, such as lookup tables. Synthesis fails with `FILE_NOT_FOUND` if the
   * file does not exist, and with `FILE_TOO_LARGE` if the files of the dataset, or all files of its stack, are larger
   * than 200 MB in total. Use `s3` for larger files, and for files that change without a deployment.
   *
   * @param path the path of the file, relative to the folder where you run `cdk synth`. Symbolic links are followed.
   * @exampleMetadata fixture=lake
   * @example
   * const source = Source.file('data/airlines.csv');
   */
  public static file(path: string): Source {
    return new Source({ path });
  }

  /**
   * Several files of the app, each as in `file`. Each run loads all of them.
   *
   * @param paths the paths of the files: at least one, without duplicates
   * @exampleMetadata fixture=lake
   * @example
   * const source = Source.files(['data/east.csv', 'data/west.csv']);
   */
  public static files(paths: string[]): Source {
    return new Source({ path: paths });
  }

  /**
   * A REST API that returns JSON. Each endpoint becomes a table, whose rows are the records in the responses of
   * this endpoint.
   *
   * Each endpoint is an `ApiEndpoint`. In Python, an endpoint can also be a dict, such as `{"url": "https://…"}`.
   * Synthesis fails with `UNKNOWN_KEY` for a key that `ApiEndpoint` does not have.
   *
   * A table can have the same name as the dataset only if it is the only table. Otherwise, synthesis fails with
   * `TABLE_NAME_RESERVED`.
   *
   * @param endpoints the endpoints, keyed by table name in snake_case
   * @exampleMetadata fixture=lake
   * @example
   * const source = Source.api({
   *   products: { url: 'https://api.example.org/v1/products', params: { country: 'NL' } },
   *   prices: {
   *     url: 'https://api.example.org/v1/products/{value}/prices',
   *     forEach: { endpoint: 'products', field: 'id', column: 'product_id' },
   *   },
   * });
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
