import * as path from 'path';
import { Duration } from 'aws-cdk-lib';
import { GlueDefaults } from './glue-defaults';
import { GlueVersion } from './glue-version';
import { GlueWorkerConfig, WorkerType } from './glue-worker-config';
import { ConfigDocument } from './private/document/config-document.generated';
import { configRuleProblems, configSchema } from './private/document/glue-settings';
import { JsonFile, problemsError, relativePath } from './private/files/json-file';
import { knownKeys } from './private/files/known-keys';

/**
 * The configuration of a core from a `config.json` file. It has properties of `EtlCore` and `EtlCore.fromPrefixes`.
 *
 * The JSON Schema `glue-templates/config.schema.json` in the package describes the file. Name it as `$schema` in the
 * file, and your editor completes and checks the keys.
 *
 * @exampleMetadata fixture=lake
 * @example
 * const config = EtlConfig.fromFile('lake/config.json');
 *
 * new EtlCore(new Stack(app, 'Lake'), 'Core', {
 *   resourcePrefix: config.resourcePrefix,
 *   databasePrefix: config.databasePrefix,
 *   glueDefaults: config.glueDefaults,
 *   glueWorkerConfigs: config.glueWorkerConfigs,
 *   alerts: { emails: ['on-call@example.org'] },
 * });
 */
export class EtlConfig {
  /**
   * Reads a configuration file.
   *
   * Fails with all problems in the file at once, each with its error code, line, column, JSON pointer and what to do.
   *
   * @param file the path of the file, relative to the folder where you run `cdk synth`, such as `lake/config.json`
   * @exampleMetadata fixture=lake
   * @example
   * const config = EtlConfig.fromFile('lake/config.json');
   */
  public static fromFile(file: string): EtlConfig {
    const json = new JsonFile(relativePath(path.resolve(file)));
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

  /** The prefix of all names of the lake, in kebab-case. */
  public readonly resourcePrefix: string;
  /** The prefix of the databases, in snake_case. Undefined if the file does not set it. */
  public readonly databasePrefix?: string;
  /** The default settings of all jobs. Undefined if the file does not set them. */
  public readonly glueDefaults?: GlueDefaults;
  /** Worker settings by size, which override the built-in ones. Undefined if the file does not set them. */
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
