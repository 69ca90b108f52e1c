import { readDatasets } from './dataset';
import { paint } from './progress';
import { formatTable, outputWidth } from './table';

/** Shows the datasets of the app. */
export function list(options: { app: string; json: boolean }): void {
  const datasets = readDatasets(options.app).map(({ dataset, layer, tables, job, stack, glueVersion, description }) =>
    ({ dataset, layer, tables, job, stack, glue_version: glueVersion, description }));
  if (options.json) {
    process.stdout.write(`${JSON.stringify(datasets)}\n`);
    return;
  }
  if (datasets.length === 0) {
    process.stderr.write('The app has no datasets yet: add a BronzeDataset to a stack, and run `npx cdk synth`.\n');
    return;
  }
  const columns = ['dataset', 'layer', 'tables', 'job', 'stack'].map(name => ({ name, givesWay: name === 'tables' }));
  const width = outputWidth();
  const [heading, ...rows] = formatTable(columns, datasets.map(each => [each.dataset, each.layer, each.tables.join(' '), each.job, each.stack]), width);
  process.stdout.write([paint('bold', heading, process.stdout), ...rows, ''].join('\n'));
}
