import { ErrorCode } from './error-code';

/** A value in a document that is invalid: where it is, what was found there, and how to fix it. */
export interface Problem {
  readonly code: ErrorCode;
  /** The key path: data_quality.max_shrink, source_url[1]. Empty for the document itself. */
  readonly key: string;
  readonly found: string;
  readonly remedy: string;
}
