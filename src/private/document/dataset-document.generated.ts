/* Made from glue-templates/dataset.schema.json by npx projen generate. Change the schema, not this file. */

/**
 * An http:// or https:// address without user name or password, or an s3:// address with a bucket and a path.
 */
export type Address = string;
/**
 * An http:// or https:// address without user name or password.
 */
export type HttpAddress = string;
/**
 * auto: a link or a cursor that APIs usually give, else one page; an answer that says there is more fails the run. json_link: the next page's address is in the answer. header_link: in the header Link. header_cursor: a header has what the next request names. cursor: the answer has it. offset: requests count records. page_number: requests count pages. single: one page.
 */
export type PaginationType = 'auto' | 'json_link' | 'header_link' | 'header_cursor' | 'cursor' | 'offset' | 'page_number' | 'single';
/**
 * What separates the fields of a record: one to eight characters, no quote and no line break. Default: comma. A tab is the one character \t of a JSON text, not a backslash and a t.
 */
export type Delimiter = string;
/**
 * How dates are written, beside 2024-01-31: yyyy or yy, MM (M without zeros, MMM for Jan), dd (d), HH, mm, ss, S for each digit of a fraction, and marks between them.
 */
export type DateFormat = string;
/**
 * What a table is called within its dataset: snake_case, at most 80 characters.
 */
export type TableKey = string;
/**
 * The name of a column in its table: snake_case, a letter first, at most 128 characters, and none that begins with meta_.
 */
export type ColumnName = string;
/**
 * A dataset of the same lake: bronze/NAME or gold/NAME.
 */
export type SourceDataset = string;
/**
 * The columns that identify what a row is about. The query gives each of their values once.
 *
 * @minItems 1
 */
export type ColumnNames = string[];
/**
 * The columns whose change makes a new version. Default: all that are neither in business_key nor in exclude nor begin with meta_.
 *
 * @minItems 1
 */
export type ColumnNames1 = string[];
/**
 * Columns whose change makes no new version; they keep the value that they had when the version began. Default: none.
 *
 * @minItems 1
 */
export type ColumnNames2 = string[];
/**
 * The columns, by their names in the table, that identify a row. Two rows with the same values fail the run.
 *
 * @minItems 1
 */
export type ColumnNames3 = string[];
/**
 * Columns by their names in the table.
 *
 * @minItems 1
 */
export type ColumnNames4 = string[];
/**
 * A number of rows.
 */
export type RowCount = number;

/**
 * One dataset: what it is called, how big it is, where it comes from and what is made of it. source_url or api_endpoints make it bronze, source_datasets gold. The props of BronzeDataset and GoldDataset become this document, and the Glue job reads it.
 */
export interface DatasetDocument {
  /**
   * Name of the dataset in kebab-case: lower-case letters, digits and single hyphens, beginning with a letter, at most 80 characters. Every name and path is made from it.
   */
  dataset: string;
  /**
   * What the dataset holds, in one or two sentences. It goes to the job, the crawler and the table. At most 2048 characters, the limit of Glue.
   */
  description?: string;
  /**
   * How big the dataset is; it picks workers and timeout. small: below 100 MB, medium: 100 MB to 1 GB, large: 1 to 5 GB, xlarge: above 5 GB.
   */
  data_size_category: 'small' | 'medium' | 'large' | 'xlarge';
  /**
   * The http://, https:// or s3:// address of a file, or a list of them: delimited text, fixed width, JSON, JSON Lines or Parquet; plain, gzip, bzip2 or in a ZIP. No user name or password in it. s3://bucket/folder/ is the files of a folder, s3://bucket/folder/*.csv those that a glob matches: source_files says which of them. {yyyy-MM-dd} or {yyyyMMdd}, in any order and with any marks, is the date of the run in UTC.
   */
  source_url?: Address | Address[];
  /**
   * How many days a run goes back where source_url holds a date and there is no file of the run's own date yet. Default 7. 0 takes the run's own date or fails.
   */
  lookback_days?: number;
  /**
   * Which of the files are taken where source_url is a folder of a bucket, or a glob. newest (default): the one that was written last. all: every one, in the order of their keys.
   */
  source_files?: 'newest' | 'all';
  /**
   * The calls of a REST API that answers in JSON: {name: address} or {name: {url, …}}. Each is a table of that name, in snake_case; one with the dataset's own name must be the only table.
   */
  api_endpoints?: {
    [k: string]: HttpAddress | ApiEndpoint;
  };
  headers?: Headers1;
  rate_limit?: RateLimit1;
  auth?: Auth;
  /**
   * Short form of file_format.delimiter.
   */
  delimiter?: string;
  /**
   * Short form of file_format.date_format.
   */
  date_format?: string;
  file_format?: FileFormat;
  /**
   * Which file of a ZIP feeds which table: {file name or glob: table}. Needed when a ZIP holds several data files. Table names are snake_case; a table with the dataset's own name must be the only one.
   */
  file_table_mapping?: {
    [k: string]: TableKey;
  };
  /**
   * What columns are called and what they hold: {table: {Source Column: {target_name, type, format}}}. A value that does not fit its type leaves its cell null and goes to meta_rescued.
   */
  column_schema?: {
    [k: string]: {
      [k: string]: ColumnSchema;
    };
  };
  /**
   * Short form of column_schema for names alone, for all tables: {Source Column: target name}.
   */
  column_mappings?: {
    [k: string]: ColumnName;
  };
  /**
   * gold: the datasets that this one is made from, each as bronze/NAME or gold/NAME. Its query and script read their tables by the names that Athena has for them. An empty list for a table that is made from nothing, such as a calendar.
   */
  source_datasets?: SourceDataset[];
  /**
   * gold: the file with the query, beside this one: Spark SQL. The last statement is the table; statements before it may be CREATE TEMPORARY VIEW. Without it, glue/gold_job.py in this file's folder makes the table.
   */
  sql?: string;
  /**
   * gold: the tables of a dataset of several, in snake_case. Each is a temporary view that the query makes. A table with the dataset's own name must be the only one.
   *
   * @minItems 1
   */
  outputs?: TableKey[];
  history?: History;
  business_key?: ColumnNames3;
  /**
   * The same by table: {table: [columns]}.
   */
  business_keys?: {
    [k: string]: ColumnNames4;
  };
  /**
   * What happens when a source's columns are not those that were published. evolve (default): new columns are added, missing ones are null, a value that does not fit its column's type goes to meta_rescued. freeze: any difference fails the run and is named.
   */
  schema_contract?: 'evolve' | 'freeze';
  data_quality?: DataQuality;
  schedule?: Schedule;
  /**
   * Glue version of the job: 5.0 (Spark 3.5.4, Python 3.11), 5.1 (Spark 3.5.6, Python 3.11) or 6.0 (Spark 4.1.1, Python 3.13). Default: that of the core, 5.0 unless it says otherwise.
   */
  glue_version?: '5.0' | '5.1' | '6.0';
  /**
   * Name of the Glue connection through whose VPC the job reaches sources of a private network. Default: none, the internet.
   */
  connection?: string;
}
/**
 * One call of a REST API, as often as its pages and the values of for_each ask for.
 */
export interface ApiEndpoint {
  /**
   * An http:// or https:// address without user name or password.
   */
  url: string;
  /**
   * GET (default), or POST for an API that is asked by a body; POST must not change anything there.
   */
  method?: 'GET' | 'POST';
  /**
   * Parameters of the query, beside those of url. {value} in them is that of for_each.
   */
  params?: {
    [k: string]: string | number | boolean;
  };
  headers?: Headers;
  /**
   * POST: the JSON object that is sent. {value} in its texts is that of for_each.
   */
  body?: {};
  /**
   * The path to the list of records in an answer, keys joined by dots; $ is the answer itself. Default: the answer where it is a list, else the one list of objects in it, else the answer as one record.
   */
  records?: string;
  /**
   * How the pages follow each other: a type alone, or {type, …} where it has to be told more. Default: auto.
   */
  pagination?: PaginationType | Pagination;
  for_each?: ForEach;
  rate_limit?: RateLimit;
  /**
   * Whether the endpoint is a table. Default true. false is for one that only gives others the values of for_each.
   */
  table?: boolean;
}
/**
 * Headers of this endpoint's requests, beside those of the dataset and before them.
 */
export interface Headers {
  [k: string]: string;
}
/**
 * How the pages of an endpoint follow each other.
 */
export interface Pagination {
  type: PaginationType;
  /**
   * json_link: where the answer has the next page's address, keys joined by dots; default: found among the usual places, such as next or links.next. cursor: where it has the next cursor.
   */
  path?: string;
  /**
   * header_cursor: the header with the next cursor.
   */
  header?: string;
  /**
   * The parameter of the query that names the page; for an endpoint with a body the path of keys in it. Default: cursor, offset or page, as the type is.
   */
  param?: string;
  /**
   * offset, page_number, cursor, header_cursor: how many records a page is asked to have. Default: what the API gives.
   */
  limit?: number;
  /**
   * The parameter for limit. Default: limit.
   */
  limit_param?: string;
  /**
   * page_number: the number of the first page, default 1. offset: that of the first record, default 0.
   */
  first?: number;
  /**
   * offset: where the answer has the number of all records, keys joined by dots. Default: none, and pages are asked for until one is empty.
   */
  total_records?: string;
  /**
   * page_number: where the answer has the number of all pages, keys joined by dots. Default: none, and pages are asked for until one is empty.
   */
  total_pages?: string;
  /**
   * The most pages of one call; more fail the run. Default 10000.
   */
  max_pages?: number;
}
/**
 * Calls an endpoint for every value that another one's records have: {value} in its url, params or body is that value.
 */
export interface ForEach {
  /**
   * What a table is called within its dataset: snake_case, at most 80 characters.
   */
  endpoint: string;
  /**
   * Where the value is in its records, keys joined by dots. Each value is taken once, in the order of the records; null is none.
   */
  field: string;
  /**
   * A field that each record gets with the value that it was called for, where it has none of that name. Default: none.
   */
  column?: string;
}
/**
 * How often this endpoint's requests may be sent, beside the limit of the dataset.
 */
export interface RateLimit {
  /**
   * So many requests at most.
   */
  requests: number;
  /**
   * In so many seconds. Default 1.
   */
  seconds?: number;
}
/**
 * Headers of every request of the dataset. No secrets: those are what auth is for.
 */
export interface Headers1 {
  [k: string]: string;
}
/**
 * How often all requests of the dataset together may be sent. Default: as fast as answers come.
 */
export interface RateLimit1 {
  /**
   * So many requests at most.
   */
  requests: number;
  /**
   * In so many seconds. Default 1.
   */
  seconds?: number;
}
/**
 * How requests are signed. The secret is in AWS Secrets Manager; its value is read by the run, and is never in a file.
 */
export interface Auth {
  /**
   * bearer: a token. api_key: a key in a header, the query or a cookie. basic: user name and password. oauth2_client_credentials: a token that the run gets with a client's id and secret.
   */
  type: 'bearer' | 'api_key' | 'basic' | 'oauth2_client_credentials';
  /**
   * Name or ARN of the secret in Secrets Manager, never its value.
   */
  secret: string;
  /**
   * bearer, api_key: the key of the value in a secret that is a JSON object. Default: the secret is the value.
   */
  secret_key?: string;
  /**
   * ARN of the customer key in KMS that encrypts the secret. Default: the account's own key for Secrets Manager.
   */
  encryption_key?: string;
  /**
   * api_key: where the key goes: header (default), query or cookie.
   */
  location?: 'header' | 'query' | 'cookie';
  /**
   * api_key: the name of the header, parameter or cookie.
   */
  name?: string;
  /**
   * basic: the key of the user name in the secret's JSON object. Default: username.
   */
  username_key?: string;
  /**
   * basic: the key of the password in the secret's JSON object. Default: password.
   */
  password_key?: string;
  /**
   * An http:// or https:// address without user name or password.
   */
  token_url?: string;
  /**
   * oauth2_client_credentials: what the token is for, words joined by spaces. Default: what the client may have.
   */
  scope?: string;
  /**
   * oauth2_client_credentials: further parameters that the token's address asks for, such as audience.
   */
  token_params?: {
    [k: string]: string;
  };
  /**
   * oauth2_client_credentials: how the client's id and secret are sent: client_secret_basic (default), in the header Authorization, or client_secret_post, in the body.
   */
  token_auth_method?: 'client_secret_basic' | 'client_secret_post';
  /**
   * oauth2_client_credentials: the key of the client's id in the secret's JSON object. Default: client_id.
   */
  client_id_key?: string;
  /**
   * oauth2_client_credentials: the key of the client's secret in the secret's JSON object. Default: client_secret.
   */
  client_secret_key?: string;
}
/**
 * How to read the files.
 */
export interface FileFormat {
  /**
   * csv: text with a delimiter between fields. fixed_width: text with fields of fixed widths. json: one document with a list of records. jsonl: a JSON document a line. parquet. Default: fixed_width where widths are declared, else told from the file: its ending, then its first bytes, then csv.
   */
  type?: 'csv' | 'fixed_width' | 'json' | 'jsonl' | 'parquet';
  delimiter?: Delimiter;
  /**
   * Whether the first record holds the column names. Default true, for fixed_width false. Without it the columns are named column_1, column_2, …
   */
  header?: boolean;
  /**
   * Name of the text's encoding as Python knows it. Default utf-8; a byte-order mark of UTF-8 or UTF-16 is obeyed. Bytes that are not of this encoding fail the run.
   */
  encoding?: string;
  /**
   * The character around fields that hold a delimiter, a quote (doubled) or a line break; an empty text for files that do not quote. Default: the double quote. A quote opens only at the start of a field.
   */
  quote?: string;
  /**
   * The character that takes the meaning from the one behind it, usually a backslash. Default: none; a quote inside quotes is doubled.
   */
  escape?: string;
  /**
   * Texts that stand for a missing value, beside the empty one. Upper and lower case differ.
   *
   * @minItems 1
   */
  null_values?: string[];
  /**
   * Whether an empty text or one of null_values is a missing value inside quotes too. Default true; false keeps them as text.
   */
  quoted_nulls?: boolean;
  /**
   * The character that makes a line a comment where it stands at its beginning. Default: none.
   */
  comment?: string;
  /**
   * Lines above the header that are no data. Default 0.
   */
  skip_rows?: number;
  /**
   * Records at the end that are no data, such as a total. Default 0.
   */
  skip_footer?: number;
  /**
   * fixed_width: the widths of the fields, in characters. Spaces around a value are padding.
   *
   * @minItems 1
   */
  widths?: number[];
  date_format?: DateFormat;
  /**
   * How numbers are written, by the example 1234.56 with the file's own marks: 1.234,56 for thousands and a decimal comma, 1234,56, 1,234.56. Default: digits and a decimal point.
   */
  number_format?: string;
  /**
   * json: the path to the list of records, keys joined by dots; $ is the document itself. Default: the document where it is a list, else the one list of objects in it, else the document as one record.
   */
  records?: string;
}
/**
 * What a column is called and what it holds.
 */
export interface ColumnSchema {
  /**
   * Its name in the table. Default: the source's, in snake_case.
   */
  target_name?: string;
  /**
   * string, bigint, double, decimal(p,s), boolean, date or timestamp. The value is kept, not its spelling: 007 is 7. Default: guessed at the first publication.
   */
  type?: string;
  /**
   * How the values are written. date and timestamp: a pattern such as yyyyMMdd or MM/dd/yyyy HH:mm:ss. Numbers: 1.234,56 or 1,234.56 or 1234,56. boolean: the words for true and false, as Y/N. Default: ISO dates, plain numbers, the usual words.
   */
  format?: string;
}
/**
 * gold: keep every version of a row (slowly changing dimension, type 2) with valid_from, valid_to, is_current and change_type.
 */
export interface History {
  business_key: ColumnNames;
  compare?: ColumnNames1;
  exclude?: ColumnNames2;
}
/**
 * The gates that a run must pass before its tables replace the published ones. Each holds for every table of the dataset.
 */
export interface DataQuality {
  /**
   * Columns, by their names in the table, that must be in the source and nearly always have a value: a list for all tables, or {table: [columns]}. Default: none.
   */
  required_columns?:
    | ColumnNames4
    | {
        [k: string]: ColumnNames4;
      };
  /**
   * The largest share of rows in which a required column may be null. Default 0.05.
   */
  critical_null_threshold?: number;
  /**
   * The fewest rows a table may have: a number for all tables, or {table: number}. Default 1; 0 lets an empty table pass.
   */
  expected_record_count_min?:
    | RowCount
    | {
        [k: string]: RowCount;
      };
  /**
   * The largest share of its rows that a table may lose from one publication to the next. Default 0.5; 1 switches the gate off.
   */
  max_shrink?: number;
  /**
   * The largest share of rows in which something of a column did not fit and went to meta_rescued. Default 0.01; 1 switches the gate off.
   */
  max_rescued_share?: number;
}
/**
 * When the job runs.
 */
export interface Schedule {
  /**
   * Whether the schedule starts runs. Default true.
   */
  enabled?: boolean;
  /**
   * A cron(…) expression of six fields or a rate(…) expression, as EventBridge Scheduler takes them.
   */
  expression: string;
  /**
   * Within how many minutes behind its time a run starts, so that many jobs of the same hour do not meet Glue's limits together. Default 10. 0 starts it on time.
   */
  flexible_minutes?: number;
  /**
   * IANA name of the time zone in which a cron expression is read. Default UTC.
   */
  timezone?: string;
}
