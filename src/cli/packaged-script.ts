import * as fs from 'fs';
import * as path from 'path';
import { LOCAL_GLUE } from './child';
import { Dataset } from './dataset';
import { deployedFile } from './deployed-file';

/**
 * Whether the job of a dataset runs the packaged script of its layer. False for custom scripts, and for the scripts of
 * another version of this package.
 */
export function isPackagedScript(dataset: Pick<Dataset, 'layer' | 'script' | 'deployments'>): boolean {
  const packaged = path.join(LOCAL_GLUE, '..', 'jobs', `${dataset.layer}_job.py`);
  const deployed = deployedFile(dataset, dataset.script);
  return deployed !== undefined && fs.readFileSync(deployed.file).equals(fs.readFileSync(packaged));
}
