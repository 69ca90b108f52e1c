import { DataRule as DataRuleDocument } from './private/document/dataset-document.generated';
import { datasetSchema } from './private/document/dataset-schema';

/** What happens if the share of rows that violate a rule exceeds `maxShare`. */
export enum RuleSeverity {
  /** The run fails at the gate `rules`, and the published tables do not change. */
  FAIL = 'fail',
  /** The run publishes the tables, and writes a warning to the log and to the run record. */
  WARN = 'warn',
}

/** The options of a rule. */
export interface DataRuleOptions {
  /**
   * The name of the rule in errors and run records, a single line of at most 255 characters.
   *
   * Synthesis fails with `DUPLICATE_VALUE` if two rules of a table have the same name.
   *
   * @default - the kind and the columns, such as `not_null_zip_code`, or the condition
   */
  readonly name?: string;

  /**
   * The table that the rule applies to, as it is named in `fileTableMapping`, `outputs` or the endpoints of the source.
   *
   * Synthesis fails with `SETTING_REQUIRED` if the dataset has several tables, and with `UNKNOWN_TABLE` if the table
   * does not exist.
   *
   * @default - the table of the dataset
   */
  readonly table?: string;

  /**
   * Whether a violated rule fails the run.
   *
   * @default RuleSeverity.FAIL - rows that violate a rule are not published
   */
  readonly severity?: RuleSeverity;

  /**
   * The maximum share of rows, from 0 to 1, that may violate the rule.
   *
   * @default 0 - every row must satisfy the rule
   */
  readonly maxShare?: number;
}

/**
 * A rule that the rows of a table must satisfy before the table is published. In a history, only the current versions
 * are checked.
 *
 * All conditions of a table are checked in one scan of the new data.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new BronzeDataset(datasets, 'Zipcodes', {
 *   core,
 *   dataset: 'zipcodes',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   source: Source.url('https://example.org/zipcodes.zip'),
 *   dataQuality: {
 *     rules: [
 *       DataRule.notNull('zip_code'),
 *       DataRule.condition('length(state) = 2', { severity: RuleSeverity.WARN, maxShare: 0.01 }),
 *     ],
 *   },
 * });
 */
export class DataRule {
  /**
   * A condition that every row must satisfy.
   *
   * A row for which the condition is null satisfies the rule, as with CHECK constraints in SQL. A run fails with
   * `RULE_INVALID` if the condition is not valid, or causes an error, such as a failed cast.
   *
   * @param condition a condition in Spark SQL on the columns of the table
   * @param options the name, table, severity and maximum share of the rule
   * @exampleMetadata fixture=lake
   * @example
   * const rule = DataRule.condition('price >= 0', { name: 'prices are not negative' });
   */
  public static condition(condition: string, options: DataRuleOptions = {}): DataRule {
    return new DataRule(options, { condition });
  }

  /**
   * A column that must not be null.
   *
   * @param column the name of the column in the table
   * @param options the name, table, severity and maximum share of the rule
   * @exampleMetadata fixture=lake
   * @example
   * const rule = DataRule.notNull('zip_code');
   */
  public static notNull(column: string, options: DataRuleOptions = {}): DataRule {
    return new DataRule(options, { not_null: column });
  }

  /**
   * Columns whose values must be unique. As in SQL, rows with null in one of these columns satisfy the rule.
   *
   * @param columns the names of the columns in the table
   * @param options the name, table, severity and maximum share of the rule
   * @exampleMetadata fixture=lake
   * @example
   * const rule = DataRule.unique(['state', 'city']);
   */
  public static unique(columns: string[], options: DataRuleOptions = {}): DataRule {
    return new DataRule(options, { unique: columns });
  }

  /**
   * A column that may only have certain values. Null satisfies the rule.
   *
   * @param column the name of the column in the table
   * @param values the values, which are cast to the data type of the column
   * @param options the name, table, severity and maximum share of the rule
   * @exampleMetadata fixture=lake
   * @example
   * const rule = DataRule.acceptedValues('state', ['MA', 'NY']);
   */
  public static acceptedValues(column: string, values: string[], options: DataRuleOptions = {}): DataRule {
    return new DataRule(options, { accepted_values: { column, values } });
  }

  /**
   * A column whose values must exist in a column of an input's table. Null satisfies the rule.
   *
   * Synthesis fails with `SETTING_NOT_APPLICABLE` if the dataset has no inputs, and with `QUERY_TABLE_NOT_AN_INPUT` if
   * the table does not belong to an input.
   *
   * @param column the name of the column in the table
   * @param to the table of an input, as `database.table` or as the name of the table alone. `${bronze_database}`,
   * `${silver_database}` and `${gold_database}` are replaced with the names of the databases
   * @param field the name of the column in that table
   * @param options the name, table, severity and maximum share of the rule
   * @exampleMetadata fixture=lake
   * @example
   * const rule = DataRule.relationship('zip_code', '${bronze_database}.zipcodes', 'zip_code');
   */
  public static relationship(column: string, to: string, field: string, options: DataRuleOptions = {}): DataRule {
    return new DataRule(options, { relationships: { column, to, field } });
  }

  /** @internal */
  public readonly _rule: DataRuleDocument;

  private constructor(options: DataRuleOptions, kind: DataRuleDocument) {
    this._rule = { ...datasetSchema().documentKeys(options), ...kind };
  }
}
