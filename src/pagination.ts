import { Pagination as PaginationDocument } from './private/document/dataset-document.generated';
import { datasetSchema } from './private/document/dataset-schema';

/** Options for all types of pagination that request several pages. */
export interface PagesOptions {
  /**
   * The maximum number of pages per call of the endpoint. The run fails if there are more pages.
   *
   * @default 10000 - so that a run ends even if the API never returns a last page
   */
  readonly maxPages?: number;
}

/** Options for pagination by a link in the response. */
export interface JsonLinkOptions extends PagesOptions {
  /**
   * The path to the URL of the next page in the response, with keys joined by dots, such as `links.next`.
   *
   * @default - a common path, such as `next` or `links.next`, because most APIs use one of these paths
   */
  readonly path?: string;

  /**
   * The URL that a relative link is appended to, or the path to this URL in the response, such as `_links.base`.
   *
   * @default - the URL of the request; the link is resolved as in a browser
   */
  readonly base?: string;
}

/** Options for the page size. */
export interface PageSizeOptions extends PagesOptions {
  /**
   * The number of records to request per page.
   *
   * @default - the page size of the API
   */
  readonly limit?: number;

  /**
   * The query parameter that contains `limit`. For an endpoint with a body, the path to the value in the body, with
   * keys joined by dots.
   *
   * @default limit
   */
  readonly limitParam?: string;
}

/** Options for pagination by a cursor in a header. */
export interface HeaderCursorOptions extends PageSizeOptions {
  /** The response header that contains the next cursor, such as `X-Next-Cursor`. */
  readonly header: string;

  /**
   * The query parameter that contains the cursor in the next request. For an endpoint with a body, the path to the
   * cursor in the body, with keys joined by dots.
   */
  readonly param: string;
}

/** Options for pagination by a cursor in the response. */
export interface CursorOptions extends PageSizeOptions {
  /** The path to the next cursor in the response, with keys joined by dots, such as `meta.next`. */
  readonly path: string;

  /**
   * The query parameter that contains the cursor in the next request. For an endpoint with a body, the path to the
   * cursor in the body, with keys joined by dots.
   */
  readonly param: string;
}

/**
 * Options for pagination by a cursor that is sent to another URL, for an API that tracks the position in the result on
 * the server, such as the Elasticsearch scroll API.
 */
export interface ScrollOptions extends CursorOptions {
  /** The URL of all pages after the first. */
  readonly url: string;

  /**
   * The JSON object that a POST request to `url` sends. The cursor is added to this object as `param`.
   *
   * @default - the request is a GET, or a POST with an empty object if the endpoint uses POST
   */
  readonly body?: { [key: string]: unknown };
}

/** Options for pagination by a cursor in the last record. */
export interface RecordCursorOptions extends PageSizeOptions {
  /**
   * The path to the cursor in the last record of a page, with keys joined by dots, such as `id`. Each record must have
   * a different value.
   */
  readonly path: string;

  /**
   * The query parameter that contains the cursor in the next request. For an endpoint with a body, the path to the
   * cursor in the body, with keys joined by dots.
   */
  readonly param: string;

  /**
   * Whether a page starts with the record whose cursor the request contains. The run skips the records that it
   * already has.
   *
   * @default false - a page starts after that record
   */
  readonly inclusive?: boolean;
}

/** Options for pagination by offset. */
export interface OffsetOptions extends PageSizeOptions {
  /**
   * The query parameter that contains the offset. For an endpoint with a body, the path to the offset in the body,
   * with keys joined by dots.
   *
   * @default offset
   */
  readonly param?: string;

  /**
   * The offset of the first record.
   *
   * @default 0 - most APIs count from 0
   */
  readonly first?: number;

  /**
   * The path to the total number of records in the response, with keys joined by dots, such as `meta.total`.
   *
   * @default - none; the run requests pages until one is empty
   */
  readonly totalRecords?: string;
}

/** Options for pagination by page number. */
export interface PageNumberOptions extends PageSizeOptions {
  /**
   * The query parameter that contains the page number. For an endpoint with a body, the path to the page number in
   * the body, with keys joined by dots.
   *
   * @default page
   */
  readonly param?: string;

  /**
   * The number of the first page.
   *
   * @default 1 - most APIs use it
   */
  readonly first?: number;

  /**
   * The path to the total number of pages in the response, with keys joined by dots, such as `meta.pages`.
   *
   * @default - none; the run requests pages until one is empty
   */
  readonly totalPages?: string;
}

/**
 * How a run gets from one page of an endpoint to the next.
 *
 * A run never publishes an incomplete set of pages: it fails if pages repeat or form a loop.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new BronzeDataset(datasets, 'Shop', {
 *   core,
 *   dataset: 'shop',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   source: Source.api({
 *     products: {
 *       url: 'https://api.example.org/v1/products',
 *       pagination: Pagination.offset({ limit: 100, totalRecords: 'meta.total' }),
 *     },
 *   }),
 * });
 */
export class Pagination {
  /**
   * Follows a link in the response or the headers, or a cursor in the headers. If there is neither, the endpoint
   * has one page.
   *
   * The run fails if the response indicates more pages but has no such link or cursor. The error contains the
   * pagination to set.
   *
   * @param options the maximum number of pages
   * @exampleMetadata fixture=lake
   * @example
   * const pagination = Pagination.auto({ maxPages: 500 });
   */
  public static auto(options: PagesOptions = {}): Pagination {
    return new Pagination('auto', options);
  }

  /**
   * Requests the next page from a URL in the response.
   *
   * @param options the path to the URL, and what it is relative to
   * @exampleMetadata fixture=lake
   * @example
   * const pagination = Pagination.jsonLink({ path: 'paging.next' });
   */
  public static jsonLink(options: JsonLinkOptions = {}): Pagination {
    return new Pagination('json_link', options);
  }

  /**
   * Requests the next page from the URL with `rel="next"` in the `Link` header.
   *
   * @param options the maximum number of pages
   * @see https://datatracker.ietf.org/doc/html/rfc8288
   * @exampleMetadata fixture=lake
   * @example
   * const pagination = Pagination.headerLink();
   */
  public static headerLink(options: PagesOptions = {}): Pagination {
    return new Pagination('header_link', options);
  }

  /**
   * Gets a cursor from a response header, and sends it as a parameter of the next request.
   *
   * @param options the header and the parameter
   * @exampleMetadata fixture=lake
   * @example
   * const pagination = Pagination.headerCursor({ header: 'X-Next-Cursor', param: 'cursor' });
   */
  public static headerCursor(options: HeaderCursorOptions): Pagination {
    return new Pagination('header_cursor', options);
  }

  /**
   * Gets a cursor from the response, and sends it as a parameter of the next request.
   *
   * @param options the path to the cursor, and the parameter
   * @exampleMetadata fixture=lake
   * @example
   * const pagination = Pagination.cursor({ path: 'paging.after', param: 'after' });
   */
  public static cursor(options: CursorOptions): Pagination {
    return new Pagination('cursor', options);
  }

  /**
   * Gets a cursor from the response, and sends it to another URL until a page is empty.
   *
   * @param options the path to the cursor, the parameter, and the URL and body of the next requests
   * @exampleMetadata fixture=lake
   * @example
   * const pagination = Pagination.scroll({
   *   path: '_scroll_id',
   *   param: 'scroll_id',
   *   url: 'https://search.example.org/_search/scroll',
   *   body: { scroll: '1m' },
   * });
   */
  public static scroll(options: ScrollOptions): Pagination {
    return new Pagination('cursor', options);
  }

  /**
   * Gets a cursor from the last record of a page, and sends it as a parameter of the next request. The last page is
   * empty, or has a flag such as `has_more: false`.
   *
   * @param options the path to the cursor in the record, and the parameter
   * @exampleMetadata fixture=lake
   * @example
   * const pagination = Pagination.recordCursor({ path: 'id', param: 'starting_after' });
   */
  public static recordCursor(options: RecordCursorOptions): Pagination {
    return new Pagination('record_cursor', options);
  }

  /**
   * Sends an offset, the number of records to skip, with each request.
   *
   * @param options the parameter, the page size, and the path to the total number of records
   * @exampleMetadata fixture=lake
   * @example
   * const pagination = Pagination.offset({ limit: 100, totalRecords: 'meta.total' });
   */
  public static offset(options: OffsetOptions = {}): Pagination {
    return new Pagination('offset', options);
  }

  /**
   * Sends a page number with each request.
   *
   * @param options the parameter, the page size, and the path to the total number of pages
   * @exampleMetadata fixture=lake
   * @example
   * const pagination = Pagination.pageNumber({ param: 'page', totalPages: 'meta.pages' });
   */
  public static pageNumber(options: PageNumberOptions = {}): Pagination {
    return new Pagination('page_number', options);
  }

  /**
   * Sends one request, for an endpoint that has one page.
   *
   * @exampleMetadata fixture=lake
   * @example
   * const pagination = Pagination.single();
   */
  public static single(): Pagination {
    return new Pagination('single', {});
  }

  /** @internal */
  public readonly _pagination: PaginationDocument;

  private constructor(type: PaginationDocument['type'], options: PagesOptions) {
    this._pagination = { type, ...datasetSchema().documentKeys(options) };
  }
}
