import * as fs from 'fs';
import * as path from 'path';
import * as readline from 'readline/promises';
import { Failure } from './failure';
import { Lake } from './lake';

/** Deletes the local lake: its buckets and logs. The cached environments are kept. */
export async function reset(options: { data: string; yes?: true; json: boolean }): Promise<void> {
  const folder = path.resolve(options.data);
  if (!fs.existsSync(folder)) {
    report(options.json, folder, 'No local lake');
    return;
  }
  if (!Lake.isLake(folder)) {
    throw new Failure(
      `${folder} is not a local lake. Nothing was deleted. Set the folder of the lake with --data DIR.`,
      2,
    );
  }
  if (!options.yes && !await confirmed(`Delete all tables, originals and logs in ${folder}? [y/N] `)) {
    throw new Failure('Canceled. Nothing was deleted.', 1);
  }
  Lake.open(folder);
  // The lock file is deleted last, so that no other command can use the folder in the meantime.
  for (const name of fs.readdirSync(folder).filter(each => each !== 'lock')) {
    fs.rmSync(path.join(folder, name), { recursive: true, force: true });
  }
  fs.rmSync(folder, { recursive: true });
  report(options.json, folder, 'Deleted the local lake');
}

function report(json: boolean, folder: string, message: string): void {
  process.stdout.write(json ? `${JSON.stringify({ removed: folder })}\n` : `${message} at ${folder}\n`);
}

async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new Failure('Confirmation requires a terminal. To delete the lake without confirmation, add --yes.', 2);
  }
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(question);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
