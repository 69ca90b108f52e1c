import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { acquireLock } from '../../src/cli/lock';

test('a lock is held until it is released', () => {
  const lock = path.join(temporaryFolder(), 'lock');
  const release = acquireLock(lock);
  expect(acquireLock(lock)).toBe(process.pid);
  (release as () => void)();
  expect(fs.existsSync(lock)).toBe(false);
});

test.each([
  ['of a process that no longer exists', JSON.stringify({ pid: 999_999_999, started: '1' })],
  ['of an earlier process with the same ID', JSON.stringify({ pid: process.pid, started: 'earlier' })],
  ['with invalid content', '{'],
])('a lock %s is free', (_what, content) => {
  const lock = path.join(temporaryFolder(), 'lock');
  fs.writeFileSync(lock, content);
  expect(acquireLock(lock)).toBeInstanceOf(Function);
});
