import { existsSync, readdirSync, readlinkSync, realpathSync, statSync } from 'fs';
import * as path from 'path';
import { FileProblem } from './file-problem';
import { relativePath } from './json-file';

/** The file that describes a dataset or, in the root folder, the core. */
export const CONFIG = 'config.json';

/** The folder with the pipeline files, inside the folder of the lake. */
const PIPELINES = 'pipelines';

/** The configuration files of datasets in a folder, at any depth. */
export interface ConfigFiles {
  readonly files: string[];
  readonly problems: FileProblem[];
}

/**
 * The config files at any depth, sorted by name. Follows symbolic links; a broken link is a problem. Skips hidden
 * folders and the output folders of tools.
 *
 * @param ancestors the real paths of the folders above. A link to one of them would cause an infinite recursion
 */
export function findConfigFiles(folder: string, ancestors: string[] = []): ConfigFiles {
  const parents = [...ancestors, realpathSync(folder)];
  const files: string[] = [];
  const problems: FileProblem[] = [];
  const entries = readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !/^(\.|node_modules$|cdk\.out$|__pycache__$)/.test(name))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  for (const entry of entries) {
    const target = path.join(folder, entry.name);
    if (entry.isSymbolicLink() && !existsSync(target)) {
      problems.push(brokenLink(target));
    } else if (statSync(target).isDirectory() && !parents.includes(realpathSync(target))) {
      const config = path.join(target, CONFIG);
      const below = findConfigFiles(target, parents);
      files.push(...existsSync(config) ? [config] : [], ...below.files);
      problems.push(...below.problems);
    }
  }
  return { files, problems };
}

/**
 * The pipeline files, sorted by name: the JSON files in the folder `pipelines`, except `config.json`.
 * Follows symbolic links, except a link to the folder of the lake. `findConfigFiles` finds broken links.
 *
 * @param lake the folder of the lake
 */
export function findPipelineFiles(lake: string): string[] {
  const folder = path.join(lake, PIPELINES);
  if (!existsSync(folder) || !statSync(folder).isDirectory() || realpathSync(folder) === realpathSync(lake)) {
    return [];
  }
  return readdirSync(folder)
    .filter(name => /^[^.].*\.json$/.test(name) && name !== CONFIG)
    .sort()
    .map(name => path.join(folder, name))
    .filter(file => existsSync(file) && statSync(file).isFile());
}

/**
 * The problem of a broken link. Its missing target may be a dataset or a pipeline, which the next deployment would
 * delete.
 */
function brokenLink(file: string): FileProblem {
  return {
    code: 'FILE_NOT_FOUND',
    location: relativePath(file),
    pointer: '',
    key: '',
    found: `is a broken symbolic link to "${readlinkSync(file)}"`,
    remedy: 'Correct the link, or remove it.',
  };
}
