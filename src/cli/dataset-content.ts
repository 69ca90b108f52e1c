import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { Dataset } from './dataset';
import { documentOf, queryOf } from './dataset-document';
import { deployedFile } from './deployed-file';
import { AUTO_SCALING_ARGUMENT, OPERATION_KEYS } from '../private/document/operation-keys';

/**
 * A hash of everything that determines the tables of a dataset: its document, script, query and source files, and the
 * settings of its job. The schedule, size and description of the dataset do not affect the hash.
 */
export function contentHash(dataset: Dataset): string {
  const document = Object.entries(documentOf(dataset) ?? {}).filter(([key]) => !OPERATION_KEYS.includes(key));
  const { '--names': names, '--dataset_config': config, [AUTO_SCALING_ARGUMENT]: _, ...settings } = dataset.arguments;
  const { inputs, tables } = JSON.parse(names) as { inputs?: object; tables: object };
  const hash = createHash('sha256').update(JSON.stringify([
    document, queryOf(dataset), dataset.glueVersion, dataset.tableFormat, settings, inputs, tables,
  ]));
  for (const uri of [dataset.script, `${config.slice(0, config.lastIndexOf('/') + 1)}source/`]) {
    const deployed = deployedFile(dataset, uri);
    filesIn(deployed?.file).forEach(file => hash.update(path.basename(file)).update(fs.readFileSync(file)));
  }
  return hash.digest('hex');
}

/** A file, or the files in a folder. */
function filesIn(file?: string): string[] {
  if (file === undefined) {
    return [];
  }
  return fs.statSync(file).isDirectory()
    ? fs.readdirSync(file).sort().map(name => path.join(file, name))
    : [file];
}
