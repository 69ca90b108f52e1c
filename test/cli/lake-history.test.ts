import * as fs from 'fs';
import * as path from 'path';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';
import { readDatasets } from '../../src/cli/dataset';
import { LakeHistory } from '../../src/cli/lake-history';

const datasets = readDatasets(writeAssembly({ Lake: { resources: { A: glueJob({ dataset: 'zipcodes' }) } } }));
const days = [20, 21, 22];
const jobRun = (day: number, id: string) =>
  ({ id, state: 'FAILED', is_active: false, started_at: `2026-11-${day}T01:20:48.000Z`, error: 'OutOfMemory' });

/** The IDs of the shown runs, if at most `maxRecords` records per dataset were copied from the lake in AWS. */
function shownRuns(maxRecords: number): string[] {
  const objects = temporaryFolder();
  const folder = path.join(objects, datasets[0].runs.replace('s3://', ''));
  fs.mkdirSync(folder, { recursive: true });
  days.slice(-maxRecords).forEach(day => {
    const record = { status: 'published', job_run_id: `jr_${day}`, started_at: `2026-11-${day}T01:20:48Z` };
    fs.writeFileSync(path.join(folder, `run_id=202611${day}T012048123Z-000000.json`), JSON.stringify(record));
  });
  const jobRuns = [...days.map(day => jobRun(day, `jr_${day}`)), jobRun(19, 'jr_old'), jobRun(23, 'jr_new')];
  const history = new LakeHistory({ datasets, objects, jobRuns: { [datasets[0].job]: jobRuns }, maxRecords });
  return [...history.runs()].map(({ record }) => record.job_run_id!);
}

test.each([
  ['with all records, every job run without a record is shown', 200, ['jr_new', 'jr_22', 'jr_21', 'jr_20', 'jr_old']],
  ['job runs from before the copied records are not shown as failed', 2, ['jr_new', 'jr_22', 'jr_21']],
])('%s', (_, maxRecords, expected) => {
  expect(shownRuns(maxRecords)).toEqual(expected);
});
