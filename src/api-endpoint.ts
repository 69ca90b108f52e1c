import { Pagination } from './pagination';
import { RateLimit } from './rate-limit';

/** How an endpoint is asked. */
export enum HttpMethod {
  /** By its address alone. */
  GET = 'GET',
  /** By a body. It must not change anything there: a run may send it again. */
  POST = 'POST',
}

/** Calls an endpoint for every value that another one's records have. */
export interface ForEach {
  /** The name of the other endpoint of the dataset. */
  readonly endpoint: string;

  /**
   * Where the value is in its records, keys joined by dots. Each value is taken once, in the order of the records; null
   * is none.
   */
  readonly field: string;

  /**
   * A field that each record gets with the value that it was called for, where it has none of that name.
   *
   * @default - none
   */
  readonly column?: string;
}

/** One call of a REST API that answers in JSON, as often as its pages and the values of `forEach` ask for. */
export interface ApiEndpoint {
  /**
   * Its address over HTTP or HTTPS, without a user name, a password or a key in it. `{value}` in it is that of
   * `forEach`.
   */
  readonly url: string;

  /**
   * How it is asked.
   *
   * @default HttpMethod.GET
   */
  readonly method?: HttpMethod;

  /**
   * Parameters of the query, beside those of `url`. `{value}` in them is that of `forEach`. No secrets: those are what
   * `auth` is for.
   *
   * @default - none
   */
  readonly params?: { [name: string]: string };

  /**
   * Headers of this endpoint's requests, beside those of the dataset and before them. No secrets: those are what `auth`
   * is for.
   *
   * @default - those of the dataset
   */
  readonly headers?: { [name: string]: string };

  /**
   * The JSON object that a POST sends. `{value}` in its texts is that of `forEach`.
   *
   * @default - none
   */
  readonly body?: { [key: string]: unknown };

  /**
   * The path to the list of records in an answer, keys joined by dots, for example `data.items`; `$` is the answer
   * itself.
   *
   * @default - the answer where it is a list, else the one list of objects in it, else the answer as one record
   */
  readonly records?: string;

  /**
   * How the pages follow each other.
   *
   * @default Pagination.auto()
   */
  readonly pagination?: Pagination;

  /**
   * Calls the endpoint for every value of another one's records.
   *
   * @default - it is called once
   */
  readonly forEach?: ForEach;

  /**
   * How often this endpoint's requests may be sent, beside the limit of the dataset.
   *
   * @default - that of the dataset
   */
  readonly rateLimit?: RateLimit;

  /**
   * Whether the endpoint is a table. False is for one that only gives others the values of `forEach`.
   *
   * @default true
   */
  readonly table?: boolean;
}
