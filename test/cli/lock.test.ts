import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { takeLock } from '../../src/cli/lock';

test('a lock is free, then held by this process, then free again', () => {
  const lock = path.join(temporaryFolder(), 'lock');
  const release = takeLock(lock);
  expect(takeLock(lock)).toBe(process.pid);
  (release as () => void)();
  expect(fs.existsSync(lock)).toBe(false);
});

test.each([
  ['of a process that is gone', JSON.stringify({ pid: 999_999_999, started: '1' })],
  ['of a process that had this one\'s id before', JSON.stringify({ pid: process.pid, started: 'earlier' })],
  ['that is not readable', '{'],
])('a lock %s counts as free', (_what, content) => {
  const lock = path.join(temporaryFolder(), 'lock');
  fs.writeFileSync(lock, content);
  expect(takeLock(lock)).toBeInstanceOf(Function);
});
