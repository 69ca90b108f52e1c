import { Command } from '../../private/dependencies/commander';
import { candidatesFor, COMPLETE_COMMAND } from '../completion';
import { fullName, readDatasets, selectDataset } from '../dataset';
import { keptPublications } from '../kept-publications';
import { Lake } from '../lake';
import { readPipelines } from '../pipeline';
import { runIdsOf } from '../run-records';

/** Adds the hidden command that completion scripts call. */
export function addCompleteCommand(program: Command): void {
  program.command(COMPLETE_COMMAND, { hidden: true }).argument('[words...]').action((words: string[]) => {
    const candidates = candidatesFor(program, words, {
      datasets: app => readDatasets(app).flatMap(each => [each.dataset, fullName(each)]),
      pipelines: app => readPipelines(app).map(({ pipeline }) => pipeline),
      publications: (app, data, name) =>
        keptPublications(selectDataset(readDatasets(app), name), data).map(each => each.run_id),
      runs: (app, data, name) => runIdsOf(Lake.objectsIn(data), selectDataset(readDatasets(app), name).runs),
    });
    process.stdout.write(candidates.map(each => `${each}\n`).join(''));
  });
}
