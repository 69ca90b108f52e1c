import { ConfigFile } from './config-file';
import { DatasetNameIndex } from './dataset-names';
import { Edit } from './edit';
import { FileProblem } from './file-problem';
import { didYouMean } from '../errors/suggestion';

/** A key with a list of datasets. */
interface DatasetList {
  readonly key: 'source_datasets' | 'datasets';
  readonly unknown: 'UNKNOWN_INPUT' | 'UNKNOWN_DATASET';
  /** The reason for adding a missing layer to a name, and whether this change is reported as a warning. */
  readonly missingLayer: Pick<Edit, 'reason' | 'severity'>;
  /** Whether `*` stands for any characters. */
  readonly hasPatterns: boolean;
}

const INPUTS: DatasetList = {
  key: 'source_datasets',
  unknown: 'UNKNOWN_INPUT',
  missingLayer: { reason: 'The name of an input includes its layer.', severity: 'none' },
  hasPatterns: false,
};

const DATASETS: DatasetList = {
  key: 'datasets',
  unknown: 'UNKNOWN_DATASET',
  missingLayer: { reason: 'The name of a dataset includes its layer.', severity: 'warning' },
  hasPatterns: true,
};

/** A file after its list of datasets has been resolved, and the problems with the names in the list. */
interface Resolved {
  readonly config: ConfigFile;
  readonly problems: FileProblem[];
}

/** Adds missing layers to the names of a dataset's inputs, and reports the inputs that do not exist. */
export function resolveInputs(config: ConfigFile, names: DatasetNameIndex): Resolved {
  return resolve(config, names, INPUTS);
}

/**
 * Adds missing layers to the names of a pipeline's datasets, and reports the names and patterns that match no dataset.
 */
export function resolveDatasets(config: ConfigFile, names: DatasetNameIndex): Resolved {
  return resolve(config, names, DATASETS);
}

/** The dataset names in the list `key`. Values that are not strings are included: the schema check reports them. */
export function referencesOf({ document }: ConfigFile, key: DatasetList['key']): unknown[] {
  const references = document?.[key];
  return Array.isArray(references) ? references : [];
}

export function isPattern(reference: string): boolean {
  return reference.includes('*');
}

function resolve(config: ConfigFile, names: DatasetNameIndex, list: DatasetList): Resolved {
  const edits: Edit[] = [];
  const problems: FileProblem[] = [];
  const others = names.except(config);
  const resolved = referencesOf(config, list.key).map((reference, index) => {
    if (typeof reference !== 'string' || names.all.includes(reference)) {
      return reference;
    }
    const key = `${list.key}[${index}]`;
    const edit = (newValue: string): string => {
      const where = config.pathOf(key);
      edits.push({
        path: where,
        target: 'value',
        oldValue: reference,
        newValue: where.length === 1 ? [newValue] : newValue,
        ...list.missingLayer,
      });
      return newValue;
    };
    if (list.hasPatterns && isPattern(reference)) {
      const pattern = reference.includes('/') ? reference : `*/${reference}`;
      if (names.matching(pattern).length > 0) {
        return pattern === reference ? reference : edit(pattern);
      }
      problems.push(config.locate({
        code: list.unknown,
        key,
        found: `is "${reference}", which matches no dataset in this directory`,
        remedy: 'Correct it, or remove it.',
      }));
      return reference;
    }
    const sameName = reference.includes('/') ? [] : names.named(reference, config);
    if (sameName.length === 1) {
      // With several names, the layer is unknown, because the file of the dataset is invalid.
      return sameName[0].length > 1 ? sameName[0][0] : edit(sameName[0][0]);
    }
    problems.push(
      config.locate({
        code: list.unknown,
        key,
        found: sameName.length > 1
          ? `is "${reference}", the name of several datasets`
          : `is "${reference}", which is not a dataset in this directory`,
        remedy: sameName.length > 1
          ? `Did you mean ${[...new Set(sameName.flat())].map(name => `"${name}"`).join(' or ')}?`
          : `${didYouMean(reference, others, true)}Correct it. If another app deploys it, add it to otherDatasets of `
            + 'the DatasetDirectory.',
      }),
    );
    return reference;
  });
  return { config: resolved.length > 0 ? config.withValue(list.key, resolved, edits) : config, problems };
}
