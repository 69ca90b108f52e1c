import * as fs from 'fs';
import * as path from 'path';
import * as readline from 'readline/promises';
import { Failure } from './failure';
import { Lake } from './lake';

/** Removes the local lake: its buckets and logs. Environments in the cache stay. */
export async function reset(options: { data: string; yes: boolean; json: boolean }): Promise<void> {
  const folder = path.resolve(options.data);
  if (!fs.existsSync(folder)) {
    report(options.json, folder, 'There is no lake');
    return;
  }
  if (!Lake.isLake(folder)) {
    throw new Failure(`${folder} is not a lake that medallion made; nothing was removed.`, 2);
  }
  if (!options.yes && !await confirmed(`Remove all tables, originals and logs in ${folder}? [y/N] `)) {
    throw new Failure('Nothing was removed.', 1);
  }
  Lake.open(folder);
  fs.rmSync(folder, { recursive: true });
  report(options.json, folder, 'Removed the lake');
}

function report(json: boolean, folder: string, done: string): void {
  process.stdout.write(json ? `${JSON.stringify({ removed: folder })}\n` : `${done} at ${folder}\n`);
}

async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new Failure('There is no terminal to ask on: add --yes to remove the lake.', 2);
  }
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(question);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
