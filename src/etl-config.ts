import * as path from 'path';
import { Duration } from 'aws-cdk-lib';
import { GlueDefaults } from './glue-defaults';
import { GlueVersion } from './glue-version';
import { GlueWorkerConfig, WorkerType } from './glue-worker-config';
import { ConfigDocument } from './private/document/config-document.generated';
import { configRuleProblems, configSchema } from './private/document/glue-settings';
import { JsonFile, problemsError, shown } from './private/files/json-file';
import { knownKeys } from './private/files/known-keys';

/**
 * What the datasets of a lake have in common, from a `config.json`. Its properties are those that `EtlCore` and
 * `EtlCore.fromPrefixes` take.
 *
 * `glue-templates/config.schema.json` in the package describes the file; name it as `$schema` there, and editors
 * complete it.
 */
export class EtlConfig {
  /**
   * Reads the file.
   *
   * Fails with all that is wrong in it, each with its line, its JSON pointer and what to do.
   *
   * @param file from the folder where `cdk synth` runs, for example `lake/config.json`
   */
  public static fromFile(file: string): EtlConfig {
    const json = new JsonFile(shown(path.resolve(file)));
    const { document, problems, warnings } = knownKeys(json, configSchema());
    const found = json.problems.length > 0 ? [] : [
      ...configSchema().problems(document), ...configRuleProblems(document as unknown as ConfigDocument),
    ].map(problem => json.locate(problem));
    if (json.problems.length + problems.length + found.length > 0) {
      throw problemsError([...json.problems, ...problems, ...found]);
    }
    warnings.forEach(warning => process.emitWarning(warning, 'EtlConfig'));
    return new EtlConfig(document as unknown as ConfigDocument);
  }

  /** The prefix of every name of the lake. */
  public readonly resourcePrefix: string;
  /** The prefix of the databases, if it is another than the first in snake_case. */
  public readonly databasePrefix?: string;
  /** What every job gets, unless its dataset says otherwise. */
  public readonly glueDefaults?: GlueDefaults;
  /** Workers and timeouts in place of those of the table of sizes, by the size. */
  public readonly glueWorkerConfigs?: { [size: string]: GlueWorkerConfig };

  private constructor(document: ConfigDocument) {
    const { glue_defaults: defaults, glue_worker_configs: configs } = document;
    this.resourcePrefix = document.etl_resource_prefix;
    this.databasePrefix = document.database_prefix;
    this.glueDefaults = defaults && {
      version: defaults.version as GlueVersion | undefined,
      timeout: minutes(defaults.timeout_minutes),
      maxRetries: defaults.max_retries,
      defaultArguments: defaults.default_arguments,
    };
    this.glueWorkerConfigs = configs && Object.fromEntries(Object.entries(configs).map(([size, config]) => [size, {
      workerType: config.worker_type as WorkerType | undefined,
      numberOfWorkers: config.number_of_workers,
      timeout: minutes(config.timeout_minutes),
    }]));
  }
}

function minutes(number?: number): Duration | undefined {
  return number === undefined ? undefined : Duration.minutes(number);
}
