import { Layer } from '../../layer';
import { LAYERS } from '../layers';

/**
 * Comments, and string literals with their prefixes. A quote after a backslash does not end a literal, not even a raw
 * literal.
 */
const COMMENT_OR_STRING = new RegExp([
  /#[^\n]*/,
  /\b[bfrtu]{1,2}(?=["'])/,
  /"""(?:\\[^]|[^\\])*?"""/, /'''(?:\\[^]|[^\\])*?'''/,
  /"(?:\\[^]|[^"\\\n])*"/, /'(?:\\[^]|[^'\\\n])*'/,
].map(part => part.source).join('|'), 'gi');

/** `from … import …` and `import …`, at the start of a statement. */
const IMPORT = /(?<=^|[;:\n\uFEFF])[ \t]*(?:from[ \t]+(?<from>[\w.]+)[ \t]+import[ \t]*(?<names>\([^)]*\)|[^\n;]+)|import[ \t]+(?<modules>[^\n;]+))/g;

/** The name of the function that runs the job of a layer and publishes its tables, such as `run_gold`. */
export function entryPointOf(layer: Layer): string {
  return `run_${layer}`;
}

/**
 * The layers whose entry point a Python script imports and uses.
 *
 * Comments and string literals do not count. An import that the script does not use does not count either: the script
 * publishes nothing with it. Functions that a script only finds at run time, as with `importlib`, are not detected.
 */
export function entryPointsUsedBy(script: string): Layer[] {
  const code = script
    .replace(COMMENT_OR_STRING, text => /^["']/.test(text) ? '""' : '')
    .replace(/\\\r?\n/g, ' ');
  const references = new Map(LAYERS.map(layer => [layer, [] as string[]]));
  for (const { groups } of code.matchAll(IMPORT)) {
    for (const layer of LAYERS) {
      references.get(layer)!.push(...groups!.modules === undefined
        ? namesFrom(groups!.from, groups!.names, layer)
        : modulesIn(groups!.modules, layer));
    }
  }
  const body = code.replace(IMPORT, '');
  return LAYERS.filter(layer => references.get(layer)!.some(each => isReadIn(body, each)));
}

/** The expressions that refer to the entry point of a layer after `from module import names`. */
function namesFrom(module: string, names: string, layer: Layer): string[] {
  return aliases(names).flatMap(({ name, alias }) => {
    if (module === `etl_runtime.${layer}`) {
      return name === '*' ? [entryPointOf(layer)] : name === entryPointOf(layer) ? [alias] : [];
    }
    return module === 'etl_runtime' && name === layer ? [`${alias}.${entryPointOf(layer)}`] : [];
  });
}

/** The expressions for the entry point after `import modules`. */
function modulesIn(modules: string, layer: Layer): string[] {
  return aliases(modules).flatMap(({ name, alias }) => {
    if (name === `etl_runtime.${layer}`) {
      return [`${alias}.${entryPointOf(layer)}`];
    }
    return name === 'etl_runtime' ? [`${alias}.${layer}.${entryPointOf(layer)}`] : [];
  });
}

/** The imported names: `a as b, c` are `a` with the alias `b`, and `c`. */
function aliases(names: string): { name: string; alias: string }[] {
  return names.replace(/[()]/g, '').split(',').map(each => {
    const [name, alias = name] = each.trim().split(/\s+as\s+/);
    return { name, alias };
  });
}

/** Whether the code refers to an expression, except to define or to assign it. */
function isReadIn(code: string, expression: string): boolean {
  const dotted = expression.split('.').join('\\s*\\.\\s*');
  return new RegExp(`(?<![\\w.]|\\bdef[ \\t]+)${dotted}\\b(?!\\s*=(?!=))`).test(code);
}

/** The arguments that every job has, for `getResolvedOptions`. */
const ARGUMENTS = ['JOB_NAME', 'dataset_config', 'names', 'run_options', 'TempDir'];

/**
 * Explains how a script of a layer publishes its tables, and which arguments a script that writes its own output can
 * read.
 */
export function howToPublish(layer: Layer): string {
  const entryPoint = entryPointOf(layer);
  const argument = layer === Layer.BRONZE ? 'fetch' : 'transform';
  return `To publish tables, import \`from etl_runtime.${layer} import ${entryPoint}\` and call `
    + `\`${entryPoint}(sys.argv, ${argument})\`. A script that writes its own output can read these arguments with `
    + `getResolvedOptions: ${ARGUMENTS.join(', ')}, and the default arguments of the lake.`;
}
