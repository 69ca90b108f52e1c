import { FileFormat as FileFormatDocument } from './private/dataset-document.generated';

/** How delimited text is written. */
export interface CsvOptions {
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
   * The name of the text's encoding as Python knows it, for example `cp1252`. Bytes that are not of this encoding fail the run.
   *
   * @default - utf-8; a byte-order mark of UTF-8 or UTF-16 is obeyed
   */
  readonly encoding?: string;

  /**
   * The character around fields that hold a delimiter, a quote (doubled) or a line break; an empty text for files that do not quote.
   *
   * @default - the double quote
   */
  readonly quote?: string;
}

/** How to read the files of a dataset. */
export class FileFormat {
  /** Text with a delimiter between fields, such as CSV. */
  public static csv(options: CsvOptions = {}): FileFormat {
    const { delimiter, header, encoding, quote } = options;
    return new FileFormat({ type: 'csv', delimiter, header, encoding, quote });
  }

  /** @internal */
  public readonly _document: FileFormatDocument;

  private constructor(document: FileFormatDocument) {
    this._document = document;
  }
}
