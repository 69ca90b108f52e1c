import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Dataset, fullName, readDatasets, selectDataset } from './dataset';
import { requireKnownValues } from './dataset-document';
import { Emulator } from './emulator';
import { setUpLake } from './environment';
import { Failure } from './failure';
import { Lake } from './lake';
import { Progress } from './progress';
import { readValues } from './substitutes';
import { Layer } from '../layer';

/**
 * Resets the schema contract of a bronze dataset: its next run infers columns and data types again. Until then, its
 * tables do not change.
 *
 * @param name the dataset, or `layer/dataset`
 */
export async function resetContract(
  name: string,
  options: { app: string; data: string; json: boolean; value: string[]; stack?: string },
): Promise<void> {
  const dataset = selectDataset(readDatasets(options.app, readValues(options.value)), name, options.stack);
  if (dataset.layer !== Layer.BRONZE) {
    throw new Failure(
      `${fullName(dataset)} has no schema contract: its query or script determines its columns. To change them, edit `
        + `the query or script, run \`npx cdk synth\`, then \`npx medallion run ${name}\`.`,
      2,
    );
  }
  requireKnownValues(dataset);
  Lake.require(options.data, name);
  const lake = Lake.open(options.data);
  const python = await setUpLake(new Progress());
  const emulator = await Emulator.start(python, lake);
  try {
    await setContractReset(python, emulator, lake, dataset);
  } finally {
    await emulator.stop();
  }
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ dataset: dataset.dataset, layer: dataset.layer, contract_reset: true })}\n`
      : `Reset the contract of ${dataset.dataset}. Its next run infers columns and data types again. `
        + 'Until then, its tables do not change.\n',
  );
}

async function setContractReset(python: string, emulator: Emulator, lake: Lake, dataset: Dataset): Promise<void> {
  const log = path.join(lake.scratch, 'reset_contract.log');
  const child = new Child(python, [path.join(LOCAL_GLUE, 'reset_contract.py'), dataset.runs], {
    env: cleanEnvironment({ ...emulator.clientEnvironment, AWS_REGION: 'us-east-1', TMPDIR: lake.scratch, TZ: 'UTC' }),
    log,
    onLine: () => undefined,
  });
  if (await Promise.race([child.exit, emulator.failure()]) !== 0) {
    throw new Failure(
      fs.readFileSync(log, 'utf8').trim().split('\n').pop() || `Cannot reset the contract of ${dataset.dataset}.`,
      1,
    );
  }
}
