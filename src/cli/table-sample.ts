import { describeTable } from './describe';
import { Lake } from './lake';
import { executeQuery } from './query';
import { readQueryResults } from './query-result';
import { ResultTable } from './result';

/** The number of sample rows of each table that are printed after a run. */
const SAMPLE_ROWS = 5;

/**
 * The text output for a table, including sample rows.
 *
 * @param python the Python interpreter that reads the lake
 */
export async function describeTableWithSample(table: ResultTable, python: string, lake: Lake): Promise<string[]> {
  const statement = `SELECT * FROM ${table.database}."${table.name}" LIMIT ${SAMPLE_ROWS}`;
  const [sample] = readQueryResults(await executeQuery(python, lake, statement, []));
  return describeTable(table, sample, lake);
}
