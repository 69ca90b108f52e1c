import { IDataset } from './i-dataset';
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

/** Calls an endpoint once per value in a column of a published table of the lake. */
export interface ForEachTable {
  /**
   * The dataset that publishes the table: a dataset of any layer of the same lake.
   *
   * It becomes an input of the dataset with this endpoint. Pipelines run the input first, and a run reads the latest
   * publication of the input. For a dataset that another app deploys, use `fromName`, such as
   * `SilverDataset.fromName`. Synthesis fails with `LAKE_MISMATCH` if the input belongs to another lake, and with
   * `INPUTS_CYCLE` if the datasets depend on each other.
   */
  readonly input: IDataset;

  /**
   * The name of the table in its database, such as `drugs`.
   *
   * Synthesis fails with `UNKNOWN_TABLE` if a dataset of this app has no such table.
   */
  readonly table: string;

  /**
   * The column of the table that contains the values, such as `rxcui`. Its values can be strings, numbers, dates,
   * timestamps or Booleans.
   *
   * Each distinct value is used once, in ascending order. Null values and empty strings are skipped. Each record gets a
   * field with this name, which contains the value that the endpoint was called with. A record that already has a field
   * of this name is not changed.
   */
  readonly column: string;
}

/**
 * An endpoint of a REST API that returns JSON.
 *
 * A run sends one request per page. With `forEach` or `forEachTable`, it requests all pages once per value.
 */
export interface ApiEndpoint {
  /**
   * The `http://` or `https://` URL of the endpoint, without credentials.
   *
   * `{value}` is replaced by the value of `forEach` or `forEachTable`. Synthesis fails with `URL_INVALID` if the URL is
   * invalid, and with `SECRET_IN_CONFIG` if a parameter looks like a secret.
   */
  readonly url: string;

  /**
   * The HTTP method.
   *
   * @default HttpMethod.GET - most endpoints that return data use it
   */
  readonly method?: HttpMethod;

  /**
   * Query parameters to add to the parameters in `url`.
   *
   * `{value}` in a parameter is replaced by the value of `forEach` or `forEachTable`. Do not put secrets here; use
   * `auth` of the dataset.
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
   * `{value}` in its strings is replaced by the value of `forEach` or `forEachTable`. Synthesis fails with
   * `SETTING_NOT_APPLICABLE` if `method` is GET.
   *
   * @default - no body
   */
  readonly body?: { [key: string]: unknown };

  /**
   * The path to the list of records in a response, with keys joined by dots, such as `data.items`.
   *
   * `$` is the response itself. A number selects an element of a list by its zero-based index: `1` and `$[1]` are
   * the second element.
   *
   * @default - the response if it is a list; otherwise its only list of objects, or the list with a typical name such
   * as `results`; otherwise the response as a single record. This fits most APIs. After the first publication, this
   * location is fixed: a run fails if the records are no longer there
   */
  readonly records?: string;

  /**
   * Whether to treat a response without the list of records as an empty list.
   *
   * Set it to true for an API that omits the list when it is empty.
   *
   * @default false - the run fails if the list is missing, because the response can be incomplete
   */
  readonly recordsOptional?: boolean;

  /**
   * The shape of the records.
   *
   * @default - a list of objects, or one object; the first run fails if the response has another shape, and its error
   * contains the settings to add
   */
  readonly orient?: RecordOrient;

  /**
   * The name of the column that contains the keys of the records, with `RecordOrient.INDEX`. Synthesis fails with
   * `SETTING_REQUIRED` if `orient` is not set, and with `SETTINGS_CONFLICT` for another `orient`.
   *
   * @default - the keys are not in the table, because many records also contain their key
   */
  readonly keyColumn?: string;

  /**
   * The column names for records in the shape `RecordOrient.VALUES`, if the responses have no header.
   *
   * The run fails if a record has more or fewer values than there are names.
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
   * Calls the endpoint once per value in a column of a published table of the lake.
   *
   * Synthesis fails with `SETTINGS_CONFLICT` if `forEach` is also set. In a configuration file, this setting is
   * `for_each` with `table` and `column`.
   *
   * @default - the endpoint is called once, or once per value of `forEach`
   */
  readonly forEachTable?: ForEachTable;

  /**
   * A rate limit for the requests of this endpoint, in addition to the rate limit of the dataset.
   *
   * @default - only the rate limit of the dataset
   */
  readonly rateLimit?: RateLimit;

  /**
   * Whether the records of the endpoint become a table.
   *
   * Set it to false for an endpoint that only supplies the values for `forEach` of another endpoint.
   *
   * @default true
   */
  readonly table?: boolean;
}
