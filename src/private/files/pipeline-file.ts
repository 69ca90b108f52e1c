import * as path from 'path';
import { ConfigFile } from './config-file';
import { DatasetNameIndex } from './dataset-names';
import { isPattern, referencesOf } from './dataset-references';
import { FileProblem } from './file-problem';
import { commonProblems, correctedDocuments } from '../document/corrected-documents';
import { Violation } from '../document/document-schema';
import { PipelineDocument } from '../document/pipeline-document.generated';
import { pipelineRuleProblems, pipelineSchema } from '../document/pipeline-rules';
import { Problem } from '../errors/problem';

/** A pipeline that is defined in a file. */
export interface PipelineFile {
  readonly config: ConfigFile;
  readonly name: string;
  /** The document of the file. If it violates the schema, valid values replace the invalid ones. */
  readonly document: PipelineDocument;
  /** The known datasets that the file lists by name or by pattern, such as `bronze/zipcodes`. */
  readonly datasets: string[];
  /** The problems of the file itself, excluding those that involve other files. */
  readonly problems: FileProblem[];
}

/**
 * The pipeline in a file. Undefined if the syntax of the file or the name of the pipeline is invalid.
 *
 * @param names the datasets of the lake
 */
export function readPipeline(
  config: ConfigFile, names: DatasetNameIndex,
): { pipeline?: PipelineFile; problems: FileProblem[] } {
  const schema = pipelineSchema();
  if (config.document === undefined) {
    return { problems: config.problems };
  }
  const violations = schema.violations(config.document);
  const documents = correctedDocuments(schema, config.document, violations) as PipelineDocument[];
  const found = commonProblems(documents, document => [...nameProblems(document), ...pipelineRuleProblems(document)]);
  const problems = [
    ...config.problems,
    ...violations.map(violation => config.locate(withFileName(violation, config.file))),
    ...found.map(problem => config.locate(problem)),
  ];
  const hasInvalidName = violations.some(({ path: [key] }) => key === 'pipeline')
    || found.some(({ key }) => key === 'pipeline');
  const [document] = documents;
  return {
    pipeline: hasInvalidName ? undefined : {
      config,
      name: document.pipeline,
      document,
      datasets: listedDatasets(config, names),
      problems,
    },
    problems,
  };
}

/** Pipelines with the same name. */
export function samePipelines(pipelines: PipelineFile[]): FileProblem[] {
  return pipelines.flatMap(({ config, name }, index) => {
    const first = pipelines.slice(0, index).find(other => other.name === name);
    return first === undefined ? [] : [config.locate({
      code: 'NAME_TAKEN',
      key: 'pipeline',
      found: `is "${name}", which ${first.config.file} also uses`,
      remedy: 'Rename one of them.',
    })];
  });
}

/** The name of a pipeline is part of the name of its stack. */
function* nameProblems({ pipeline }: PipelineDocument): Generator<Problem> {
  if (pipeline === 'core') {
    yield {
      code: 'NAME_TAKEN',
      key: 'pipeline',
      found: 'is "core", the name of the stack of the core',
      remedy: 'Use another name.',
    };
  }
}

/** The problem for a violation. If the name of the pipeline is missing, the remedy suggests the name of the file. */
function withFileName(violation: Violation, file: string): Problem {
  const name = path.basename(file, '.json').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^[-0-9]+|-+$/g, '');
  return violation.isMissing && violation.path.join() === 'pipeline'
    ? { ...violation, remedy: `Set pipeline, for example to the name of the file: "pipeline": "${name || 'daily'}".` }
    : violation;
}

function listedDatasets(config: ConfigFile, names: DatasetNameIndex): string[] {
  const listed = referencesOf(config, 'datasets').filter(each => typeof each === 'string');
  return [...new Set(listed.flatMap(each =>
    isPattern(each) ? names.matching(each) : names.all.includes(each) ? [each] : []))];
}
