import { DataRule } from '../private/document/dataset-document.generated';
import { ruleKind, ruleName, uniqueColumns } from '../private/document/rule-text';

/** A table with rules. If the dataset has a history, `isCurrent` is the column that marks the current versions. */
export interface RuledTable {
  readonly rules: DataRule[];
  readonly isCurrent?: string;
}

/**
 * Converts the rules of a table to a ruleset of AWS Glue Data Quality. A comment above each rule contains its name.
 *
 * The rules follow the grammar: https://github.com/awslabs/dqdl
 */
export function dqdlOf({ rules, isCurrent }: RuledTable): string {
  const lines = rules.map((rule, index) => [
    `    # ${ruleName(rule)}${rule.severity === 'warn' ? ' (warn)' : ''}`,
    `    ${dqdlRule(rule, isCurrent)}${index < rules.length - 1 ? ',' : ''}`,
  ]);
  return ['Rules = [', ...lines.flat(), ']'].join('\n');
}

function dqdlRule(rule: DataRule, isCurrent?: string): string {
  const { condition = '', max_share: maxShare = 0, not_null: notNull = '', accepted_values: accepted } = rule;
  // Rounded: 1 - 0.07 must be 0.93 instead of 0.9299999999999999.
  const share = Number((1 - maxShare).toFixed(12));
  const where = isCurrent === undefined ? '' : ` where ${quoted(`${identifier(isCurrent)}`)}`;
  const custom = (satisfied: string) => customSql(satisfied, share, isCurrent);
  switch (ruleKind(rule)) {
    case 'not_null':
      return maxShare === 0
        ? `IsComplete ${quoted(notNull)}${where}`
        : `Completeness ${quoted(notNull)} >= ${decimal(share)}${where}`;
    case 'unique': {
      const [column, ...others] = uniqueColumns(rule);
      if (others.length > 0 || isCurrent !== undefined) {
        return uniqueSql(uniqueColumns(rule), share, isCurrent);
      }
      return maxShare === 0 ? `IsUnique ${quoted(column)}` : `Uniqueness ${quoted(column)} >= ${decimal(share)}`;
    }
    case 'accepted_values': {
      const { column, values } = accepted!;
      const isNumeric = values.every(value => typeof value === 'number');
      if (isCurrent !== undefined || (!isNumeric && !values.every(isPlainText))) {
        return custom(`${identifier(column)} IN (${values.map(literal).join(', ')})`);
      }
      const list = values.map(value => isNumeric ? plainNumber(value as number) : quoted(String(value)));
      // Without NULL in the list, a null would violate the rule.
      return `ColumnValues ${quoted(column)} in [ ${[...list, 'NULL'].join(', ')} ]`
        + (maxShare === 0 ? '' : ` with threshold >= ${decimal(share)}`);
    }
    case 'relationships': {
      const { column, to, field } = rule.relationships!;
      if (isCurrent !== undefined) {
        return custom(`${identifier(column)} IN (SELECT ${identifier(field)} FROM ${to})`);
      }
      const reference = `${to.split('.').pop()}.${field}`;
      return `ReferentialIntegrity ${quoted(column)} ${quoted(reference)} >= ${decimal(share)}`;
    }
    default:
      // If the condition ends with a SQL comment, the line break ends this comment.
      return custom(condition.includes('--') ? `${condition}\n` : condition.trim());
  }
}

/**
 * A rule for the share of rows that satisfy a condition. As in a run, rows for which the condition is null satisfy it,
 * and an empty table satisfies the rule.
 */
function customSql(satisfied: string, share: number, isCurrent?: string): string {
  const sql = `SELECT coalesce(avg(CASE WHEN NOT (${satisfied}) THEN 0.0 ELSE 1.0 END), 1.0) FROM primary`;
  return `CustomSql ${quoted(sql + ofCurrent(isCurrent))} >= ${decimal(share)}`;
}

function uniqueSql(columns: string[], share: number, isCurrent?: string): string {
  const key = columns.map(identifier).join(', ');
  const hasKey = [...columns, ...isCurrent === undefined ? [] : [isCurrent]].map((column, index) =>
    index < columns.length ? `${identifier(column)} IS NOT NULL` : identifier(column)).join(' AND ');
  const repeated = `SELECT sum(n) FROM (SELECT count(*) AS n FROM primary WHERE ${hasKey} GROUP BY ${key} HAVING `
    + 'count(*) > 1)';
  return `CustomSql ${quoted(`SELECT coalesce(1.0 - (${repeated}) / count(*), 1.0) FROM primary${
    ofCurrent(isCurrent)}`)} >= ${decimal(share)}`;
}

function ofCurrent(isCurrent?: string): string {
  return isCurrent === undefined ? '' : ` WHERE ${identifier(isCurrent)}`;
}

/** A quoted string in DQDL. Quotes and backslashes are escaped with a backslash. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** A name in Spark SQL. Names with special characters are quoted. */
function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `\`${name.replace(/`/g, '``')}\``;
}

/** A value in Spark SQL. */
function literal(value: string | number | boolean): string {
  return typeof value === 'string' ? `'${value.replace(/[\\']/g, '\\$&')}'` : String(value);
}

/** Whether DQDL interprets a quoted value as text, and not as a date or a time. False for values with line breaks. */
function isPlainText(value: string | number | boolean): boolean {
  return !/^\d{4}-\d\d-\d\d$|^\d{1,2}:\d\d( [AP]M)?$|^$|[\r\n]/.test(String(value));
}

/** A number in DQDL, which does not support exponents. */
function plainNumber(value: number): string {
  return value.toLocaleString('en', { useGrouping: false, maximumFractionDigits: 20 });
}

/** A share in DQDL, which always has a decimal point. */
function decimal(share: number): string {
  return share.toLocaleString('en', { useGrouping: false, minimumFractionDigits: 1, maximumFractionDigits: 12 });
}
