import { spawn } from 'child_process';

/** Runs a command with a pseudo terminal of a given width, and copies what it writes to standard output. */
const PSEUDO_TERMINAL = `
import fcntl, os, pty, struct, subprocess, sys, termios
terminal, device = pty.openpty()
fcntl.ioctl(device, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
output = None if sys.argv[2] == "terminal" else open(sys.argv[2], "wb")
child = subprocess.Popen(sys.argv[3:], stdin=device, stdout=output or device, stderr=device, start_new_session=True)
os.close(device)
try:
    while block := os.read(terminal, 65536):
        os.write(1, block)
except OSError:  # the end of a pseudo terminal on Linux
    pass
sys.exit(child.wait())
`;

/** What a command wrote to a terminal. */
export class TerminalOutput {
  public constructor(public readonly code: number | null, public readonly bytes: string) {}

  /** Every state of every line, without colors. A line that is redrawn has several. */
  public get states(): string[] {
    return this.bytes.split(/\r\n|\r\x1b\[K/).map(withoutControls);
  }

  /** The lines that remain, without colors. */
  public get lines(): string[] {
    const lines = [''];
    let row = 0;
    for (const [, control, text] of this.bytes.matchAll(/(\r\n|\r\x1b\[K|\x1b\[A)|([^\r\x1b]|\x1b\[\d+m|\r|\x1b)/gu)) {
      row += { '\r\n': 1, '\x1b[A': -1 }[control] ?? 0;
      lines[row] = control === '\r\x1b[K' ? '' : (lines[row] ?? '') + (text ?? '');
    }
    return lines.map(withoutControls);
  }
}

function withoutControls(text: string): string {
  return text.replace(/\x1b\[(\d+m|A)/g, '');
}

/**
 * Runs a command on a terminal.
 *
 * @param stdout the file for standard output; by default, the terminal
 */
export async function onTerminal(
  command: string[],
  columns: number,
  env: NodeJS.ProcessEnv,
  stdout = 'terminal',
): Promise<TerminalOutput> {
  const child = spawn('python3', ['-c', PSEUDO_TERMINAL, String(columns), stdout, ...command], {
    env: { ...env, TERM: 'xterm' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const blocks: Buffer[] = [];
  child.stdout.on('data', (block: Buffer) => blocks.push(block));
  const code = await new Promise<number | null>(resolve => child.once('close', resolve));
  return new TerminalOutput(code, Buffer.concat(blocks).toString('utf8'));
}
