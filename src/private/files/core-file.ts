import { ConfigFile } from './config-file';
import { FileProblem } from './file-problem';
import { ConfigDocument } from '../document/config-document.generated';
import { commonProblems, correctedDocuments } from '../document/corrected-documents';
import { configRuleProblems, configSchema } from '../document/glue-settings';

/** The file that configures the core of a lake. */
export interface CoreFile {
  readonly config: ConfigFile;
  /** The document of the file. Undefined if it has problems. */
  readonly document?: ConfigDocument;
  /** The prefix, if it is valid. */
  readonly prefix?: string;
  readonly problems: FileProblem[];
}

/** @param file the path of the file, relative to the folder where cdk runs */
export function readCoreFile(file: string): CoreFile {
  const schema = configSchema();
  const config = ConfigFile.read(file, schema);
  if (config.document === undefined) {
    return { config, problems: config.problems };
  }
  const violations = schema.violations(config.document);
  const documents = correctedDocuments(schema, config.document, violations) as ConfigDocument[];
  const found = commonProblems(documents, document => [...configRuleProblems(document)]);
  const problems = [...config.problems, ...[...violations, ...found].map(problem => config.locate(problem))];
  const hasPrefix = typeof config.document.etl_resource_prefix === 'string'
    && ![...violations, ...found].some(({ key }) => key === 'etl_resource_prefix');
  return {
    config,
    document: problems.length === 0 ? documents[0] : undefined,
    prefix: hasPrefix ? documents[0].etl_resource_prefix : undefined,
    problems,
  };
}
