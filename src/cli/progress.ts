import { displayWidth, oneLine, truncate } from './display-width';

/** Time between two updates of the line of a running step, in milliseconds. */
const UPDATE_INTERVAL = 250;
/** Without a terminal, the title of a step is printed if the step takes longer than this number of milliseconds. */
const ANNOUNCE_AFTER = 2000;
/**
 * Without a terminal, the time between two lines of a running step, in milliseconds. It starts at `first` and doubles
 * up to `max`.
 */
const PLAIN_INTERVAL = { first: 10_000, max: 60_000 };
/** Control sequences of terminals. */
const ERASE_LINE = '\r\x1b[K';
const CURSOR_UP = '\x1b[A';
/** To make room for the detail, a title is truncated, but not below this width. */
const MIN_TITLE = 16;

/** Shows the current activity of a step. If the detail is a function, it is called for every update. */
export type ShowDetail = (detail: string | (() => string)) => void;

/**
 * Prints progress to standard error: on a terminal, an updated line per running step, and otherwise a few plain lines.
 */
export class Progress {
  /** Whether the line of a running step is redrawn. False without a terminal. */
  public readonly isRedrawn = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  /** The lines of the running steps, in the order in which the steps started. */
  private readonly live = new Map<symbol, string>();
  private linesOnTerminal = 0;

  /** Prints a permanent line. */
  public line(text: string): void {
    this.erase();
    process.stderr.write(`${text}\n`);
    this.drawLive();
  }

  /** Prints lines to standard output. */
  public output(lines: readonly string[]): void {
    this.erase();
    process.stdout.write(lines.map(line => `${line}\n`).join(''));
    this.drawLive();
  }

  /**
   * Runs a step and prints its duration.
   *
   * @param title the name of the step
   * @param work runs the step; can show its current activity
   */
  public async step<T>(title: string, work: (show: ShowDetail) => Promise<T>): Promise<T> {
    const started = Date.now();
    const end = (mark: string, suffix: string) =>
      this.line(`  ${mark}${title}${suffix}  ${paint('dim', seconds(Date.now() - started))}`);
    try {
      const result = await (this.isRedrawn ? this.during(title, work) : observed(work, this.plainLines(title)));
      end(statusMark(true), '');
      return result;
    } catch (error) {
      end(statusMark(false), ' failed');
      throw error;
    }
  }

  /** Shows the title and the elapsed time on a terminal until the work ends. */
  public async during<T>(title: string, work: (show: ShowDetail) => Promise<T>): Promise<T> {
    const step = Symbol(title);
    try {
      return await observed(
        work, (detail, elapsed) => this.isRedrawn && this.draw(step, title, seconds(elapsed), detail()));
    } finally {
      this.erase();
      this.live.delete(step);
      this.drawLive();
    }
  }

  /** Prints the title of a step, and then the title with the current activity at increasing intervals. */
  private plainLines(title: string): OnUpdate {
    let next = ANNOUNCE_AFTER;
    let last: string | undefined;
    return (detail, elapsed) => {
      // Called even if nothing is printed, because the call measures the rate.
      const current = detail();
      if (elapsed < next) {
        return;
      }
      if (last === undefined) {
        this.line(`  ${title} …`);
        next = PLAIN_INTERVAL.first;
      } else {
        if (current !== last && current) {
          this.line(`  ${title} …  ${oneLine(current)}`);
        }
        next += Math.min(next, PLAIN_INTERVAL.max);
      }
      last = current;
    };
  }

  /** Redraws a line within the width of the terminal. A long title is truncated first, then the detail. */
  private draw(step: symbol, title: string, elapsed: string, detail: string): void {
    const columns = (process.stderr.columns || 80) - 1;
    const end = `  ${elapsed}  ${oneLine(detail)}`.trimEnd();
    const available = Math.max(MIN_TITLE, columns - displayWidth(`  … ${end}`));
    const text = truncate(`  … ${truncate(title, available)}${end}`, columns);
    this.erase();
    this.live.set(step, text.endsWith(end) ? `${text.slice(0, -end.length)}${paint('dim', end)}` : text);
    this.drawLive();
  }

  private drawLive(): void {
    process.stderr.write([...this.live.values()].join('\n'));
    this.linesOnTerminal = this.live.size;
  }

  /** Erases the lines of the running steps. The cursor must be on the last line. */
  private erase(): void {
    process.stderr.write(Array(this.linesOnTerminal).fill(ERASE_LINE).join(CURSOR_UP));
    this.linesOnTerminal = 0;
  }
}

/** Called at intervals with the current activity of a step, and the elapsed time in milliseconds. */
type OnUpdate = (detail: () => string, elapsed: number) => void;

/** Does the work, with updates until it ends. */
async function observed<T>(work: (show: ShowDetail) => Promise<T>, onUpdate: OnUpdate): Promise<T> {
  const started = Date.now();
  let detail = () => '';
  const updates = setInterval(() => onUpdate(detail, Date.now() - started), UPDATE_INTERVAL);
  try {
    return await work(shown => { detail = typeof shown === 'string' ? () => shown : shown; });
  } finally {
    clearInterval(updates);
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32 };

/** Adds a text style on a terminal, unless NO_COLOR is set. */
export function paint(style: keyof typeof CODES, text: string, stream: NodeJS.WriteStream = process.stderr): string {
  const styled = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return styled && text ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
}

/** A check mark or a cross on a terminal, otherwise empty. */
export function statusMark(succeeded: boolean): string {
  return process.stderr.isTTY ? `${paint(succeeded ? 'green' : 'red', succeeded ? '✓' : '✗')} ` : '';
}
