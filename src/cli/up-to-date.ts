import { Dataset } from './dataset';
import { Lake } from './lake';
import { isDue } from './pipeline-rules';
import { readPublication } from './publication';
import { Result, upToDateResult } from './result';

/** The result of a dataset whose job does not start, because its tables are up to date. Undefined if the job starts. */
export function resultIfUpToDate(dataset: Dataset, lake: Lake): Result | undefined {
  const published = readPublication(lake, dataset.runs);
  const { definition } = JSON.parse(dataset.arguments['--names']) as { definition?: string };
  const inputRuns = new Map(dataset.inputs.flatMap(input => {
    const publication = readPublication(lake, input.runs);
    return publication === undefined ? [] : [[input.dataset, publication.run_id] as const];
  }));
  return published === undefined || isDue({ ...dataset, definition }, published, inputRuns)
    ? undefined
    : upToDateResult(dataset, published);
}
