import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';
import { LOAD_TYPESCRIPT } from '../load-typescript';

const ROOT = path.join(__dirname, '..', '..');
const MAIN = [
  process.execPath,
  ...LOAD_TYPESCRIPT,
  path.join(ROOT, 'src', 'cli', 'main.ts'),
];
const app = writeAssembly({ Datasets: { resources: { A: glueJob({ dataset: 'zipcodes' }) } } });

/** Types into an interactive shell on a pseudo terminal. The input is pairs of keys and the output to wait for. */
const TYPE = `
import json, os, pty, sys, time
shell, steps = json.loads(sys.argv[1]), json.loads(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(shell[0], shell)
os.set_blocking(terminal, False)
for keys, expected in steps:
    os.write(terminal, keys.encode())
    output, end = b"", time.monotonic() + 40
    while expected.encode() not in output and time.monotonic() < end:
        try:
            output += os.read(terminal, 65536).replace(b"\\a", b"")  # the bell of an ambiguous completion
        except BlockingIOError:
            time.sleep(0.05)
    if expected.encode() not in output:
        sys.exit(f"{keys!r}: expected {expected!r} in {output.decode(errors='replace')!r}")
`;

/** A home folder that has the script in the place that the help names, and a command \`medallion\` on the PATH. */
function home(shell: string, script: string): { HOME: string; PATH: string } {
  const HOME = temporaryFolder();
  const bin = path.join(HOME, 'bin');
  const file = path.join(HOME, script);
  fs.mkdirSync(bin);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, execFileSync(MAIN[0], [...MAIN.slice(1), 'completion', shell]));
  fs.writeFileSync(path.join(bin, 'medallion'), [
    '#!/bin/sh',
    `[ "$1" != __complete ] || exec ${MAIN.map(each => `'${each}'`).join(' ')} "$@"`,
    'echo "ran: $*"',
    '',
  ].join('\n'), { mode: 0o755 });
  return { HOME, PATH: `${bin}:${process.env.PATH}` };
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

const COMPINIT = 'autoload -Uz compinit; compinit -u -D; ';

const ZSH = ['zsh', '-f', '-i'];

describe.each([
  ['bash', 'in .bashrc', '.bashrc', ['bash', '-i'], ''],
  ['zsh', 'in a folder of fpath', 'functions/_medallion', ZSH, `fpath=(~/functions $fpath); ${COMPINIT}`],
  ['zsh', 'sourced', 'medallion.zsh', ZSH, `${COMPINIT}source ~/medallion.zsh; `],
  ['fish', 'in its folder', '.config/fish/completions/medallion.fish', ['fish', '-i'], ''],
])('%s, with the script %s', (shell, _where, script, command, setUp) => {
  const testIfInstalled = isInstalled(shell) ? test : test.skip;

  testIfInstalled('completes a command, an option, a gate and a dataset with the tab key', () => {
    const steps = [
      [`${setUp}echo rea''dy\r`, 'ready'],
      ['medallion lis\t', 'list'],
      ['\r', 'ran: list'],
      [`medallion --app ${app} run zip\t`, 'zipcodes'],
      ['--al\t', '--all'],
      // --allow starts with --all.
      ['ow shr\t', 'shrink'],
      ['\r', `ran: --app ${app} run zipcodes --allow shrink`],
    ];
    const { status, stderr } = spawnSync('python3', ['-c', TYPE, JSON.stringify(command), JSON.stringify(steps)], {
      encoding: 'utf8',
      env: { ...process.env, ...home(shell, script), XDG_CONFIG_HOME: '', TERM: 'xterm', PS1: '$ ' },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }, 180_000);
});
