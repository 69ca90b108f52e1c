import { Deployment } from './assembly';

/**
 * A value in a test file, whose type is not known yet: null, a text, a list, or an object with one key: `number` or
 * `boolean` with the text of an unquoted value, or `map` with the fields of a mapping.
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
  /** The absolute path. */
  readonly file?: string;
  /** The types by column. Inputs only. */
  readonly columns?: Record<string, string>;
  /** Expected rows only. */
  readonly listed_columns?: boolean;
  /** Expected rows only. */
  readonly ordered?: boolean;
}

/** What a load is expected to return. */
export interface RequestExpectation {
  /** By output. The key is empty if the test does not name the output. */
  readonly tables: Record<string, RequestRows>;
  readonly error?: string;
  readonly violated_rules?: string[];
}

/** A run of the transform. */
export interface RequestLoad {
  readonly at: string;
  /** By the name of the table in Athena. */
  readonly inputs: Record<string, RequestRows>;
  readonly expect?: RequestExpectation;
}

/** A table that a dataset can read. */
export interface InputTable {
  /** The name in Athena: `pp_dw_bronze.zipcodes`. */
  readonly name: string;
  readonly layer: string;
  /** The types by column of the published contract. */
  readonly columns?: Record<string, string>;
  /** The contract, for messages. */
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

/** What `medallion test --record` requests. */
export interface RecordRequest {
  /** The folder with one folder per bucket. */
  readonly lake: string;
  /** The maximum number of rows of the result that the sample begins with. */
  readonly rows: number;
  readonly at: string;
}
