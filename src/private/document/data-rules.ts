import { Token } from 'aws-cdk-lib';
import { forEachTables } from './api-endpoints';
import { DataRule, DatasetDocument } from './dataset-document.generated';
import { RULE_KINDS, RuleKind, ruleName } from './rule-text';
import { Problem } from '../errors/problem';
import { didYouMean } from '../errors/suggestion';

/** Problems of the rules in `data_quality.rules` that the schema cannot detect. */
export function* dataRuleProblems(document: DatasetDocument, tables: string[]): Generator<Problem> {
  const { rules = [], max_churn: maxChurn } = document.data_quality ?? {};
  if (maxChurn !== undefined && document.history === undefined) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key: 'data_quality.max_churn',
      found: 'is set, but the dataset has no history',
      remedy: 'Remove it: only a history has versions.',
    };
  }
  const keys = new Map<string, string>();
  for (const [index, rule] of rules.entries()) {
    const key = `data_quality.rules[${index}]`;
    const kinds = RULE_KINDS.filter(kind => rule[kind] !== undefined);
    if (kinds.length !== 1) {
      yield kindProblem(key, kinds);
      continue;
    }
    yield* ruleTableProblems(key, rule, tables);
    yield* relationshipProblems(key, rule, document);
    const name = ruleName(rule);
    const id = JSON.stringify([rule.table ?? tables[0], name]);
    const other = keys.get(id);
    if (other !== undefined && !Token.isUnresolved(name)) {
      yield {
        code: 'DUPLICATE_VALUE',
        key: rule.name === undefined ? key : `${key}.name`,
        found: `${rule.name === undefined ? 'has the name' : 'is'} "${name}", which is also the name of ${other}`,
        remedy: 'Remove one of the rules, or set different names.',
      };
    }
    keys.set(id, key);
  }
}

function kindProblem(key: string, kinds: RuleKind[]): Problem {
  return kinds.length === 0
    ? {
      code: 'SETTING_REQUIRED',
      key,
      found: 'has no condition',
      remedy: `Set one of ${RULE_KINDS.join(', ')}, for example "condition": "length(state) = 2".`,
    }
    : {
      code: 'SETTINGS_CONFLICT',
      key,
      found: `has both ${kinds[0]} and ${kinds[1]}`,
      remedy: 'Write one rule for each.',
    };
}

function* ruleTableProblems(key: string, { table }: DataRule, tables: string[]): Generator<Problem> {
  if (table === undefined && tables.length > 1) {
    yield {
      code: 'SETTING_REQUIRED',
      key,
      found: `has no table, but the dataset has the tables ${tables.join(', ')}`,
      remedy: `Add "table": "${tables[0]}".`,
    };
  } else if (table !== undefined && Token.isUnresolved(table)) {
    yield {
      code: 'TOKEN_NOT_ALLOWED',
      key: `${key}.table`,
      found: 'is only known at deployment',
      remedy: 'Tables are named at synth: write the name in the code.',
    };
  } else if (table !== undefined && !tables.includes(table)) {
    yield {
      code: 'UNKNOWN_TABLE',
      key: `${key}.table`,
      found: `is "${table}", which is not a table of the dataset`,
      remedy: `${didYouMean(table, tables)}Tables of the dataset: ${tables.join(', ')}.`,
    };
  }
}

function* relationshipProblems(
  key: string, { relationships }: DataRule, document: DatasetDocument,
): Generator<Problem> {
  if (relationships === undefined) {
    return;
  }
  if (Token.isUnresolved(relationships.to)) {
    yield {
      code: 'TOKEN_NOT_ALLOWED',
      key: `${key}.relationships.to`,
      found: 'is only known at deployment',
      remedy: 'Tables are named at synth: write the name in the code.',
    };
  } else if ((document.source_datasets ?? []).length === 0 && forEachTables(document).length === 0) {
    yield {
      code: 'SETTING_NOT_APPLICABLE',
      key: `${key}.relationships`,
      found: 'is set, but the dataset has no inputs',
      remedy: 'Remove it, or check the relationship in a silver or gold dataset that has both tables as inputs.',
    };
  }
}

/**
 * Adds the name of each rule, and the database of each table that a relationship refers to. The job and other tools
 * need these values in the document.
 *
 * @param databases the databases of the inputs. If there are several, the job determines the database of each table.
 */
export function withCompleteRules(document: DatasetDocument, databases: string[]): DatasetDocument {
  const { data_quality: quality } = document;
  const [database, ...others] = new Set(databases);
  const withDatabase = (table: string) =>
    table.includes('.') || database === undefined || others.length > 0 ? table : `${database}.${table}`;
  return quality?.rules === undefined ? document : {
    ...document,
    data_quality: {
      ...quality,
      rules: quality.rules.map(rule => ({
        name: ruleName(rule),
        ...rule,
        ...rule.relationships && {
          relationships: { ...rule.relationships, to: withDatabase(rule.relationships.to) },
        },
      })),
    },
  };
}
