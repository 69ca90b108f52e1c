/* Made from glue-templates/dataset.schema.json by npx projen generate. Change the schema, not this file. */

/**
 * What separates the fields of a record: one to eight characters, no quote and no line break. Default: comma. A tab is the one character \t of a JSON text, not a backslash and a t.
 */
export type Delimiter = string;

/**
 * One dataset: what it is called, how big it is, where it comes from and how to read it. The props of BronzeDataset become this document, and the Glue job reads it.
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
   * The http:// or https:// address of one file: delimited text, plain, gzip or in a ZIP. No user name or password in it.
   */
  source_url: string;
  /**
   * Short form of file_format.delimiter.
   */
  delimiter?: string;
  file_format?: FileFormat;
  /**
   * Which file of a ZIP feeds which table: {file name or glob: table}. Needed when a ZIP holds several data files. Table names are snake_case; a table with the dataset's own name must be the only one.
   */
  file_table_mapping?: {
    [k: string]: string;
  };
  /**
   * What happens when a source's columns are not those that were published. evolve (default): new columns are added, missing ones are null, a value that does not fit its column's type goes to meta_rescued. freeze: any difference fails the run and is named.
   */
  schema_contract?: 'evolve' | 'freeze';
  data_quality?: DataQuality;
  schedule?: Schedule;
  /**
   * Glue version of the job. Default 5.0 (Spark 3.5.4, Python 3.11).
   */
  glue_version?: '5.0';
}
/**
 * How to read the file.
 */
export interface FileFormat {
  /**
   * csv: text with a delimiter between fields.
   */
  type?: 'csv';
  delimiter?: Delimiter;
  /**
   * Whether the first record holds the column names. Default true. Without it the columns are named column_1, column_2, …
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
}
/**
 * The gates that a run must pass before its tables replace the published ones. Each holds for every table of the dataset.
 */
export interface DataQuality {
  /**
   * Columns, by their names in the table, that must be in the source and nearly always have a value. Default: none.
   */
  required_columns?: string[];
  /**
   * The largest share of rows in which a required column may be null. Default 0.05.
   */
  critical_null_threshold?: number;
  /**
   * The fewest rows a table may have. Default 1.
   */
  expected_record_count_min?: number;
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
   * IANA name of the time zone in which a cron expression is read. Default UTC.
   */
  timezone?: string;
}
