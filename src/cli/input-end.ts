import * as fs from 'fs';

/**
 * Resolves when standard input is closed, which means that the program that started the command has ended. Never
 * resolves if standard input is not a pipe.
 */
export function inputEnd(): Promise<void> {
  const input = fs.fstatSync(0);
  return new Promise(resolve => {
    if (input.isFIFO() || input.isSocket()) {
      process.stdin.on('end', resolve).resume();
    }
  });
}
