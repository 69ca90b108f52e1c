import { DeployedLake } from './deployed-lake';
import { Failure } from './failure';
import { HistoryOptions } from './history-options';
import { LakeHistory } from './lake-history';
import { Progress } from './progress';
import { readValues } from './substitutes';

/**
 * The history of the local lake, or of the lake in AWS.
 *
 * @param since the start of the period whose runs are needed; default: the period that {@link DeployedLake} reads
 */
export async function openHistory(options: HistoryOptions, since?: Date): Promise<LakeHistory> {
  requireDeployed(options);
  return options.deployed
    ? (await DeployedLake.open(options, new Progress())).history({ since })
    : LakeHistory.local(options.app, readValues(options.value), options.data);
}

/** Fails if an option for the lake in AWS is set without `--deployed`. */
export function requireDeployed(options: HistoryOptions): void {
  const option = (['profile', 'region'] as const).find(each => options[each] !== undefined);
  if (option && !options.deployed) {
    throw new Failure(`--${option} requires --deployed. The local lake does not use AWS.`, 2);
  }
}
