import { FileFormat as FileFormatDocument } from './private/document/dataset-document.generated';
import { datasetSchema } from './private/document/dataset-schema';
import { plainCopy } from './private/document/struct-keys';
import { RecordOrient } from './record-orient';

/** Options for text formats with one record per line. */
export interface TextOptions {
  /**
   * The encoding of the file, as named in Python, such as `cp1252`.
   *
   * The run fails if a byte is not valid in this encoding.
   *
   * @default - utf-8; a byte order mark of UTF-8 or UTF-16 takes precedence
   * @see https://docs.python.org/3/library/codecs.html#standard-encodings
   */
  readonly encoding?: string;

  /**
   * Values that mean null, in addition to the empty string, such as `NA`. They are case-sensitive.
   *
   * @default - only the empty string, because a value such as `NA` can be valid data
   */
  readonly nullValues?: string[];

  /**
   * The character that starts a comment line. It must be the first character of the line.
   *
   * @default - no comment lines
   */
  readonly comment?: string;

  /**
   * The number of lines to skip before the header or the first record.
   *
   * @default 0
   */
  readonly skipRows?: number;

  /**
   * The names of the columns in the order of the fields, for files without a header.
   *
   * With these names, the default of `header` is false. With `header: true`, they replace the names in the header. If a
   * record has more fields than there are names, the extra fields are stored in `meta_rescued`. The names apply to all
   * tables. Synthesis fails with `SETTINGS_CONFLICT` if `columnNamesByTable` is also set.
   *
   * @default - the names in the header; without a header `column_1`, `column_2`, …
   */
  readonly columnNames?: string[];

  /**
   * The names of the columns in the order of the fields, per table, for a dataset with several tables.
   *
   * Each key is the name of a table in `fileTableMapping`. Synthesis fails with `UNKNOWN_TABLE` if a table does not
   * exist. The files of a table that is not listed have a header, unless `header` is false. The names are used as
   * described for `columnNames`.
   *
   * @default - `columnNames` applies to all tables
   */
  readonly columnNamesByTable?: { [table: string]: string[] };

  /**
   * The number of records to skip after the header, such as a row with the units or the formats of the columns.
   *
   * Synthesis fails with `SETTINGS_CONFLICT` if the file has no header.
   *
   * @default 0
   */
  readonly skipRowsAfterHeader?: number;

  /**
   * The number of records to skip at the end of the file, such as a line with totals.
   *
   * @default 0
   */
  readonly skipFooter?: number;

  /**
   * The format of dates, in addition to ISO 8601 dates, such as `yyyyMMdd` or `dd.MM.yyyy HH:mm`.
   *
   * The parts are `yyyy` or `yy`, `MM` (`M` without leading zeros, `MMM` for Jan), `dd` (`d`), `HH` (`H`) or `hh` (`h`)
   * with `a` for AM or PM, `mm`, `ss`, and one `S` per digit of the fraction of a second. Synthesis fails with
   * `FORMAT_INVALID` if the format is invalid.
   *
   * @default - only ISO 8601 dates, because the day and the month of 01/02/2024 are ambiguous
   */
  readonly dateFormat?: string;

  /**
   * The format of numbers: the number 1234.56 as the file writes it, such as `1.234,56`, `1,234.56` or `1234,56`.
   * With a currency sign, such as `$1,234.56` or `1.234,56 €`, the sign is removed.
   *
   * Synthesis fails with `FORMAT_INVALID` if the format is invalid.
   *
   * @default - digits and a decimal point, because 1,234 is ambiguous
   */
  readonly numberFormat?: string;
}

/**
 * Options for delimited text.
 *
 * Synthesis fails with `CHARACTERS_CONFLICT` if one character has two meanings, such as the delimiter and the quote.
 */
export interface CsvOptions extends TextOptions {
  /**
   * The delimiter between the fields of a record: one to eight characters other than double quotes and line breaks.
   *
   * @default - a comma
   */
  readonly delimiter?: string;

  /**
   * Whether the first record contains the column names. If false, the columns are named by `columnNames`, otherwise
   * `column_1`, `column_2`, …
   *
   * @default true - most files have a header; false with `columnNames`
   */
  readonly header?: boolean;

  /**
   * The character that encloses fields that contain a delimiter, a quote or a line break. Set it to an empty string if
   * the file has no quotes.
   *
   * A quote within a field is written twice.
   *
   * @default - the double quote
   */
  readonly quote?: string;

  /**
   * The character that escapes the next character, usually a backslash.
   *
   * @default - none; a quote within a quoted field is written twice, as RFC 4180 specifies
   * @see https://datatracker.ietf.org/doc/html/rfc4180
   */
  readonly escape?: string;

  /**
   * Whether the empty string and `nullValues` also mean null if they are in quotes. If false, they are kept as text.
   *
   * @default true - many exports put all fields in quotes, including those that are null
   */
  readonly quotedNulls?: boolean;
}

/** Options for fixed-width text. */
export interface FixedWidthOptions extends TextOptions {
  /** The widths of the fields in characters. Spaces around a value are removed. */
  readonly widths: number[];

  /**
   * Whether the first record contains the column names. If false, the columns are named by `columnNames`, otherwise
   * `column_1`, `column_2`, …
   *
   * @default false - most fixed-width files have a separate description of their fields
   */
  readonly header?: boolean;
}

/** Options for JSON documents. */
export interface JsonOptions {
  /**
   * The path to the list of records, with keys joined by dots, such as `data.items`.
   *
   * `$` is the document itself. A number selects an element of a list by its zero-based index: `1` and `$[1]` are
   * the second element.
   *
   * @default - the document if it is a list; otherwise its only list of objects, or the list with a typical name such
   * as `results`; otherwise the document as a single record. This fits most documents. After the first publication,
   * this location is fixed: a run fails if the records are no longer there
   */
  readonly records?: string;

  /**
   * Whether to treat a document without the list of records as an empty list.
   *
   * Set it to true for a source that omits the list when it is empty.
   *
   * @default false - the run fails if the list is missing, because the document can be incomplete
   */
  readonly recordsOptional?: boolean;

  /**
   * The shape of the records.
   *
   * @default - a list of objects, or one object; the first run fails if the document has another shape, and its error
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
   * The column names for records in the shape `RecordOrient.VALUES`, if the files have no header.
   *
   * The run fails if a record has more or fewer values than there are names. The names apply to all tables. Synthesis
   * fails with `SETTINGS_CONFLICT` if `columnNamesByTable` is also set.
   *
   * @default - the names in the header
   */
  readonly columnNames?: string[];

  /**
   * The column names for records in the shape `RecordOrient.VALUES`, per table, for a dataset with several tables.
   *
   * Each key is the name of a table in `fileTableMapping`. Synthesis fails with `UNKNOWN_TABLE` if a table does not
   * exist. The files of a table that is not listed have a header, unless `header` is false.
   *
   * @default - `columnNames` applies to all tables
   */
  readonly columnNamesByTable?: { [table: string]: string[] };

  /**
   * Whether the first list is a header, for records in the shape `RecordOrient.VALUES`.
   *
   * With `columnNames` and a header, the names replace those in the header. With neither a header nor `columnNames`,
   * the columns are named `column_1`, `column_2` and so on.
   *
   * @default true, unless `columnNames` is set - a list of lists without a header has no names
   */
  readonly header?: boolean;

  /**
   * The encoding of the file, as named in Python, such as `cp1252`.
   *
   * The run fails if a byte is not valid in this encoding.
   *
   * @default - utf-8; a byte order mark of UTF-8 or UTF-16 takes precedence
   * @see https://docs.python.org/3/library/codecs.html#standard-encodings
   */
  readonly encoding?: string;
}

/** Options for JSON Lines. */
export interface JsonLinesOptions {
  /**
   * The encoding of the file, as named in Python, such as `cp1252`.
   *
   * The run fails if a byte is not valid in this encoding.
   *
   * @default - utf-8; a byte order mark of UTF-8 or UTF-16 takes precedence
   * @see https://docs.python.org/3/library/codecs.html#standard-encodings
   */
  readonly encoding?: string;
}

/**
 * The format of the files of a dataset.
 *
 * Without it, the format is inferred from the file extension, then from the first bytes.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new BronzeDataset(datasets, 'FdaCder', {
 *   core,
 *   dataset: 'fda-cder',
 *   dataSizeCategory: DataSizeCategory.MEDIUM,
 *   source: Source.url('https://example.org/cder.zip'),
 *   fileFormat: FileFormat.csv({ delimiter: '|', encoding: 'cp1252', nullValues: ['NA'] }),
 * });
 */
export class FileFormat {
  /**
   * Delimited text, such as CSV.
   *
   * @param options the settings that differ from the default: CSV with a header, in UTF-8, with double quotes
   * @exampleMetadata fixture=lake
   * @example
   * const format = FileFormat.csv({ delimiter: ';', numberFormat: '1.234,56', dateFormat: 'dd.MM.yyyy' });
   */
  public static csv(options: CsvOptions = {}): FileFormat {
    return new FileFormat(formatDocument('csv', options));
  }

  /**
   * Fixed-width text.
   *
   * @param options the widths of the fields, and the settings that differ from the default: UTF-8 without a header
   * @exampleMetadata fixture=lake
   * @example
   * const format = FileFormat.fixedWidth({ widths: [5, 20, 2] });
   */
  public static fixedWidth(options: FixedWidthOptions): FileFormat {
    return new FileFormat(formatDocument('fixed_width', options));
  }

  /**
   * A JSON document with a list of records, or a sequence of JSON documents.
   *
   * @param options the path to the list and the encoding
   * @exampleMetadata fixture=lake
   * @example
   * const format = FileFormat.json({ records: 'data.items' });
   */
  public static json(options: JsonOptions = {}): FileFormat {
    return new FileFormat(formatDocument('json', options));
  }

  /**
   * JSON Lines: one JSON document per line.
   *
   * @param options the encoding
   * @exampleMetadata fixture=lake
   * @example
   * const format = FileFormat.jsonLines();
   */
  public static jsonLines(options: JsonLinesOptions = {}): FileFormat {
    return new FileFormat({ type: 'jsonl', ...datasetSchema().documentKeys(options) });
  }

  /**
   * Parquet. The files contain the names and the types of the columns.
   *
   * @exampleMetadata fixture=lake
   * @example
   * const format = FileFormat.parquet();
   */
  public static parquet(): FileFormat {
    return new FileFormat({ type: 'parquet' });
  }

  /** @internal */
  public readonly _document: FileFormatDocument;
  /**
   * The column names per table. In the document, they are stored under the same key as `columnNames`.
   *
   * @internal
   */
  public readonly _columnNamesByTable?: { [table: string]: string[] };

  private constructor(
    { column_names_by_table: byTable, ...document }: FileFormatDocument & TableNames,
  ) {
    this._document = document;
    this._columnNamesByTable = byTable;
  }
}

interface TableNames {
  readonly column_names_by_table?: { [table: string]: string[] };
}

function formatDocument(
  type: FileFormatDocument['type'], options: CsvOptions | FixedWidthOptions | JsonOptions,
): FileFormatDocument & TableNames {
  const { columnNamesByTable, ...others } = plainCopy(options);
  return { type, ...datasetSchema().documentKeys(others), column_names_by_table: columnNamesByTable };
}
