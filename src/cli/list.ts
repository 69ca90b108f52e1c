import { readDatasets } from './dataset';
import { paint } from './progress';
import { readValues } from './substitutes';
import { formatTable, outputWidth } from './table';
import { showUnknown } from './unknown-value';

/** Prints the datasets of the app in the order of its stacks. A dataset may be listed before its inputs. */
export function list(options: { app: string; json: boolean; value: string[] }): void {
  const datasets = readDatasets(options.app, readValues(options.value)).map(
    ({ dataset, layer, tables, inputs, job, stack, glueVersion, description }) => ({
      dataset,
      layer,
      tables: tables.map(showUnknown),
      inputs: inputs.map(input => input.dataset),
      job: showUnknown(job),
      stack,
      glue_version: glueVersion,
      description: showUnknown(description),
    }),
  );
  if (options.json) {
    process.stdout.write(`${JSON.stringify(datasets)}\n`);
    return;
  }
  if (datasets.length === 0) {
    process.stderr.write(
      'The app does not contain a dataset yet. Add a BronzeDataset to a stack, and run `npx cdk synth`.\n',
    );
    return;
  }
  // The column is empty without gold datasets.
  const columns = [
    'dataset',
    'layer',
    'tables',
    ...(datasets.some(each => each.inputs.length > 0) ? ['inputs' as const] : []),
    'job',
    'stack',
  ] as const;
  const rowOf = (each: typeof datasets[number]) => columns.map(column => [each[column]].flat().join(' '));
  const tableColumns = columns.map(name => ({ name, canShrink: name === 'tables' }));
  const [heading, ...rows] = formatTable(tableColumns, datasets.map(rowOf), outputWidth());
  process.stdout.write([paint('bold', heading, process.stdout), ...rows, ''].join('\n'));
}
