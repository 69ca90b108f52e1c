import { createHash } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { createFolder, Failure } from './failure';
import { acquireLock, HeldLock } from './lock';

/** Marks a complete cache entry. An entry without this file is from an interrupted setup and is rebuilt. */
const COMPLETE = 'complete';
/** The disk space that a complete setup needs, in bytes: 1.2 GB for Glue 6.0, and 0.7 GB for the downloads. */
const REQUIRED_SPACE = 2e9;
/** Unused entries are deleted after this time, in milliseconds (60 days). */
const MAX_UNUSED = 60 * 24 * 3600 * 1000;
/** Time between two attempts to acquire the lock, in milliseconds. */
const LOCK_POLL = 500;

/** The cache folder for environments and jars: MEDALLION_CACHE, or a folder in the cache of the operating system. */
export function cacheFolder(): string {
  if (process.env.MEDALLION_CACHE) {
    return path.resolve(process.env.MEDALLION_CACHE);
  }
  const home =
    process.platform === 'darwin'
      ? path.join(os.homedir(), 'Library', 'Caches')
      : process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  return path.join(home, 'cdk-glue-medallion');
}

/** The folder of a cache entry. Its name contains a hash of the files that the entry is built from. */
export function entryPath(name: string, files: string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(fs.readFileSync(file));
  }
  return path.join(cacheFolder(), `${name}-${hash.digest('hex').slice(0, 12)}`);
}

/** Whether a cache entry is complete. If so, also records that the entry was used. */
export function isComplete(entry: string): boolean {
  const complete = path.join(entry, COMPLETE);
  if (!fs.existsSync(complete)) {
    return false;
  }
  fs.utimesSync(complete, new Date(), new Date());
  return true;
}

/** Builds a cache entry and deletes entries that are no longer used. The caller holds the lock. */
export async function buildEntry(entry: string, build: () => Promise<void>): Promise<void> {
  for (const other of fs.readdirSync(cacheFolder())) {
    const complete = path.join(cacheFolder(), other, COMPLETE);
    if (fs.existsSync(complete) && Date.now() - fs.statSync(complete).mtimeMs > MAX_UNUSED) {
      fs.rmSync(path.join(cacheFolder(), other), { recursive: true, force: true });
    }
  }
  fs.rmSync(entry, { recursive: true, force: true });
  fs.mkdirSync(entry, { recursive: true });
  await build();
  fs.writeFileSync(path.join(entry, COMPLETE), '');
}

/**
 * Does the work while holding the lock of the cache, because concurrent setups would write the same files.
 *
 * @param onWait called once with information about the lock, if another process holds it
 */
export async function withCacheLocked<T>(onWait: (held: HeldLock) => void, work: () => Promise<T>): Promise<T> {
  const folder = cacheFolder();
  createFolder(folder, 'cache', 'MEDALLION_CACHE');
  const { bavail, bsize } = fs.statfsSync(folder);
  if (bavail * bsize < REQUIRED_SPACE) {
    throw new Failure(
      `The setup requires ${REQUIRED_SPACE / 1e9} GB of free disk space, but ${folder} has only ` +
      `${(bavail * bsize / 1e9).toFixed(1)} GB. Free some space, or set another folder with MEDALLION_CACHE.`, 1);
  }
  let lock = acquireLock(path.join(folder, 'lock'));
  if (lock instanceof HeldLock) {
    onWait(lock);
  }
  while (lock instanceof HeldLock) {
    await new Promise(resume => setTimeout(resume, LOCK_POLL));
    lock = acquireLock(path.join(folder, 'lock'));
  }
  try {
    return await work();
  } finally {
    lock();
  }
}
