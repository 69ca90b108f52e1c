import { TransformDefinition } from './private/scripts/job-script';

/**
 * How the tables of a silver or gold dataset are built from its inputs.
 *
 * Files are read when a dataset uses the transform. Synthesis fails with `FILE_NOT_FOUND` if a file does not exist, and
 * with `FILE_EMPTY` if it is empty.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new GoldDataset(datasets, 'ZipcodesByState', {
 *   core,
 *   dataset: 'zipcodes-by-state',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   inputs: [zipcodes],
 *   transform: Transform.sqlFile('gold/zipcodes_by_state.sql'),
 * });
 */
export class Transform {
  /**
   * Builds the tables with a Spark SQL query in a file.
   *
   * The query reads tables by the names that they have in Athena, such as `pp_dw_bronze.zipcodes`. To use the query in
   * lakes with different prefixes, write `${bronze_database}.zipcodes`: `${bronze_database}`, `${silver_database}` and
   * `${gold_database}` are replaced with the names of the databases, except in quotes and comments. The result of the
   * last statement becomes the table. The statements before it must be `CREATE TEMPORARY VIEW`. With `outputs`, each
   * table contains the rows of the temporary view with the same name. Synthesis fails with `PLACEHOLDER_INVALID` if a
   * placeholder is misspelled, and with `QUERY_TABLE_NOT_AN_INPUT` if the query reads a table of a dataset
   * that the app contains, but that is not an input.
   *
   * @param path the path of the file, relative to the folder where you run `cdk synth`
   * @see https://spark.apache.org/docs/latest/sql-ref.html
   * @exampleMetadata fixture=lake
   * @example
   * const transform = Transform.sqlFile('gold/zipcodes_by_state.sql');
   */
  public static sqlFile(path: string): Transform {
    return new Transform({ path, isScript: false });
  }

  /**
   * Builds the tables with a Spark SQL query in the code, with the same rules as `sqlFile`.
   *
   * Synthesis fails with `TRANSFORM_REQUIRED` if the query is empty.
   *
   * @param text the query
   * @exampleMetadata fixture=lake
   * @example
   * const transform = Transform.sql('SELECT state, count(*) AS zip_codes FROM pp_dw_bronze.zipcodes GROUP BY state');
   */
  public static sql(text: string): Transform {
    return new Transform({ text, isScript: false });
  }

  /**
   * Builds the tables with a custom PySpark script, which replaces the packaged job script.
   *
   * The script calls `run_gold` of the module `etl_runtime.gold`, or `run_silver` of `etl_runtime.silver`. See
   * `docs/derived/scripts.md` for a complete script.
   *
   * @param path the path of the file, relative to the folder where you run `cdk synth`
   * @exampleMetadata fixture=lake
   * @example
   * const transform = Transform.script('gold/zipcodes_by_state.py');
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
