import { ConfigFile } from './config-file';
import { DatasetNameIndex, datasetOf } from './dataset-names';
import { referencesOf } from './dataset-references';
import { FileProblem } from './file-problem';
import { Input } from './table-inputs';
import { pathTo } from '../definition/dataset-graph';

/**
 * Reports datasets that have the same name, and datasets that depend on themselves.
 *
 * @param tables for each file, the datasets whose tables the file reads
 */
export function graphProblems(
  configs: ConfigFile[], names: DatasetNameIndex, tables: ReadonlyMap<ConfigFile, Input[]>,
): FileProblem[] {
  const named = configs.flatMap(config => {
    const name = names.nameOf(config);
    return name === undefined ? [] : [{ config, name }];
  });
  const allInputs = (config: ConfigFile): Input[] => [
    ...referencesOf(config, 'source_datasets')
      .map((input, index) => ({ key: `source_datasets[${index}]`, dataset: String(input) })),
    ...tables.get(config) ?? [],
  ];
  const graph = new Map(named.map(({ config, name }) => [name, allInputs(config).map(({ dataset }) => dataset)]));
  return named.flatMap(({ config, name }, index) => {
    const problems: FileProblem[] = [];
    const first = named.slice(0, index).find(other => other.name === name);
    if (first) {
      problems.push(
        config.locate({
          code: 'NAME_TAKEN',
          key: 'dataset',
          found: `is "${datasetOf(name)}", which ${first.config.file} also uses`,
          remedy: 'Rename one of them.',
        }),
      );
    }
    const cycle = pathTo(name, name, graph);
    if (cycle) {
      problems.push(
        config.locate({
          code: 'INPUTS_CYCLE',
          key: allInputs(config).find(({ dataset }) => dataset === cycle[0])!.key,
          found: `forms a cycle: ${[name, ...cycle].join(' ← ')}`,
          remedy: 'A dataset cannot depend on itself: remove one of these inputs.',
        }),
      );
    }
    return problems;
  });
}
