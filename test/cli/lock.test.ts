import { ChildProcess, spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { ROOT } from './command-fixture';
import { acquireLock, HeldLock } from '../../src/cli/lock';
import { LOAD_TYPESCRIPT } from '../load-typescript';

test('a lock is held until it is released', () => {
  const lock = path.join(temporaryFolder(), 'lock');
  const release = acquireLock(lock);
  expect(acquireLock(lock)).toEqual(new HeldLock(process.pid));
  (release as () => void)();
  expect(fs.existsSync(lock)).toBe(false);
});

test('a release keeps the lock file that another process has created since', () => {
  const lock = path.join(temporaryFolder(), 'lock');
  const release = acquireLock(lock);
  fs.rmSync(lock);
  const other = acquireLock(lock);
  (release as () => void)();
  expect(acquireLock(lock)).toEqual(new HeldLock(process.pid));
  (other as () => void)();
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

const parents: ChildProcess[] = [];
afterEach(() => parents.splice(0).forEach(parent => parent.kill('SIGKILL')));

/** Holds the lock in a child of a process that does not wait for it. Kills the child, which becomes a zombie. */
async function killHolderOf(lock: string): Promise<void> {
  const holder = `const { acquireLock } = require(${JSON.stringify(path.join(ROOT, 'src', 'cli', 'lock.ts'))});
    acquireLock(${JSON.stringify(lock)}); console.log(process.pid); setInterval(() => {}, 1000);`;
  const node = [process.execPath, ...LOAD_TYPESCRIPT, '-e', holder];
  const parent = spawn('sh', ['-c', '"$@" & exec sleep 60', 'sh', ...node]);
  parents.push(parent);
  const pid = Number(await new Promise(resolve => parent.stdout.once('data', resolve)));
  expect(acquireLock(lock)).toEqual(new HeldLock(pid));
  process.kill(pid, 'SIGKILL');
  // The first thread can be a zombie while the others still hold the file.
  const isZombie = () => /^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  while (!isZombie() || fs.readdirSync(`/proc/${pid}/task`).length > 1) {
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

test('a lock of a killed process whose parent does not wait for it is free', async () => {
  const lock = path.join(temporaryFolder(), 'lock');
  await killHolderOf(lock);
  expect(acquireLock(lock)).toBeInstanceOf(Function);
});

test('a lock is held whatever the file contains: it can be of a process of another container', () => {
  const lock = path.join(temporaryFolder(), 'lock');
  const release = acquireLock(lock);
  fs.writeFileSync(lock, '999999999');
  expect(acquireLock(lock)).toEqual(new HeldLock(999_999_999));
  fs.writeFileSync(lock, '');
  expect(String(acquireLock(lock))).toBe('another process');
  (release as () => void)();
  expect(acquireLock(lock)).toBeInstanceOf(Function);
});

test('only one of the processes that wait for a lock acquires it, although its release deletes the file', () => {
  const lock = path.join(temporaryFolder(), 'lock');
  (acquireLock(lock) as () => void)();
  const first = acquireLock(lock);
  expect(first).toBeInstanceOf(Function);
  expect(acquireLock(lock)).toBeInstanceOf(HeldLock);
});
