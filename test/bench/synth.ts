import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { BronzeDataset, DataSizeCategory, EtlCore, Schedule, Source } from '../../src';

/** Synthesizes a lake with one stack a dataset and prints seconds and resources. */
function measure(stacks: number): void {
  const outdir = mkdtempSync(path.join(tmpdir(), 'bench-synth-'));
  try {
    const begin = performance.now();
    const app = new App({ outdir });
    const core = new EtlCore(new Stack(app, 'Core'), 'Core', { resourcePrefix: 'pp-dw' });
    for (let index = 0; index < stacks; index++) {
      new BronzeDataset(new Stack(app, `Dataset${index}`), 'Bronze', {
        core,
        dataset: `dataset-${index}`,
        dataSizeCategory: DataSizeCategory.SMALL,
        source: Source.url(`https://example.org/${index}.zip`),
        schedule: Schedule.cron('0 6 * * ? *'),
      });
    }
    app.synth();
    const seconds = (performance.now() - begin) / 1000;
    const resources = app.node.findAll().filter(node => CfnResource.isCfnResource(node)).length;
    console.log(`${String(stacks).padStart(4)} dataset stacks  ${seconds.toFixed(2).padStart(6)} s  ${String(resources).padStart(5)} resources`);
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

for (const stacks of [1, 10, 100, 300]) {
  measure(stacks);
}
