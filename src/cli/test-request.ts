import { Deployment } from './assembly';

/**
 * A value in a test file. The data type of its column is not known yet. The value is null, a string, a list, or an
 * object with one key: `number` or `boolean` with the text of an unquoted value, or `map` with the fields of a mapping.
 */
export type Cell = null | string | Cell[] | { number: string } | { boolean: string } | { map: Record<string, Cell> };

/** A row with its line in the test file. */
export interface RequestRow {
  readonly line: number;
  readonly values: Record<string, Cell>;
}

/** The rows of a table in a test, or the file that contains them. */
export interface RequestRows {
  /** The key in the test file, for messages: `inputs.zipcodes`. */
  readonly what: string;
  readonly test_file: string;
  readonly line: number;
  readonly rows?: RequestRow[];
  /** The absolute path of the file with the rows. */
  readonly file?: string;
  /** The data types by column. Inputs only. */
  readonly columns?: Record<string, string>;
  /** Whether only the listed columns are compared. Set for expected rows only. */
  readonly listed_columns?: boolean;
  /** Whether the order of the rows is compared. Set for expected rows only. */
  readonly ordered?: boolean;
}

/** What a load is expected to return. */
export interface RequestExpectation {
  /** The expected rows, keyed by output. The key is empty if the test does not name the output. */
  readonly tables: Record<string, RequestRows>;
  readonly error?: string;
  readonly violated_rules?: string[];
}

/** A run of the transform in a test. */
export interface RequestLoad {
  readonly at: string;
  /** The input rows, by the name of the table in Athena. */
  readonly inputs: Record<string, RequestRows>;
  readonly expect?: RequestExpectation;
}

/** A table that a dataset can read. */
export interface InputTable {
  /** The name in Athena: `pp_dw_bronze.zipcodes`. */
  readonly name: string;
  readonly layer: string;
  /** The data types by column, from the published contract. */
  readonly columns?: Record<string, string>;
  /** The name of the contract in messages. */
  readonly contract?: string;
}

/** The file that run_tests.py reads. */
export interface TestRequest {
  readonly datasets: {
    readonly script: string;
    readonly arguments: Record<string, string>;
    readonly deployments: Deployment[];
    readonly tables: InputTable[];
  }[];
  readonly tests: { readonly id: number; readonly dataset: number; readonly loads: RequestLoad[] }[];
  readonly work: string;
  readonly java_options: string;
  readonly record?: RecordRequest;
}

/** The request of `medallion test --record`. */
export interface RecordRequest {
  /** The folder that contains one folder per bucket. */
  readonly lake: string;
  /** The maximum number of result rows for which matching input rows are selected. */
  readonly rows: number;
  readonly at: string;
}
