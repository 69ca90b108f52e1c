import { spawnSync } from 'child_process';
import * as fs from 'fs';
import { cleanEnvironment } from './child';
import { Failure } from './failure';

/** A lock that another process holds. */
export class HeldLock {
  /** @param pid the process that holds the lock; undefined if it has not written its ID yet */
  public constructor(public readonly pid: number | undefined) {}

  /** For example `process 4711`. */
  public toString(): string {
    return this.pid === undefined ? 'another process' : `process ${this.pid}`;
  }
}

/** A function that releases a lock. */
export type Release = () => void;

/** Flags of open(2) on macOS and BSD, for which Node.js has no constants: lock the file, and fail if it is locked. */
const O_EXLOCK = 0x20;
const O_NONBLOCK = 0x4;

/**
 * Commands that use flock(2) to lock the file that is open as file descriptor 3. If a command exits with code 1 and
 * without output, another process has locked the file.
 */
const FLOCK_COMMANDS: [string, ...string[]][] = [
  ['flock', '-n', '3'],
  ['/usr/bin/flock', '-n', '3'],
  [
    'python3',
    '-c',
    'import fcntl, sys\ntry: fcntl.flock(3, fcntl.LOCK_EX | fcntl.LOCK_NB)\nexcept BlockingIOError: sys.exit(1)',
  ],
];

/**
 * Acquires a lock and holds it until it is released or this process ends.
 *
 * The kernel keeps the lock for the open file and releases it when the process ends. With a lock file that only
 * contains a process ID, a zombie, a later process with the same ID, or a process in another container would hold the
 * lock forever.
 *
 * @param path the lock file, in an existing folder
 * @returns a function that releases the lock, or the lock of another process
 */
export function acquireLock(path: string): Release | HeldLock {
  for (;;) {
    const file = openLocked(path);
    if (file === undefined) {
      return new HeldLock(holderOf(path));
    }
    // Another process may have deleted the file: either when it released the lock after this process had opened the
    // file, or together with the lake while this process holds the lock.
    const isCurrent = () => fs.statSync(path, { throwIfNoEntry: false })?.ino === fs.fstatSync(file).ino;
    if (!isCurrent()) {
      fs.closeSync(file);
      continue;
    }
    fs.ftruncateSync(file);
    fs.writeSync(file, String(process.pid));
    const release = () => {
      if (isCurrent()) {
        fs.rmSync(path, { force: true });
      }
      fs.closeSync(file);
    };
    process.once('exit', release);
    return () => {
      process.off('exit', release);
      release();
    };
  }
}

/** Whether another process holds the lock. */
export function isLocked(path: string): boolean {
  if (!fs.existsSync(path)) {
    return false;
  }
  try {
    const lock = acquireLock(path);
    if (lock instanceof HeldLock) {
      return true;
    }
    lock();
    return false;
  } catch (error) {
    // If the folder is not writable, no process of this user can hold the lock.
    if (['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return false;
    }
    throw error;
  }
}

/** Opens the file and locks it. Undefined if another process has locked it. */
function openLocked(path: string): number | undefined {
  if (process.platform === 'darwin') {
    try {
      return fs.openSync(path, fs.constants.O_RDWR + fs.constants.O_CREAT + O_EXLOCK + O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        return undefined;
      }
      throw error;
    }
  }
  const file = fs.openSync(path, 'a+');
  // The lock belongs to the open file. The command shares the file with this process, so the lock outlives the command.
  const hasLock = flock(file, path);
  if (!hasLock) {
    fs.closeSync(file);
  }
  return hasLock ? file : undefined;
}

function flock(file: number, path: string): boolean {
  for (const [command, ...args] of FLOCK_COMMANDS) {
    const { error, status, stderr } = spawnSync(command, args, {
      stdio: ['ignore', 'ignore', 'pipe', file],
      encoding: 'utf8',
      env: cleanEnvironment({}),
    });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
      continue;
    }
    if (status === 0 || (status === 1 && !stderr)) {
      return status === 0;
    }
    throw new Failure(
      `Cannot lock ${path}: ${error?.message ?? stderr.trim()}. Use a folder on a file system that supports locks: set `
        + '--data DIR (local lake) or MEDALLION_CACHE (Python environments).',
      1,
    );
  }
  throw new Failure('Cannot lock files: neither flock nor python3 is on the PATH. Install the package util-linux.', 1);
}

function holderOf(path: string): number | undefined {
  try {
    return Number(fs.readFileSync(path, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}
