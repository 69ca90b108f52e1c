import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { JobProgress } from '../../src/cli/job-progress';

function progressOf(content: object): JobProgress {
  const progress = new JobProgress(path.join(temporaryFolder(), 'progress.json'));
  progress.update();
  fs.writeFileSync(progress.file, JSON.stringify(content));
  progress.update();
  return progress;
}

const DOWNLOAD = { done: 120e6, total: 317e6 };

test.each([
  ['nothing', { activities: {}, tasks: null }, '', ''],
  [
    'a download',
    { activities: { 'https://example.org/data/flights.csv?key=1': DOWNLOAD }, tasks: null },
    '120 of 317 MB  37%  flights.csv',
    '37%',
  ],
  [
    'several downloads',
    { activities: { 'https://example.org/a': DOWNLOAD, 's3://bucket/b': { done: 10e6, total: 83e6 } }, tasks: null },
    '130 of 400 MB  32%  2 files',
    '32%',
  ],
  ['a download without a size', { activities: { 'https://example.org/a': { done: 7e6, total: null } }, tasks: null }, '7.0 MB  a', '7.0 MB'],
  [
    'the responses of an API',
    { activities: { countries: { text: '12 responses, 3,400 records' } }, tasks: null },
    'countries: 12 responses, 3,400 records',
    '',
  ],
  ['the tasks of Spark', { activities: {}, tasks: [3, 40] }, '3 of 40 tasks', '3 of 40 tasks'],
  ['a single task of Spark', { activities: {}, tasks: [0, 1] }, '', ''],
])('describes %s', (_what, content, expected, brief) => {
  const progress = progressOf(content);
  expect(progress.describe()).toBe(expected);
  expect(progress.describeBriefly()).toBe(brief);
});
