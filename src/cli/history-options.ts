import { LakeHistory } from './lake-history';
import { readValues } from './substitutes';

/** The options of commands that read run records. */
export interface HistoryOptions {
  readonly app: string;
  /** The folder of the local lake. */
  readonly data: string;
  readonly json: boolean;
  readonly value: string[];
}

/** The history of the local lake, or of the lake in AWS. */
export async function openHistory(options: HistoryOptions): Promise<LakeHistory> {
  return Promise.resolve(LakeHistory.local(options.app, readValues(options.value), options.data));
}
