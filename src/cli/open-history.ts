import { DeployedLake } from './deployed-lake';
import { Failure } from './failure';
import { HistoryOptions } from './history-options';
import { LakeHistory } from './lake-history';
import { Progress } from './progress';
import { readValues } from './substitutes';

/**
 * The history of the local lake, or of the lake in AWS.
 *
 * @param since the start of the runs that are needed; default: the days that {@link DeployedLake} reads
 */
export async function openHistory(options: HistoryOptions, since?: Date): Promise<LakeHistory> {
  requireDeployed(options);
  return options.deployed
    ? (await DeployedLake.open(options, new Progress())).history({ since })
    : LakeHistory.local(options.app, readValues(options.value), options.data);
}

/** Fails if an option of AWS is set for the local lake. */
export function requireDeployed(options: HistoryOptions): void {
  const option = (['profile', 'region'] as const).find(each => options[each] !== undefined);
  if (option && !options.deployed) {
    throw new Failure(`--${option} requires --deployed. The local lake does not use AWS.`, 2);
  }
}
