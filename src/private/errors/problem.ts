import { ErrorCode } from './error-code';

/** An invalid value in a document: its key, what was found, and how to fix it. */
export interface Problem {
  readonly code: ErrorCode;
  /** The path of the key, such as data_quality.max_shrink or source_url[1]. Empty for the document itself. */
  readonly key: string;
  readonly found: string;
  readonly remedy: string;
}
