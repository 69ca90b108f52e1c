import { DocumentSchema } from './document-schema';
import { PipelineDocument } from './pipeline-document.generated';
import { scheduleProblems } from './schedule-rules';
import { reservedPipelineName } from '../../naming';
import { Problem } from '../errors/problem';

let schema: DocumentSchema | undefined;

/** The schema of pipelines. */
export function pipelineSchema(): DocumentSchema {
  return schema ??= new DocumentSchema('pipeline.schema.json');
}

/** Problems of a pipeline that its schema cannot express. */
export function* pipelineRuleProblems(document: PipelineDocument): Generator<Problem> {
  const reserved = reservedPipelineName(document.pipeline);
  if (reserved) {
    yield { code: 'NAME_TAKEN', key: 'pipeline', ...reserved };
  }
  yield* scheduleProblems(document);
}
