import { displayWidth, truncate } from './display-width';

/** Time between two updates of the line of a running step, in milliseconds. */
const UPDATE_INTERVAL = 250;
/** Without a terminal, the title of a step is printed if the step takes longer than this, in milliseconds. */
const ANNOUNCE_AFTER = 2000;

/** Prints progress to standard error: an updated line on a terminal, plain lines otherwise. */
export class Progress {
  private readonly terminal = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  private live = '';

  /** Prints a permanent line. */
  public line(text: string): void {
    process.stderr.write(`${this.erased()}${text}\n${this.live}`);
  }

  /**
   * Runs a step and prints its duration.
   *
   * @param title the name of the step
   * @param work runs the step; can call `detail` with a description of its current activity
   */
  public async step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T> {
    const started = Date.now();
    const announce = this.terminal ? undefined : setTimeout(() => this.line(`  ${title} …`), ANNOUNCE_AFTER);
    try {
      const result = await this.during(title, work);
      this.line(`  ${statusMark(true)}${title}  ${paint('dim', seconds(started))}`);
      return result;
    } finally {
      clearTimeout(announce);
    }
  }

  /** Shows the title and the elapsed time on a terminal until the work ends. */
  public async during<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T> {
    const started = Date.now();
    let detail = '';
    const redraw = this.terminal
      ? setInterval(
        () => this.draw(`  … ${title}  ${paint('dim', `${seconds(started)}  ${detail}`.trimEnd())}`),
        UPDATE_INTERVAL,
      )
      : undefined;
    try {
      return await work(text => { detail = text; });
    } finally {
      clearInterval(redraw);
      this.clear();
    }
  }

  private draw(text: string): void {
    const erased = this.erased();
    this.live = shorten(text, (process.stderr.columns || 80) - 1);
    process.stderr.write(erased + this.live);
  }

  private clear(): void {
    process.stderr.write(this.erased());
    this.live = '';
  }

  private erased(): string {
    return this.live ? '\r\x1b[K' : '';
  }
}

function seconds(started: number): string {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
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

/** Truncates a text to a number of columns. Escape sequences have no width. */
function shorten(text: string, columns: number): string {
  let width = 0;
  // eslint-disable-next-line no-control-regex
  return text.split(/(\x1b\[\d+m)/).map((part, index) => {
    const isEscape = index % 2 === 1;
    const shortened = isEscape || width >= columns ? (isEscape ? part : '') : truncate(part, columns - width);
    width += isEscape ? 0 : displayWidth(shortened);
    return shortened;
  }).join('');
}
