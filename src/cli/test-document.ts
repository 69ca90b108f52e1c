/** The keys of a test file, as tests.schema.json defines them. The values of rows are read from the YAML nodes. */
export interface TestsDocument {
  readonly dataset?: string;
  readonly inputs?: Record<string, InputDocument>;
  readonly tests: TestDocument[];
}

/** A test in a test file. */
export interface TestDocument {
  readonly name: string;
  readonly inputs?: Record<string, InputDocument>;
  readonly loads?: LoadDocument[];
  readonly expect?: ExpectDocument;
}

/** A load of a history in a test. */
export interface LoadDocument {
  readonly at: string;
  readonly inputs?: Record<string, InputDocument>;
  readonly expect?: ExpectDocument;
}

/** The rows of an input table. */
export interface InputDocument {
  readonly rows?: object[];
  readonly file?: string;
  readonly columns?: Record<string, string>;
}

/** The expected rows of an output. */
export interface TableDocument {
  readonly rows?: object[];
  readonly file?: string;
  readonly columns?: 'all' | 'listed';
  readonly ordered?: boolean;
}

/** What a run is expected to return. */
export interface ExpectDocument extends TableDocument {
  readonly outputs?: Record<string, TableDocument>;
  readonly error?: string;
  readonly violated_rules?: string[];
}
