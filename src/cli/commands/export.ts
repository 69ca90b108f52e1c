import { example } from './help-text';
import { globalOptions } from './options';
import { Command } from '../../private/dependencies/commander';
import { exportTable } from '../export';

/** Adds `medallion export`. */
export function addExportCommand(program: Command): void {
  program
    .command('export')
    .summary('Write the rows of a table of the local lake to a file')
    .description(
      'Write the published rows of a table of the local lake to a file. The extension selects the format: .csv, '
        + '.parquet, .xlsx for Excel, or .duckdb for a DuckDB database.',
    )
    .argument('<table>', 'Name of the table in Athena. The database is optional if only one has a table with that name')
    .argument('<file>', 'New file')
    .option('--force', 'Replace an existing file')
    .addHelpText('after', example('npx medallion export pp_dw_bronze.zipcodes zipcodes.xlsx'))
    .action((table: string, file: string, options: { force?: true }) =>
      exportTable(table, file, { ...globalOptions(program), ...options }));
}
