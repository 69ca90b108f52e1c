/** How often the line of a running step is drawn, in milliseconds. */
const REDRAW = 250;
/** A step of a longer time than this, in milliseconds, is announced where nothing can be redrawn. */
const LONG = 2000;

/** Tells on standard error what is going on: redrawn on a terminal, plain lines in a pipe. Results never come here. */
export class Progress {
  private readonly terminal = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  private live = '';

  /** Writes a line for good. */
  public line(text: string): void {
    process.stderr.write(`${this.erased()}${text}\n${this.live}`);
  }

  /**
   * Does one step and says how long it took.
   *
   * @param title what is done
   * @param work does it; may call `detail` with what it is busy with
   */
  public async step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T> {
    const started = Date.now();
    const announce = this.terminal ? undefined : setTimeout(() => this.line(`  ${title} …`), LONG);
    try {
      const result = await this.during(title, work);
      this.line(`  ${mark(true)}${title}  ${paint('dim', seconds(started))}`);
      return result;
    } finally {
      clearTimeout(announce);
    }
  }

  /** Shows on a terminal that something is going on, until it is done. */
  public async during<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T> {
    const started = Date.now();
    let detail = '';
    const redraw = this.terminal
      ? setInterval(
        () => this.draw(`  … ${title}  ${paint('dim', `${seconds(started)}  ${detail}`.trimEnd())}`),
        REDRAW,
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

/** Text in a colour: on a terminal only, and never against NO_COLOR. */
export function paint(style: keyof typeof CODES, text: string, stream: NodeJS.WriteStream = process.stderr): string {
  const coloured = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return coloured && text ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
}

/** What stands before a step that is done, on a terminal. */
export function mark(good: boolean): string {
  return process.stderr.isTTY ? `${paint(good ? 'green' : 'red', good ? '✓' : '✗')} ` : '';
}

/** Cuts a text to a number of columns, its escape sequences not counted. */
function shorten(text: string, columns: number): string {
  let width = 0;
  // eslint-disable-next-line no-control-regex
  return text.replace(/\x1b\[\d+m|./gu, part => part.startsWith('\x1b') || ++width <= columns ? part : '');
}
