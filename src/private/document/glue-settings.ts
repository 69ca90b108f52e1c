import { Construct } from 'constructs';
import { ConfigDocument } from './config-document.generated';
import { DocumentSchema } from './document-schema';
import { EtlCorePrefixes } from '../../etl-core-props';
import { Problem } from '../errors/problem';
import { synthError } from '../errors/synth-error';

let schema: DocumentSchema | undefined;

/** What describes the core of a lake. */
export function configSchema(): DocumentSchema {
  return schema ??= new DocumentSchema('config.schema.json');
}

/** Fails on the first thing in a core's Glue settings that is not allowed. Values only known at deployment pass. */
export function checkGlueSettings(scope: Construct, props: EtlCorePrefixes): void {
  const document = glueSettings(props);
  for (const { code, key, found, remedy } of [...configSchema().problems(document), ...configRuleProblems(document)]) {
    throw synthError(scope, code, `${key} ${found}.`, remedy);
  }
}

/** What the schema of a core's document allows and what makes no sense. */
export function* configRuleProblems({ glue_defaults: defaults }: ConfigDocument): Generator<Problem> {
  const taken = Object.keys(defaults?.default_arguments ?? {}).find(name => OURS.includes(name));
  if (taken !== undefined) {
    yield {
      code: 'ARGUMENT_RESERVED',
      key: 'glue_defaults.default_arguments',
      found: `has ${taken}, which the library sets for each job`,
      remedy: 'Remove it.',
    };
  }
}

const OURS = [
  '--JOB_NAME',
  '--dataset_config',
  '--names',
  '--run_options',
  '--extra-py-files',
  '--TempDir',
  '--custom-logGroup-prefix',
];

/** The prefixes have rules of their own, in LakeNames. */
function glueSettings({ glueDefaults, glueWorkerConfigs }: EtlCorePrefixes): ConfigDocument {
  return configSchema().inOrder({
    etl_resource_prefix: 'pp-dw',
    glue_defaults: glueDefaults && {
      version: glueDefaults.version,
      timeout_minutes: glueDefaults.timeout?.toMinutes(),
      max_retries: glueDefaults.maxRetries,
      default_arguments: glueDefaults.defaultArguments,
    },
    glue_worker_configs:
      glueWorkerConfigs
      && Object.fromEntries(
        Object.entries(glueWorkerConfigs).map(([size, config]) => [
          size,
          {
            worker_type: config.workerType,
            number_of_workers: config.numberOfWorkers,
            timeout_minutes: config.timeout?.toMinutes(),
          },
        ]),
      ),
  });
}
