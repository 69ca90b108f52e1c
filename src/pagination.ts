import { Pagination as PaginationDocument } from './private/document/dataset-document.generated';

/** What every way through several pages takes. */
export interface PagesOptions {
  /**
   * The most pages of one call. More fail the run, so that an API that gives the same page again and again ends.
   *
   * @default 10000
   */
  readonly maxPages?: number;
}

/** Where the address of the next page is. */
export interface JsonLinkOptions extends PagesOptions {
  /**
   * The path to it in the answer, keys joined by dots, for example `links.next`.
   *
   * @default - found among the usual places
   */
  readonly path?: string;
}

/** How large a page is asked for. */
export interface PageSizeOptions extends PagesOptions {
  /**
   * How many records a page is asked to have.
   *
   * @default - what the API gives
   */
  readonly limit?: number;

  /**
   * The parameter for `limit`; for an endpoint with a body the path of keys in it.
   *
   * @default limit
   */
  readonly limitParam?: string;
}

/** Where the cursor of the next page is among the headers, and what asks for it. */
export interface HeaderCursorOptions extends PageSizeOptions {
  /** The header with the next cursor, for example `X-Next-Cursor`. */
  readonly header: string;

  /** The parameter of the query that takes it; for an endpoint with a body the path of keys in it. */
  readonly param: string;
}

/** Where the cursor of the next page is in the answer, and what asks for it. */
export interface CursorOptions extends PageSizeOptions {
  /** The path to the next cursor in the answer, keys joined by dots, for example `meta.next`. */
  readonly path: string;

  /** The parameter of the query that takes it; for an endpoint with a body the path of keys in it. */
  readonly param: string;
}

/** How requests count records. */
export interface OffsetOptions extends PageSizeOptions {
  /**
   * The parameter of the query with the number of the first record; for an endpoint with a body the path of keys in it.
   *
   * @default offset
   */
  readonly param?: string;

  /**
   * The number of the first record.
   *
   * @default 0
   */
  readonly first?: number;

  /**
   * The path to the number of all records in the answer, keys joined by dots, for example `meta.total`.
   *
   * @default - none, and pages are asked for until one is empty
   */
  readonly totalRecords?: string;
}

/** How requests count pages. */
export interface PageNumberOptions extends PageSizeOptions {
  /**
   * The parameter of the query with the number of the page; for an endpoint with a body the path of keys in it.
   *
   * @default page
   */
  readonly param?: string;

  /**
   * The number of the first page.
   *
   * @default 1
   */
  readonly first?: number;

  /**
   * The path to the number of all pages in the answer, keys joined by dots, for example `meta.pages`.
   *
   * @default - none, and pages are asked for until one is empty
   */
  readonly totalPages?: string;
}

/** How the pages of an endpoint follow each other. */
export class Pagination {
  /**
   * A link or a cursor that APIs usually give, else one page. An answer that says there is more, and not where, fails
   * the run.
   */
  public static auto(options: PagesOptions = {}): Pagination {
    return new Pagination({ type: 'auto', ...pagesDocument(options) });
  }

  /** The answer has the address of the next page. */
  public static jsonLink(options: JsonLinkOptions = {}): Pagination {
    return new Pagination({ type: 'json_link', path: options.path, ...pagesDocument(options) });
  }

  /** The header `Link` has the address of the next page. */
  public static headerLink(options: PagesOptions = {}): Pagination {
    return new Pagination({ type: 'header_link', ...pagesDocument(options) });
  }

  /** A header has the cursor that the next request names. */
  public static headerCursor(options: HeaderCursorOptions): Pagination {
    return new Pagination({
      type: 'header_cursor',
      header: options.header,
      param: options.param,
      ...pageSizeDocument(options),
    });
  }

  /** The answer has the cursor that the next request names. */
  public static cursor(options: CursorOptions): Pagination {
    return new Pagination({ type: 'cursor', path: options.path, param: options.param, ...pageSizeDocument(options) });
  }

  /** Requests count records. */
  public static offset(options: OffsetOptions = {}): Pagination {
    const { param, first, totalRecords } = options;
    return new Pagination({ type: 'offset', param, first, total_records: totalRecords, ...pageSizeDocument(options) });
  }

  /** Requests count pages. */
  public static pageNumber(options: PageNumberOptions = {}): Pagination {
    const { param, first, totalPages } = options;
    return new Pagination({ type: 'page_number', param, first, total_pages: totalPages, ...pageSizeDocument(options) });
  }

  /** One page has everything. */
  public static single(): Pagination {
    return new Pagination({ type: 'single' });
  }

  /** @internal */
  public readonly _pagination: PaginationDocument;

  private constructor(document: PaginationDocument) {
    this._pagination = document;
  }
}

function pagesDocument({ maxPages }: PagesOptions): Partial<PaginationDocument> {
  return { max_pages: maxPages };
}

function pageSizeDocument(options: PageSizeOptions): Partial<PaginationDocument> {
  return { limit: options.limit, limit_param: options.limitParam, ...pagesDocument(options) };
}
