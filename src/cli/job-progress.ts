import * as fs from 'fs';
import { describeTransfers, percent, Transfer } from './transfer';

/** A download, with `done` and `total` in bytes, or another activity, described by `text`. */
interface Activity {
  readonly done?: number;
  /** The size in bytes. Null if it is unknown. */
  readonly total?: number | null;
  readonly text?: string;
}

/** The file that progress_file.py writes while a job runs. */
interface ProgressFile {
  /** Downloads and API requests, by URL or name. */
  readonly activities: Record<string, Activity>;
  /** The number of completed tasks and the total number of tasks of the running Spark stages. */
  readonly tasks: [number, number] | null;
}

/** The current activity of a job: its downloads, its API requests, or its Spark tasks. */
export class JobProgress {
  private transfers = new Map<string, Transfer>();
  private texts: string[] = [];
  private tasks: ProgressFile['tasks'] = null;

  /** @param file the file that the job writes; it does not exist yet */
  public constructor(public readonly file: string) {}

  /** Reads the file again. Call this method regularly, because the rates are computed from consecutive calls. */
  public update(): void {
    if (!fs.existsSync(this.file)) {
      return;
    }
    const { activities, tasks } = JSON.parse(fs.readFileSync(this.file, 'utf8')) as ProgressFile;
    const earlier = this.transfers;
    [this.transfers, this.texts, this.tasks] = [new Map(), [], tasks];
    for (const [name, { done, total, text }] of Object.entries(activities)) {
      if (done === undefined) {
        this.texts.push(`${name}: ${text ?? ''}`);
        continue;
      }
      const transfer = earlier.get(name) ?? new Transfer();
      transfer.update(done, total ?? undefined);
      this.transfers.set(name, transfer);
    }
  }

  /** The activity as text: `120 of 317 MB  37%  12.3 MB/s  16 s left  flights.csv`. Empty if nothing is measured. */
  public describe(): string {
    const names = [...this.transfers.keys()].map(fileName);
    return [
      ...(names.length > 0
        ? [describeTransfers([...this.transfers.values()]), names.length > 1 ? `${names.length} files` : names[0]]
        : []),
      ...this.texts,
      ...(this.hasTasks() ? [this.describeTasks()] : []),
    ].join('  ');
  }

  /** A short text for a line that several jobs share, such as `37%`. Empty if nothing is measured. */
  public describeBriefly(): string {
    const transfers = [...this.transfers.values()];
    if (transfers.length > 0) {
      const done = transfers.reduce((sum, each) => sum + each.done, 0);
      const total = transfers.reduce((sum, each) => sum + (each.total ?? NaN), 0);
      return total >= done && total > 0 ? percent(done, total) : describeTransfers(transfers).split('  ')[0];
    }
    return this.hasTasks() ? this.describeTasks() : '';
  }

  /** Whether to show tasks. False for a single task, because its count changes only when the task ends. */
  private hasTasks(): boolean {
    return this.tasks !== null && this.tasks[1] > 1;
  }

  private describeTasks(): string {
    const [done, total] = this.tasks ?? [0, 0];
    return `${done} of ${total} tasks`;
  }
}

/** The last segment of a URL, without its query. */
function fileName(url: string): string {
  return url.replace(/[?#].*/s, '').split('/').filter(Boolean).pop() ?? url;
}
