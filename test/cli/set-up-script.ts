/** Sets up components as the command does. Arguments: INSTALLER [TITLE LIST …]. Creates a missing installer. */
import * as fs from 'fs';
import * as path from 'path';
import { cacheFolder, entryPath } from '../../src/cli/cache';
import { Progress } from '../../src/cli/progress';
import { findPython } from '../../src/cli/python';
import { Component, setUpComponents } from '../../src/cli/set-up-components';

const [installer, ...args] = process.argv.slice(2);
fs.mkdirSync(cacheFolder(), { recursive: true });
const components: Component[] = [];
for (let index = 0; index < args.length; index += 2) {
  const [title, list] = args.slice(index, index + 2);
  const name = path.basename(list, '.txt');
  const entry = entryPath(name, [list]);
  if (!fs.existsSync(path.join(entry, 'complete'))) {
    components.push({
      name,
      title,
      entry,
      build: tools => name.endsWith('jars') ? tools.createJarFolder(entry, list) : tools.createEnvironment(entry, list),
    });
  }
}
if (!fs.existsSync(path.join(installer, 'complete'))) {
  components.push({ name: 'installer', title: 'Installer', entry: installer, build: tools => tools.createInstaller() });
}
setUpComponents(components, { python: findPython().executable, installer }, new Progress()).catch(error => {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
});
