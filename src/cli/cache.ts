import { createHash } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { Failure, makeFolder } from './failure';
import { takeLock } from './lock';

/** Written last into a part of the cache: without it, the part is from a set-up that did not end, and is made anew. */
const COMPLETE = 'complete';
/**
 * What a whole set-up takes, in bytes: 1.2 GB stays with Glue 6.0, and pip's copies of Spark come on top while it
 * works.
 */
const NEEDED = 3e9;
/** After this time without use a part is removed, in milliseconds: 60 days. */
const UNUSED = 60 * 24 * 3600 * 1000;
/** How often to look whether another set-up has ended, in milliseconds. */
const LOCK_POLL = 500;

/** The folder that keeps environments and jars between runs: MEDALLION_CACHE, or where the system keeps such things. */
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

/** Name of a part of the cache: it changes when one of the files does that it is made from. */
export function partName(name: string, files: string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(fs.readFileSync(file));
  }
  return path.join(cacheFolder(), `${name}-${hash.digest('hex').slice(0, 12)}`);
}

/** Whether a part is there, whole. Being asked for keeps it in the cache. */
export function isComplete(part: string): boolean {
  const complete = path.join(part, COMPLETE);
  if (!fs.existsSync(complete)) {
    return false;
  }
  fs.utimesSync(complete, new Date(), new Date());
  return true;
}

/**
 * Makes a part of the cache, and removes those of other versions that nobody asked for in a long time. The caller holds
 * the lock.
 */
export async function makePart(part: string, build: () => Promise<void>): Promise<void> {
  for (const other of fs.readdirSync(cacheFolder())) {
    const complete = path.join(cacheFolder(), other, COMPLETE);
    if (fs.existsSync(complete) && Date.now() - fs.statSync(complete).mtimeMs > UNUSED) {
      fs.rmSync(path.join(cacheFolder(), other), { recursive: true, force: true });
    }
  }
  fs.rmSync(part, { recursive: true, force: true });
  fs.mkdirSync(part, { recursive: true });
  await build();
  fs.writeFileSync(path.join(part, COMPLETE), '');
}

/**
 * Does the work alone: two set-ups at once would write the same files. Waits for another one to end.
 *
 * @param waiting called once if there is another one, with its process id
 */
export async function withCacheLocked<T>(waiting: (pid: number) => void, work: () => Promise<T>): Promise<T> {
  const folder = cacheFolder();
  makeFolder(folder, 'cache', 'MEDALLION_CACHE');
  const { bavail, bsize } = fs.statfsSync(folder);
  if (bavail * bsize < NEEDED) {
    throw new Failure(
      `The set-up needs ${NEEDED / 1e9} GB, and ${folder} has ${(bavail * bsize / 1e9).toFixed(1)} GB. ` +
      'Free some space, or name another folder with MEDALLION_CACHE.', 1);
  }
  let lock = takeLock(path.join(folder, 'lock'));
  if (typeof lock === 'number') {
    waiting(lock);
  }
  while (typeof lock === 'number') {
    await new Promise(resume => setTimeout(resume, LOCK_POLL));
    lock = takeLock(path.join(folder, 'lock'));
  }
  try {
    return await work();
  } finally {
    lock();
  }
}
