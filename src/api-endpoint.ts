import { Pagination } from './pagination';
import { RateLimit } from './rate-limit';
import { RecordOrient } from './record-orient';

/** The HTTP method of the requests to an endpoint. */
export enum HttpMethod {
  /** A GET request, without a body. */
  GET = 'GET',
  /** A POST request with a JSON body. It must not change data, because a run can send it more than once. */
  POST = 'POST',
}

/** Calls an endpoint once per value of its parent endpoint. */
export interface ForEach {
  /**
   * The name of the parent endpoint: another endpoint of the same dataset.
   *
   * Synthesis fails with `UNKNOWN_ENDPOINT` if it does not exist, and with `ENDPOINTS_CYCLE` if the endpoints depend
   * on each other.
   */
  readonly endpoint: string;

  /**
   * The path to the value in the records of the parent endpoint, with keys joined by dots, such as `meta.id`.
   *
   * `$` is the record itself: use it if the parent endpoint returns a list of single values, such as `["NL", "BE"]`.
   *
   * Each distinct value is used once, in the order of the records. Null values are skipped.
   */
  readonly field: string;

  /**
   * The name of a field to add to each record. It contains the value that the endpoint was called with.
   *
   * A record that already has a field of this name is not changed.
   *
   * @default - no field is added, because many responses already contain the value
   */
  readonly column?: string;
}

/**
 * An endpoint of a REST API that returns JSON.
 *
 * A run sends one request per page, and repeats this per value of `forEach`.
 */
export interface ApiEndpoint {
  /**
   * The `http://` or `https://` URL of the endpoint, without credentials.
   *
   * `{value}` is replaced by the value of `forEach`. Synthesis fails with `URL_INVALID` if the URL is invalid, and with
   * `SECRET_IN_CONFIG` if a parameter looks like a secret.
   */
  readonly url: string;

  /**
   * The HTTP method.
   *
   * @default HttpMethod.GET - most endpoints that return data use it
   */
  readonly method?: HttpMethod;

  /**
   * Query parameters to add to those in `url`.
   *
   * `{value}` in a parameter is replaced by the value of `forEach`. Do not put secrets here; use `auth` of the dataset.
   *
   * @default - only the parameters in `url`
   */
  readonly params?: { [name: string]: string };

  /**
   * Headers to send with the requests of this endpoint, in addition to the headers of the dataset.
   *
   * If both have a header of the same name, the endpoint's header is sent. Do not put secrets here; use `auth` of the
   * dataset.
   *
   * @default - only the headers of the dataset
   */
  readonly headers?: { [name: string]: string };

  /**
   * The JSON object that a POST request sends.
   *
   * `{value}` in its strings is replaced by the value of `forEach`. Synthesis fails with `SETTING_NOT_APPLICABLE` if
   * `method` is GET.
   *
   * @default - no body
   */
  readonly body?: { [key: string]: unknown };

  /**
   * The path to the list of records in a response, with keys joined by dots, such as `data.items`.
   *
   * `$` is the response itself. A number is a position in a list, starting at 0, such as `1` or `$[1]`.
   *
   * @default - the response if it is a list; otherwise its list of objects: the only one, or the one with a typical
   * name such as `results`; otherwise the response as a single record. This fits most APIs. After the first
   * publication, the records stay at the published place: a run fails if they are no longer there
   */
  readonly records?: string;

  /**
   * Whether a response without the list of records has no records.
   *
   * Set it to true for an API that omits the list when it is empty.
   *
   * @default false - the run fails if the list is missing, because the response can be incomplete
   */
  readonly recordsOptional?: boolean;

  /**
   * The shape of the records.
   *
   * @default - a list of objects, or one object; a first run fails if the response has another shape, and shows what
   * to set
   */
  readonly orient?: RecordOrient;

  /**
   * The name of a column for the keys of `RecordOrient.INDEX`.
   *
   * @default - the keys are not in the table, because many records repeat them
   */
  readonly keyColumn?: string;

  /**
   * The names of the values in the records of `RecordOrient.VALUES`, for responses without a header.
   *
   * The run fails if a record has another number of values.
   *
   * @default - the names in the header
   */
  readonly columnNames?: string[];

  /**
   * How a run gets from one page of the endpoint to the next.
   *
   * @default Pagination.auto() - it detects the links and cursors that most APIs use
   */
  readonly pagination?: Pagination;

  /**
   * Calls the endpoint once per value of another endpoint.
   *
   * @default - the endpoint is called once
   */
  readonly forEach?: ForEach;

  /**
   * A rate limit for the requests of this endpoint, in addition to the rate limit of the dataset.
   *
   * @default - only the rate limit of the dataset
   */
  readonly rateLimit?: RateLimit;

  /**
   * Whether the records of the endpoint become a table.
   *
   * Set it to false for an endpoint that only provides the values of `forEach`.
   *
   * @default true
   */
  readonly table?: boolean;
}
