import { FileFormat as FileFormatDocument } from './private/document/dataset-document.generated';

/** How text with a record a line is written, whatever is between its fields. */
export interface TextOptions {
  /**
   * The name of the text's encoding as Python knows it, for example `cp1252`. Bytes that are not of this encoding fail
   * the run.
   *
   * @default - utf-8; a byte-order mark of UTF-8 or UTF-16 is obeyed
   */
  readonly encoding?: string;

  /**
   * Texts that stand for a missing value, beside the empty one, for example `NA`. Upper and lower case differ.
   *
   * @default - none
   */
  readonly nullValues?: string[];

  /**
   * The character that makes a line a comment where it stands at its beginning.
   *
   * @default - none
   */
  readonly comment?: string;

  /**
   * How many lines above the header, or above the first record, are no data.
   *
   * @default 0
   */
  readonly skipRows?: number;

  /**
   * How many records at the end are no data, such as a total.
   *
   * @default 0
   */
  readonly skipFooter?: number;

  /**
   * How dates are written, beside 2024-01-31, for example `yyyyMMdd` or `dd.MM.yyyy HH:mm`.
   *
   * Parts are yyyy or yy, MM (M without zeros, MMM for Jan), dd (d), HH, mm, ss, and S for each digit of a fraction.
   *
   * @default - ISO dates alone, because 01/02/2024 does not tell the day from the month
   */
  readonly dateFormat?: string;

  /**
   * How numbers are written, by the example 1234.56 with the file's own marks: `1.234,56`, `1,234.56`, `1234,56`.
   *
   * @default - digits and a decimal point
   */
  readonly numberFormat?: string;
}

/** How delimited text is written. */
export interface CsvOptions extends TextOptions {
  /**
   * What separates the fields of a record: one to eight characters, no quote and no line break.
   *
   * @default - a comma
   */
  readonly delimiter?: string;

  /**
   * Whether the first record holds the column names. Without it the columns are named column_1, column_2, …
   *
   * @default true
   */
  readonly header?: boolean;

  /**
   * The character around fields that hold a delimiter, a quote (doubled) or a line break; an empty text for files that
   * do not quote.
   *
   * @default - the double quote
   */
  readonly quote?: string;

  /**
   * The character that takes the meaning from the one behind it, usually a backslash.
   *
   * @default - none; a quote inside quotes is doubled
   */
  readonly escape?: string;

  /**
   * Whether an empty text or one of `nullValues` is a missing value inside quotes too. False keeps them as text.
   *
   * @default true
   */
  readonly quotedNulls?: boolean;
}

/** How text with fields of fixed widths is written. */
export interface FixedWidthOptions extends TextOptions {
  /** The widths of the fields, in characters. Spaces around a value are padding. */
  readonly widths: number[];

  /**
   * Whether the first record holds the column names. Without it the columns are named column_1, column_2, …
   *
   * @default false - most files of this kind come with a description instead
   */
  readonly header?: boolean;
}

/** How a JSON document is written. */
export interface JsonOptions {
  /**
   * The path to the list of records, keys joined by dots, for example `data.items`; `$` is the document itself.
   *
   * @default - the document where it is a list, else the one list of objects in it, else the document as one record
   */
  readonly records?: string;

  /**
   * The name of the text's encoding as Python knows it.
   *
   * @default - utf-8; a byte-order mark of UTF-8 or UTF-16 is obeyed
   */
  readonly encoding?: string;
}

/** How JSON Lines are written. */
export interface JsonLinesOptions {
  /**
   * The name of the text's encoding as Python knows it.
   *
   * @default - utf-8; a byte-order mark of UTF-8 or UTF-16 is obeyed
   */
  readonly encoding?: string;
}

/** How to read the files of a dataset. */
export class FileFormat {
  /** Text with a delimiter between fields, such as CSV. */
  public static csv(options: CsvOptions = {}): FileFormat {
    const { delimiter, header, quote, escape, quotedNulls } = options;
    return new FileFormat({
      type: 'csv',
      delimiter,
      header,
      quote,
      escape,
      quoted_nulls: quotedNulls,
      ...textDocument(options),
    });
  }

  /** Text with fields of fixed widths. */
  public static fixedWidth(options: FixedWidthOptions): FileFormat {
    const { widths, header } = options;
    return new FileFormat({ type: 'fixed_width', widths, header, ...textDocument(options) });
  }

  /** One JSON document with a list of records. */
  public static json(options: JsonOptions = {}): FileFormat {
    const { records, encoding } = options;
    return new FileFormat({ type: 'json', records, encoding });
  }

  /** A JSON document a line. */
  public static jsonLines(options: JsonLinesOptions = {}): FileFormat {
    return new FileFormat({ type: 'jsonl', encoding: options.encoding });
  }

  /** Parquet, which says itself what it holds. */
  public static parquet(): FileFormat {
    return new FileFormat({ type: 'parquet' });
  }

  /** @internal */
  public readonly _document: FileFormatDocument;

  private constructor(document: FileFormatDocument) {
    this._document = document;
  }
}

function textDocument({
  encoding,
  nullValues,
  comment,
  skipRows,
  skipFooter,
  dateFormat,
  numberFormat,
}: TextOptions): FileFormatDocument {
  return {
    encoding,
    null_values: nullValues,
    comment,
    skip_rows: skipRows,
    skip_footer: skipFooter,
    date_format: dateFormat,
    number_format: numberFormat,
  };
}
