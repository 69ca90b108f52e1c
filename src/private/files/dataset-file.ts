import * as path from 'path';
import { Token } from 'aws-cdk-lib';
import { ConfigFile } from './config-file';
import { CONFIG } from './config-files';
import { readScript, withLayerOfScript } from './dataset-script';
import { FileProblem } from './file-problem';
import { Layer } from '../../layer';
import { tableKeys } from '../../naming';
import { commonProblems, correctedDocuments } from '../document/corrected-documents';
import { DatasetDocument } from '../document/dataset-document.generated';
import { layerOf, ruleProblems } from '../document/dataset-rules';
import { datasetSchema } from '../document/dataset-schema';
import { tablesOf } from '../document/dataset-tables';
import { Problem } from '../errors/problem';
import { JobScript } from '../scripts/script-bundle';
import { readSourceFiles, SourceFile } from '../scripts/source-files';

/** A dataset that is defined in a file. */
export interface DatasetFile {
  readonly config: ConfigFile;
  /** For example `bronze/zipcodes`. */
  readonly name: string;
  readonly layer: Layer;
  /** The document of the file. If it violates the schema, valid values replace the invalid ones. */
  readonly document: DatasetDocument;
  readonly script: JobScript;
  readonly sourceFiles: SourceFile[];
  /** The datasets that it reads, for example `bronze/zipcodes`. */
  readonly inputs: string[];
  /** The problems of the file itself, excluding those that involve other files. */
  readonly problems: FileProblem[];
}

/**
 * The dataset of a file. Undefined if the syntax of the file or the name of the dataset is invalid.
 *
 * @param folder the folder of the lake
 */
export function readDataset(config: ConfigFile, folder: string): { dataset?: DatasetFile; problems: FileProblem[] } {
  const schema = datasetSchema();
  if (config.document === undefined) {
    return { problems: config.problems };
  }
  const violations = schema.violations(config.document);
  const [first, ...others] = correctedDocuments(schema, config.document, violations).map(document =>
    withLayerOfScript(document as DatasetDocument, path.dirname(config.file)));
  const found = commonProblems([first, ...others], document => settingProblems(document, config.file, folder));
  const problems = [...config.problems, ...[...violations, ...found].map(problem => config.locate(problem))];
  if (violations.some(({ path: [key] }) => key === 'dataset')) {
    return { problems };
  }
  const layer = layerOf(first);
  return {
    dataset: {
      config,
      name: `${layer}/${first.dataset}`,
      layer,
      document: first,
      script: readScript(path.dirname(config.file), layer, first).script,
      sourceFiles: sourceFilesOf(first, config.file, folder).files,
      inputs: first.source_datasets ?? [],
      problems,
    },
    problems,
  };
}

/** The problems of a document that conforms to its schema, including the problems of its script and source files. */
function settingProblems(document: DatasetDocument, file: string, folder: string): Problem[] {
  const script = readScript(path.dirname(file), layerOf(document), document);
  const tables = tableKeys(document.dataset, tablesOf(document));
  return [
    ...ruleProblems(document, tables, script.script.isCustom),
    ...script.problems,
    // A token in a file is a problem of its own.
    ...[document.source_url].flat().some(url => Token.isUnresolved(url))
      ? []
      : sourceFilesOf(document, file, folder).problems,
  ];
}

function sourceFilesOf({ source_url: source = [] }: DatasetDocument, file: string, folder: string) {
  return readSourceFiles(source, {
    folder: path.dirname(file),
    // A file that is not part of the app does not exist on other machines, and may be private.
    within: [folder, process.cwd()],
    remedy: `Paths are relative to the folder of ${CONFIG}. A URL starts with https://, http:// or s3://.`,
  });
}
