import { readFileSync } from 'fs';
import * as path from 'path';
import { GLUE_TEMPLATES } from '../../../src/private/glue-templates';
import { LAYERS } from '../../../src/private/layers';
import { entryPointsUsedBy, howToPublish } from '../../../src/private/scripts/script-entry-point';

const CALL = 'run_gold(sys.argv, transform)';

test.each<[string, string]>([
  ['the function', `from etl_runtime.gold import run_gold\n${CALL}`],
  ['the function in a list', `from etl_runtime.gold import Gold, run_gold\n${CALL}`],
  ['the function in brackets', `from etl_runtime.gold import (\n    Gold,  # the context\n    run_gold,\n)\n${CALL}`],
  ['the function after a line continuation', `from etl_runtime.gold import Gold, \\\n    run_gold\n${CALL}`],
  ['the function with an alias', 'from etl_runtime.gold import run_gold as publish\npublish(sys.argv, transform)'],
  ['everything', `from etl_runtime.gold import *\n${CALL}`],
  ['the module from its package', `from etl_runtime import gold\ngold.${CALL}`],
  ['the module with an alias', `from etl_runtime import gold as layer\nlayer.${CALL}`],
  ['the module by its full name', `import etl_runtime.gold\netl_runtime.gold.${CALL}`],
  ['the module by its full name with an alias', `import sys, etl_runtime.gold as g\ng.${CALL}`],
  ['in a function', `def main():\n    from etl_runtime.gold import run_gold\n    ${CALL}`],
  ['after another statement', `import sys; from etl_runtime.gold import run_gold; ${CALL}`],
  ['without calling it by name', 'from etl_runtime.gold import run_gold\nmain = run_gold\nmain(sys.argv, transform)'],
  ['in a file with a byte order mark', `\uFEFFfrom etl_runtime.gold import run_gold\n${CALL}`],
  ['in a file with Windows line ends', `import sys\r\nfrom etl_runtime.gold import run_gold\r\n${CALL}\r\n`],
  ['after a string with a number sign', `from etl_runtime.gold import run_gold\nx = "#"; ${CALL}`],
])('a script uses the entry point if it imports %s', (_, script) => {
  expect(entryPointsUsedBy(script)).toEqual(['gold']);
});

test.each<[string, string]>([
  ['in a comment', `# from etl_runtime.gold import run_gold\n# ${CALL}`],
  ['in a docstring', `"""\nfrom etl_runtime.gold import run_gold\n${CALL}\n"""`],
  ['in a string with an escaped quote', `x = 'a\\'\\nfrom etl_runtime.gold import run_gold\\n${CALL}'`],
  ['in a raw string', `x = r'''\nfrom etl_runtime.gold import run_gold\n${CALL}\n'''`],
  ['in an import that it does not use', 'from etl_runtime.gold import run_gold\nprint("run_gold")'],
  ['in a comment, although it imports it', `from etl_runtime.gold import run_gold\n# ${CALL}`],
  ['as a function of its own', `def run_gold(argv, transform):\n    pass\n${CALL}`],
  ['from another module', `from my_lake.gold import run_gold\n${CALL}`],
  ['as an attribute of another object', `from etl_runtime.gold import run_gold\nlake.${CALL}`],
  ['under the name that an alias replaces', `from etl_runtime.gold import run_gold as publish\n${CALL}`],
])('a script does not use the entry point if it names it only %s', (_, script) => {
  expect(entryPointsUsedBy(script)).toEqual([]);
});

test.each(LAYERS)('the packaged script of %s uses its entry point', layer => {
  const script = readFileSync(path.join(GLUE_TEMPLATES, 'jobs', `${layer}_job.py`), 'utf8');
  expect(entryPointsUsedBy(script)).toEqual([layer]);
});

test.each(LAYERS)('the warning about a %s script lists all arguments that the job requires', layer => {
  const source = readFileSync(path.join(GLUE_TEMPLATES, 'etl_runtime', 'job', 'arguments.py'), 'utf8');
  const [, names] = /^ARGUMENTS = \(([^)]*)\)/m.exec(source)!;
  expect(howToPublish(layer)).toContain(`getResolvedOptions: ${names.replace(/"/g, '')}, TempDir`);
});
