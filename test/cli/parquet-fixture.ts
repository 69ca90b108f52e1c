import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { setUpLake } from '../../src/cli/environment';
import { Progress } from '../../src/cli/progress';

const SCRIPT = `
import json, sys
import pyarrow as pa, pyarrow.parquet as pq
file, sql_types, rows = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
import duckdb
columns = ", ".join(f'x[{number + 1}]::{type} AS "{name}"' for number, (name, type) in enumerate(sql_types.items()))
texts = [[None if value is None else str(value) for value in row] for row in rows]
table = duckdb.connect().execute(
    f"SELECT {columns} FROM (SELECT unnest($1::VARCHAR[][]) AS x)", [texts]
).arrow()
pq.write_table(table if isinstance(table, pa.Table) else table.read_all(), file)
`;

/**
 * Writes a Parquet file.
 *
 * @param types the DuckDB types, keyed by column
 * @param rows the values as text, which are cast to the types
 */
export async function writeParquet(
  file: string, types: Record<string, string>, rows: (string | null)[][],
): Promise<void> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const python = await setUpLake(new Progress());
  execFileSync(python, ['-c', SCRIPT, file, JSON.stringify(types), JSON.stringify(rows)]);
}
