/* Made from glue-templates/dataset.schema.json by npx projen generate. Change the schema, not this file. */

/**
 * An http:// or https:// URL without credentials, or an s3:// URL with a bucket and a path.
 */
export type Address = string;
/**
 * An http:// or https:// URL without credentials.
 */
export type HttpAddress = string;
/**
 * auto: follows a link in the response or the headers, or a cursor in the headers, at the usual places; without one, there is one page, and the run fails if the response says that there are more. json_link: the response contains the URL of the next page. header_link: the Link header contains it. header_cursor: a header contains a cursor, which the next request sends as a parameter. cursor: the response contains the cursor. offset: requests send the number of records to skip. page_number: requests send a page number. single: there is one page.
 */
export type PaginationType = 'auto' | 'json_link' | 'header_link' | 'header_cursor' | 'cursor' | 'offset' | 'page_number' | 'single';
/**
 * Delimiter between the fields of a record: one to eight characters, without double quotes and line breaks. Default: comma. A tab is the single character that JSON writes as \t, not a backslash and a t.
 */
export type Delimiter = string;
/**
 * Format of dates, in addition to ISO 8601 dates: yyyy or yy, MM (M without leading zeros, MMM for Jan), dd (d), HH, mm, ss, S per digit of a fraction, and separators between them.
 */
export type DateFormat = string;
/**
 * Name of a table within its dataset: snake_case, at most 80 characters.
 */
export type TableKey = string;
/**
 * Name of a column in its table: snake_case, starting with a letter, at most 128 characters. It cannot start with meta_.
 */
export type ColumnName = string;
/**
 * A dataset of the same lake: bronze/NAME or gold/NAME.
 */
export type SourceDataset = string;
/**
 * The columns that identify a row. The run fails if two rows of the query result have the same key.
 *
 * @minItems 1
 */
export type ColumnNames = string[];
/**
 * The columns in which a change creates a new version. Default: all columns except those of business_key and exclude, and those that start with meta_.
 *
 * @minItems 1
 */
export type ColumnNames1 = string[];
/**
 * Columns in which a change does not create a new version. A version keeps the values that they had when it was created. Default: none.
 *
 * @minItems 1
 */
export type ColumnNames2 = string[];
/**
 * The columns, by their names in the table, that identify a row. The run fails if two rows have the same key.
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
 * Number of rows.
 */
export type RowCount = number;

/**
 * A dataset: its name and size, its source or inputs, and its tables. A bronze dataset has source_url or api_endpoints; a gold dataset has source_datasets. The props of BronzeDataset and GoldDataset are converted to this document, which the Glue job reads.
 */
export interface DatasetDocument {
  /**
   * Name of the dataset in kebab-case: lower-case letters, digits and single hyphens, starting with a letter, at most 80 characters. All names and paths are derived from it.
   */
  dataset: string;
  /**
   * Description of the dataset in one or two sentences, at most 2048 characters, the limit of AWS Glue. It is set on the Glue job and the crawler, and does not reach the table in the Glue Data Catalog.
   */
  description?: string;
  /**
   * Size of the input data, which selects the workers and the timeout. small: less than 100 MB, medium: 100 MB to 1 GB, large: 1 to 5 GB, xlarge: more than 5 GB.
   */
  data_size_category: 'small' | 'medium' | 'large' | 'xlarge';
  /**
   * The http://, https:// or s3:// URL of a file, or a list of URLs, without credentials. Supported formats: delimited text, fixed-width text, JSON, JSON Lines and Parquet; plain, compressed with gzip or bzip2, or in a ZIP archive. s3://bucket/folder/ is a folder and s3://bucket/folder/*.csv is a glob; source_files selects their files. A pattern such as {yyyy-MM-dd} or {yyyyMMdd} is replaced by the run date (UTC).
   */
  source_url?: Address | Address[];
  /**
   * Number of days that a run looks back for a file if source_url contains a date and there is no file for the run date yet. Default: 7. With 0, the run fails if there is no file for the run date.
   */
  lookback_days?: number;
  /**
   * Which files to load if source_url is a folder or a glob in a bucket. newest (default): the file with the latest modification time. all: all files, in the order of their keys.
   */
  source_files?: 'newest' | 'all';
  /**
   * The endpoints of a REST API that returns JSON: {name: URL} or {name: {url, …}}. Each endpoint becomes a table with that name in snake_case. A table with the name of the dataset must be the only table.
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
   * Maps the files in a ZIP archive to tables: {file name or glob: table}. Required if the archive contains several data files. Table names are snake_case. A table with the name of the dataset must be the only table.
   */
  file_table_mapping?: {
    [k: string]: TableKey;
  };
  /**
   * Names, data types and formats of columns: {table: {Source Column: {target_name, type, format}}}. If a value does not fit its type, its cell is null and the value is stored in meta_rescued.
   */
  column_schema?: {
    [k: string]: {
      [k: string]: ColumnSchema;
    };
  };
  /**
   * Short form of column_schema for the names of columns in all tables: {Source Column: target name}.
   */
  column_mappings?: {
    [k: string]: ColumnName;
  };
  /**
   * gold: the datasets whose tables the query or script reads, each as bronze/NAME or gold/NAME. Tables have the same names as in Athena. Use an empty list for a table that needs no input, such as a calendar.
   */
  source_datasets?: SourceDataset[];
  /**
   * gold: name of the file with the Spark SQL query, in the same folder. The last statement is the table; the statements before it must be CREATE TEMPORARY VIEW. Without a query, the custom script glue/gold_job.py in the same folder builds the table.
   */
  sql?: string;
  /**
   * gold: names of the tables in snake_case, for a dataset with several tables. Each table is a temporary view that the query creates. A table with the name of the dataset must be the only table.
   *
   * @minItems 1
   */
  outputs?: TableKey[];
  history?: History;
  business_key?: ColumnNames3;
  /**
   * The columns that identify a row, per table: {table: [columns]}.
   */
  business_keys?: {
    [k: string]: ColumnNames4;
  };
  /**
   * What a run does if the columns differ from the published columns. evolve (default): new columns are added, missing columns are null, and a value that does not fit its column's type is stored in meta_rescued. freeze: the run fails and names the difference.
   */
  schema_contract?: 'evolve' | 'freeze';
  data_quality?: DataQuality;
  schedule?: Schedule;
  /**
   * Glue version of the job: 5.0 (Spark 3.5.4, Python 3.11), 5.1 (Spark 3.5.6, Python 3.11) or 6.0 (Spark 4.1.1, Python 3.13). Default: the version of the core, otherwise 5.0.
   */
  glue_version?: '5.0' | '5.1' | '6.0';
  /**
   * Name of the Glue connection through which the job reaches a source in a VPC. Default: none; the job uses the internet.
   */
  connection?: string;
}
/**
 * An endpoint of a REST API. A run sends one request per page, and repeats this per value of for_each.
 */
export interface ApiEndpoint {
  /**
   * An http:// or https:// URL without credentials.
   */
  url: string;
  /**
   * HTTP method: GET (default), or POST to send body. A POST request must not change data, because a run can send it more than once.
   */
  method?: 'GET' | 'POST';
  /**
   * Query parameters to add to those in url. {value} is replaced by the value of for_each.
   */
  params?: {
    [k: string]: string | number | boolean;
  };
  headers?: Headers;
  /**
   * POST: the JSON object to send. {value} in its strings is replaced by the value of for_each.
   */
  body?: {};
  /**
   * Path to the list of records in a response, with keys joined by dots. $ is the response itself. Default: the response if it is a list; otherwise its list of objects: the only one, or the one with a typical name such as results; otherwise the response as a single record.
   */
  records?: string;
  /**
   * How a run gets from one page to the next: a type, or {type, …} with options. Default: auto.
   */
  pagination?: PaginationType | Pagination;
  for_each?: ForEach;
  rate_limit?: RateLimit;
  /**
   * Whether the records of the endpoint become a table. Default: true. Set it to false for an endpoint that only provides the values of for_each.
   */
  table?: boolean;
}
/**
 * Headers of this endpoint, in addition to the headers of the dataset. If both have a header of the same name, this one is sent.
 */
export interface Headers {
  [k: string]: string;
}
/**
 * How a run gets from one page of an endpoint to the next.
 */
export interface Pagination {
  type: PaginationType;
  /**
   * json_link: path to the URL of the next page in the response, with keys joined by dots. Default: the usual places, such as next or links.next. cursor: path to the next cursor.
   */
  path?: string;
  /**
   * header_cursor: the response header that contains the next cursor.
   */
  header?: string;
  /**
   * Query parameter that selects the page. For an endpoint with a body, the path to it in the body, with keys joined by dots. Required for cursor and header_cursor. Default for offset: offset. Default for page_number: page.
   */
  param?: string;
  /**
   * offset, page_number, cursor, header_cursor: number of records to request per page. Default: the page size of the API.
   */
  limit?: number;
  /**
   * Query parameter that contains limit. Default: limit.
   */
  limit_param?: string;
  /**
   * page_number: number of the first page. Default: 1. offset: offset of the first record. Default: 0.
   */
  first?: number;
  /**
   * offset: path to the total number of records in the response, with keys joined by dots. Default: none; the run requests pages until one is empty.
   */
  total_records?: string;
  /**
   * page_number: path to the total number of pages in the response, with keys joined by dots. Default: none; the run requests pages until one is empty.
   */
  total_pages?: string;
  /**
   * Maximum number of pages per call of the endpoint. The run fails if there are more. Default: 10000.
   */
  max_pages?: number;
}
/**
 * Calls an endpoint once per value of its parent endpoint. {value} in url, params or body is replaced by the value.
 */
export interface ForEach {
  /**
   * Name of a table within its dataset: snake_case, at most 80 characters.
   */
  endpoint: string;
  /**
   * Path to the value in the records of the parent endpoint, with keys joined by dots. Each distinct value is used once, in the order of the records. Null values are skipped.
   */
  field: string;
  /**
   * Name of a field to add to each record. It contains the value that the endpoint was called with. A record that has a field of this name is not changed. Default: none.
   */
  column?: string;
}
/**
 * Rate limit for the requests of this endpoint, in addition to the rate limit of the dataset.
 */
export interface RateLimit {
  /**
   * Maximum number of requests in the period.
   */
  requests: number;
  /**
   * Length of the period in seconds. Default: 1.
   */
  seconds?: number;
}
/**
 * Headers to send with every request of the dataset. Do not put secrets here; use auth.
 */
export interface Headers1 {
  [k: string]: string;
}
/**
 * Rate limit for all requests of the dataset together. Default: no limit.
 */
export interface RateLimit1 {
  /**
   * Maximum number of requests in the period.
   */
  requests: number;
  /**
   * Length of the period in seconds. Default: 1.
   */
  seconds?: number;
}
/**
 * How requests are authenticated. The credentials are stored in AWS Secrets Manager. Only the run reads them; never put them into a file.
 */
export interface Auth {
  /**
   * bearer: a token in the Authorization header. api_key: an API key in a header, a query parameter or a cookie. basic: a user name and a password. oauth2_client_credentials: a token that the run requests with a client ID and a client secret.
   */
  type: 'bearer' | 'api_key' | 'basic' | 'oauth2_client_credentials';
  /**
   * Name or ARN of the secret in AWS Secrets Manager, never its value.
   */
  secret: string;
  /**
   * bearer, api_key: key of the value, if the secret is a JSON object. Default: the secret contains only the value.
   */
  secret_key?: string;
  /**
   * ARN of the customer managed KMS key that encrypts the secret. Default: the AWS managed key aws/secretsmanager.
   */
  encryption_key?: string;
  /**
   * api_key: where to send the API key: header (default), query or cookie.
   */
  location?: 'header' | 'query' | 'cookie';
  /**
   * api_key: name of the header, query parameter or cookie.
   */
  name?: string;
  /**
   * basic: key of the user name in the JSON object of the secret. Default: username.
   */
  username_key?: string;
  /**
   * basic: key of the password in the JSON object of the secret. Default: password.
   */
  password_key?: string;
  /**
   * An http:// or https:// URL without credentials.
   */
  token_url?: string;
  /**
   * oauth2_client_credentials: scopes to request, separated by spaces. Default: none; the authorization server applies its default.
   */
  scope?: string;
  /**
   * oauth2_client_credentials: additional parameters of the token request, such as audience. Do not put secrets here.
   */
  token_params?: {
    [k: string]: string;
  };
  /**
   * oauth2_client_credentials: how to send the client ID and secret: client_secret_basic (default), in the Authorization header, or client_secret_post, in the request body.
   */
  token_auth_method?: 'client_secret_basic' | 'client_secret_post';
  /**
   * oauth2_client_credentials: key of the client ID in the JSON object of the secret. Default: client_id.
   */
  client_id_key?: string;
  /**
   * oauth2_client_credentials: key of the client secret in the JSON object of the secret. Default: client_secret.
   */
  client_secret_key?: string;
}
/**
 * Format of the files.
 */
export interface FileFormat {
  /**
   * csv: delimited text. fixed_width: fixed-width text. json: one JSON document with a list of records. jsonl: JSON Lines, one document per line. parquet: Parquet. Default: fixed_width if widths are set; otherwise inferred from the file extension, then from the first bytes, otherwise csv.
   */
  type?: 'csv' | 'fixed_width' | 'json' | 'jsonl' | 'parquet';
  delimiter?: Delimiter;
  /**
   * Whether the first record contains the column names. Default: true; for fixed_width: false. With false, the columns are named column_1, column_2, …
   */
  header?: boolean;
  /**
   * Encoding of the file, by its name in Python. Default: utf-8; a byte order mark of UTF-8 or UTF-16 takes precedence. The run fails if a byte is not valid in this encoding.
   */
  encoding?: string;
  /**
   * Character that encloses fields with a delimiter, a quote (written twice) or a line break. An empty string if the file has no quotes. Default: the double quote. A quote in the middle of an unquoted field is part of its value.
   */
  quote?: string;
  /**
   * Character that escapes the next character, usually a backslash. Default: none; a quote within a quoted field is written twice.
   */
  escape?: string;
  /**
   * Values that mean null, in addition to the empty string. They are case-sensitive.
   *
   * @minItems 1
   */
  null_values?: string[];
  /**
   * Whether the empty string and null_values also mean null if they are in quotes. Default: true. With false, they are kept as text.
   */
  quoted_nulls?: boolean;
  /**
   * Character that starts a comment line. It must be the first character of the line. Default: none.
   */
  comment?: string;
  /**
   * Number of lines to skip before the header or the first record. Default: 0.
   */
  skip_rows?: number;
  /**
   * Number of records to skip at the end of the file, such as a line with totals. Default: 0.
   */
  skip_footer?: number;
  /**
   * fixed_width: widths of the fields in characters. Spaces around a value are removed.
   *
   * @minItems 1
   */
  widths?: number[];
  date_format?: DateFormat;
  /**
   * Format of numbers: the number 1234.56 as the file writes it, such as 1.234,56, 1234,56 or 1,234.56. Default: digits and a decimal point.
   */
  number_format?: string;
  /**
   * json: path to the list of records, with keys joined by dots. $ is the document itself. Default: the document if it is a list; otherwise its list of objects: the only one, or the one with a typical name such as results; otherwise the document as a single record.
   */
  records?: string;
}
/**
 * Name, data type and format of a column. Set at least one of them.
 */
export interface ColumnSchema {
  /**
   * Name of the column in the table. Default: the name in the source, in snake_case.
   */
  target_name?: string;
  /**
   * Data type: string, bigint, double, decimal(p,s), boolean, date or timestamp. A declared type keeps the value but not its formatting: 007 as bigint is 7. Default: inferred at the first publication.
   */
  type?: string;
  /**
   * Format of the values. date and timestamp: a pattern such as yyyyMMdd or MM/dd/yyyy HH:mm:ss. Numbers: 1.234,56 or 1,234.56 or 1234,56. boolean: the words for true and false, such as Y/N. Default: ISO 8601 dates, numbers with a decimal point, common words for true and false.
   */
  format?: string;
}
/**
 * gold: keeps every version of each row (slowly changing dimension of type 2), with the columns valid_from, valid_to, is_current and change_type.
 */
export interface History {
  business_key: ColumnNames;
  compare?: ColumnNames1;
  exclude?: ColumnNames2;
}
/**
 * Quality gates that a run must pass before it publishes its tables. They apply to each table of the dataset.
 */
export interface DataQuality {
  /**
   * Columns, by their names in the table, that must exist in the source and are rarely null: a list for all tables, or {table: [columns]}. Default: none.
   */
  required_columns?:
    | ColumnNames4
    | {
        [k: string]: ColumnNames4;
      };
  /**
   * Maximum share of rows in which a required column can be null. Default: 0.05.
   */
  critical_null_threshold?: number;
  /**
   * Minimum number of rows of a table: a number for all tables, or {table: number}. Default: 1. 0 allows an empty table.
   */
  expected_record_count_min?:
    | RowCount
    | {
        [k: string]: RowCount;
      };
  /**
   * Maximum share of its rows that a table can lose from one publication to the next. Default: 0.5. 1 turns the gate off.
   */
  max_shrink?: number;
  /**
   * bronze: maximum share of rows in which the value of a column did not fit its type and is stored in meta_rescued. Default: 0.01. 1 turns the gate off.
   */
  max_rescued_share?: number;
}
/**
 * When the job runs.
 */
export interface Schedule {
  /**
   * Whether the schedule starts runs. Default: true.
   */
  enabled?: boolean;
  /**
   * A cron(…) expression with six fields or a rate(…) expression of Amazon EventBridge Scheduler.
   */
  expression: string;
  /**
   * Flexible time window: the run starts within this number of minutes after the scheduled time, so that the jobs of one hour do not exceed the start limits of AWS Glue together. Default: 10. 0 starts the run on time.
   */
  flexible_minutes?: number;
  /**
   * IANA name of the time zone of a cron expression. Default: UTC.
   */
  timezone?: string;
}
