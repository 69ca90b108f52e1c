import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Dataset, fullName, pickDataset, readDatasets } from './dataset';
import { Emulator } from './emulator';
import { setUpLake } from './environment';
import { Failure } from './failure';
import { Lake } from './lake';
import { Progress } from './progress';

/**
 * Has the next run of a dataset forget the published columns and types, and guess anew. Its tables stay as they are
 * till then.
 *
 * @param name the dataset, or `layer/dataset`
 */
export async function resetContract(
  name: string,
  options: { app: string; data: string; json: boolean; stack?: string },
): Promise<void> {
  const dataset = pickDataset(readDatasets(options.app), name, options.stack);
  if (dataset.layer === 'gold') {
    throw new Failure(
      `${fullName(dataset)} has no contract of guessed types: its columns are those that its query or script gives. `
        + `To change them, change that, run \`npx cdk synth\`, and then: npx medallion run ${name}.`,
      2,
    );
  }
  if (!Lake.isLake(options.data)) {
    throw new Failure(
      `There is no lake at ${options.data}. Run the dataset first: npx medallion run ${name}. Or name its `
        + 'folder with --data DIR.',
      2,
    );
  }
  const lake = Lake.open(options.data);
  const python = await setUpLake(new Progress());
  const emulator = await Emulator.start(python, lake);
  try {
    await markPublished(python, emulator, lake, dataset);
  } finally {
    await emulator.stop();
  }
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ dataset: dataset.dataset, layer: dataset.layer, contract_reset: true })}\n`
      : `The next run of ${dataset.dataset} guesses its columns and types anew. Its tables stay till then.\n`,
  );
}

async function markPublished(python: string, emulator: Emulator, lake: Lake, dataset: Dataset): Promise<void> {
  const log = path.join(lake.scratch, 'reset_contract.log');
  const child = new Child(python, [path.join(LOCAL_GLUE, 'reset_contract.py'), dataset.runs], {
    env: cleanEnvironment({ ...emulator.clientEnvironment, AWS_REGION: 'us-east-1', TMPDIR: lake.scratch, TZ: 'UTC' }),
    log,
    onLine: () => undefined,
  });
  if (await Promise.race([child.exit, emulator.broken()]) !== 0) {
    throw new Failure(
      fs.readFileSync(log, 'utf8').trim().split('\n').pop() || `The contract of ${dataset.dataset} could not be reset.`,
      1,
    );
  }
}
