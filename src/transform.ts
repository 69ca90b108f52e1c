import { TransformDefinition } from './private/scripts/job-script';

/** How a gold dataset's tables are made of its inputs'. */
export class Transform {
  /**
   * By the query in a file: Spark SQL, which reads tables by the names that Athena has for them, as in `FROM
   * pp_dw_bronze.zipcodes`.
   *
   * The last statement is the table. Statements before it may be `CREATE TEMPORARY VIEW`; with `outputs`, each output
   * is such a view. The file is read when a dataset takes the transform.
   *
   * @param path from the folder where `cdk synth` runs, for example `gold/zipcodes_by_state.sql`
   * @see https://spark.apache.org/docs/latest/sql-ref.html
   */
  public static sqlFile(path: string): Transform {
    return new Transform({ path, isScript: false });
  }

  /**
   * By a query that is written here. Otherwise as `sqlFile`.
   *
   * @param text for example `SELECT state, count(*) AS zip_codes FROM pp_dw_bronze.zipcodes GROUP BY state`
   */
  public static sql(text: string): Transform {
    return new Transform({ text, isScript: false });
  }

  /**
   * By a script of your own, in Python: the job's whole script in place of the packaged one. The README shows a
   * complete one.
   *
   * The file is read when a dataset takes the transform.
   *
   * @param path from the folder where `cdk synth` runs, for example `gold/zipcodes_by_state.py`
   */
  public static script(path: string): Transform {
    return new Transform({ path, isScript: true });
  }

  /** @internal */
  public readonly _definition: TransformDefinition;

  private constructor(definition: TransformDefinition) {
    this._definition = definition;
  }
}
