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
    return this.bytes.split(/\r\n|\r\x1b\[K/).map(withoutColors);
  }

  /** The lines that remain, without colors. */
  public get lines(): string[] {
    return this.bytes.split('\r\n').map(line => withoutColors(line.split('\r\x1b[K').pop() ?? ''));
  }
}

function withoutColors(text: string): string {
  return text.replace(/\x1b\[\d+m/g, '');
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
