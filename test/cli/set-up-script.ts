/** Installs requirements as the set-up of the command does: FOLDER REQUIREMENTS. */
import * as fs from 'fs';
import * as path from 'path';
import { cacheFolder } from '../../src/cli/cache';
import { Progress } from '../../src/cli/progress';
import { findPython } from '../../src/cli/python';
import { SetUpTools } from '../../src/cli/set-up-tools';

const [folder, requirements] = process.argv.slice(2);
fs.mkdirSync(cacheFolder(), { recursive: true });
const { executable } = findPython();
const tools = new SetUpTools(executable, path.join(cacheFolder(), 'set-up.log'));
void new Progress().step('Glue 5.0: Spark 3.5.4 and Python packages (405 MB)', async show => {
  await tools.run([executable, '-m', 'venv', folder], show);
  await tools.pip(folder, ['-r', requirements], show);
});
