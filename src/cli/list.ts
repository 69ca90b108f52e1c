import { readDatasets } from './dataset';
import { displayWidth, pad, wrap } from './display-width';
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
  // The column is empty without derived datasets.
  const columns = [
    'dataset',
    'layer',
    'tables',
    ...(datasets.some(each => each.inputs.length > 0) ? ['inputs' as const] : []),
    'job',
    'stack',
  ] as const;
  const rows = datasets.map(each => columns.map(column => [each[column]].flat().join(' ')));
  const width = outputWidth();
  const table = formatTable(columns.map(name => ({ name })), rows, Infinity);
  const lines = table.every(line => displayWidth(line) <= width)
    ? [paint('bold', table[0], process.stdout), ...table.slice(1)]
    : rows.flatMap(row => describe(columns, row, width));
  process.stdout.write([...lines, ''].join('\n'));
}

/** A dataset in several lines, for a terminal that is too narrow for the table: its name and layer, then the rest. */
function describe(columns: readonly string[], [dataset, layer, ...values]: string[], width: number): string[] {
  const names = columns.slice(2);
  const indentation = 4 + Math.max(...names.map(name => name.length));
  return [
    ...wrap(`${dataset}  ${layer}`, width).map(line => paint('bold', line, process.stdout)),
    ...names.flatMap((name, index) => values[index]
      ? wrap(values[index], width - indentation).map((line, number) =>
        pad(number === 0 ? `  ${name}` : '', indentation) + line)
      : []),
  ];
}
