import { DataRule } from './dataset-document.generated';

/** The kinds of rules. Each rule has exactly one of these keys. */
export const RULE_KINDS = ['condition', 'not_null', 'unique', 'accepted_values', 'relationships'] as const;

export type RuleKind = typeof RULE_KINDS[number];

/** The maximum length of a name, as in the schema. */
const MAX_NAME_LENGTH = 255;

/** The kind of a valid rule. */
export function ruleKind(rule: DataRule): RuleKind {
  return RULE_KINDS.find(kind => rule[kind] !== undefined) ?? 'condition';
}

/**
 * The name of a rule. If the rule has no `name`, its name is derived from the kind and the columns, so that all runs
 * use the same name.
 */
export function ruleName({ name, ...rule }: DataRule): string {
  const { condition = '', not_null: notNull, accepted_values: accepted, relationships } = rule;
  const parts = {
    condition: () => condition.replace(/\s+/g, ' ').trim(),
    not_null: () => `not_null_${notNull}`,
    unique: () => ['unique', ...uniqueColumns(rule)].join('_'),
    accepted_values: () => `accepted_values_${accepted?.column}`,
    relationships: () =>
      `relationships_${relationships?.column}_${relationships?.to.split('.').pop()}_${relationships?.field}`,
  };
  return name ?? parts[ruleKind(rule)]().slice(0, MAX_NAME_LENGTH);
}

/**
 * The condition of a rule as readable text. It equals the condition in the run record, which `_rule_of_kind` of
 * etl_runtime/publish/rules.py creates.
 */
export function ruleCondition(rule: DataRule): string {
  const { condition = '', not_null: notNull, accepted_values: accepted, relationships } = rule;
  return {
    condition: () => condition.trim(),
    not_null: () => `${notNull} IS NOT NULL`,
    unique: () => `${uniqueColumns(rule).join(', ')} IS UNIQUE`,
    accepted_values: () => `${accepted?.column} IN (${accepted?.values.map(value => `'${value}'`).join(', ')})`,
    relationships: () => `${relationships?.column} REFERENCES ${relationships?.to} (${relationships?.field})`,
  }[ruleKind(rule)]();
}

/** The columns of a rule of the kind unique. */
export function uniqueColumns({ unique = [] }: DataRule): string[] {
  return [unique].flat();
}
