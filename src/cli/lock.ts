import * as fs from 'fs';

/**
 * The process that holds a lock. `started` distinguishes processes with the same ID; empty if the operating system does
 * not provide it.
 */
interface Holder {
  readonly pid: number;
  readonly started: string;
}

/**
 * Acquires a lock until it is released or this process ends. A lock of a process that no longer exists is free.
 *
 * @param path the lock file, in an existing folder
 * @returns a function that releases the lock, or the ID of the process that holds it
 */
export function acquireLock(path: string): (() => void) | number {
  const ownFile = `${path}.${process.pid}`;
  fs.writeFileSync(ownFile, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }));
  try {
    for (;;) {
      try {
        fs.linkSync(ownFile, path);
        const release = () => fs.rmSync(path, { force: true });
        process.once('exit', release);
        return () => {
          process.off('exit', release);
          release();
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
          throw error;
        }
      }
      const holder = holderOf(path);
      if (holder) {
        return holder.pid;
      }
      fs.rmSync(path, { force: true });
    }
  } finally {
    fs.rmSync(ownFile, { force: true });
  }
}

function holderOf(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(fs.readFileSync(path, 'utf8')) as Holder;
    process.kill(holder.pid, 0);
    return startOf(holder.pid) === holder.started ? holder : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
      ? (JSON.parse(fs.readFileSync(path, 'utf8')) as Holder)
      : undefined;
  }
}

/** The start time of a process, in clock ticks since boot (field 22 of /proc/PID/stat). */
function startOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[19];
  } catch {
    return '';
  }
}
