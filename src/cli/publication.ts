import * as fs from 'fs';
import { Lake } from './lake';

/** A table in published.json. */
export interface PublishedTable {
  readonly name: string;
  readonly rows: number;
  readonly location: string;
  /** The s3:// URI of the current metadata file. Iceberg tables only. */
  readonly metadata_location?: string;
  readonly columns: { readonly name: string; readonly type: string }[];
}

/** An input that was read, as `layer/dataset`, and the run that published it. */
export interface ReadInput {
  readonly dataset: string;
  readonly run_id: string;
}

/** The keys of published.json that this module reads. */
export interface Publication {
  readonly run_id: string;
  readonly database: string;
  readonly tables: Record<string, PublishedTable>;
  /** The inputs that were read. Set for derived datasets only. */
  readonly inputs?: ReadInput[];
  /** A hash of the document, the script and the query. Derived datasets only. */
  readonly definition?: string;
}

/**
 * The current publication of a dataset in a local lake. Undefined if there is none, or if it cannot be read. The job
 * runs in both cases.
 *
 * @param runs the s3:// prefix of the run records of the dataset
 */
export function readPublication(lake: Lake, runs: string): Publication | undefined {
  try {
    const publication = JSON.parse(fs.readFileSync(lake.publicationOf(runs), 'utf8')) as Publication;
    return typeof publication.run_id === 'string' && publication.tables ? publication : undefined;
  } catch {
    return undefined;
  }
}
