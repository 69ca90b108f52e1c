import * as fs from 'fs';

/** Resolves when standard input is closed, if it is a pipe: then the program that started the command has ended. */
export function inputEnd(): Promise<void> {
  const input = fs.fstatSync(0);
  return new Promise(resolve => {
    if (input.isFIFO() || input.isSocket()) {
      process.stdin.on('end', resolve).resume();
    }
  });
}
