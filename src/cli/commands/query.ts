import { example } from './help-text';
import { GlobalOptions, globalOptions, withDeployed } from './options';
import { Command, Option } from '../../private/dependencies/commander';
import { query, QueryOptions } from '../query';

/** Adds `medallion query`. */
export function addQueryCommand(program: Command): void {
  withDeployed(program.command('query'), 'Query the lake in AWS with its Athena workgroup')
    .summary('Query the tables and the run records of the lake with SQL')
    .description(
      'Query the tables of the local lake with SQL, by their names in Athena, and the run records: medallion.runs, '
        + '.tables, .columns, .lineage and .rules. The result of each statement is printed. A query does not wait for '
        + 'active runs.',
    )
    .argument('[sql]', 'SQL statements for DuckDB, or with --deployed, for Athena (default: standard input)')
    .option('-f, --file <file>', 'Read the SQL from a file, - for standard input')
    .addOption(new Option('--line', 'Print one line per value').conflicts('csv'))
    .option('--csv', 'Print CSV with a header. NULL is an empty field, empty text is ""')
    .addHelpText(
      'after',
      example(
        'npx medallion query "SELECT count(*) FROM pp_dw_bronze.zipcodes"',
        'npx medallion query --csv --file report.sql > report.csv',
        'npx medallion query "SELECT dataset, error FROM medallion.runs WHERE status = \'failed\'"',
      ),
    )
    .action((sql: string | undefined, options: Omit<QueryOptions, keyof GlobalOptions>) =>
      query(sql, { ...globalOptions(program), ...options }));
}
