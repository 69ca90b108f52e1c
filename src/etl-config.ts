import * as path from 'path';
import { Duration } from 'aws-cdk-lib';
import { GlueDefaults } from './glue-defaults';
import { GlueVersion } from './glue-version';
import { GlueWorkerConfig, WorkerType } from './glue-worker-config';
import { LakeRetention } from './lake-retention';
import { ConfigDocument } from './private/document/config-document.generated';
import { readCoreFile } from './private/files/core-file';
import { problemsError } from './private/files/file-problem';
import { relativePath } from './private/files/json-file';
import { TableFormat } from './table-format';

/**
 * The configuration of a core from a `config.json` file. You can pass its properties to `EtlCore` and
 * `EtlCore.fromPrefixes`.
 *
 * The JSON Schema `glue-templates/config.schema.json` in the package describes the file. Refer to it with `$schema` in
 * the file, so that your editor completes and checks the keys.
 *
 * @exampleMetadata fixture=lake
 * @example
 * const config = EtlConfig.fromFile('lake/config.json');
 *
 * new EtlCore(new Stack(app, 'Lake'), 'Core', {
 *   resourcePrefix: config.resourcePrefix,
 *   databasePrefix: config.databasePrefix,
 *   tableFormat: config.tableFormat,
 *   lineage: config.lineage,
 *   lakeFormation: config.lakeFormation,
 *   retention: config.retention,
 *   maxDpuHoursPerMonth: config.maxDpuHoursPerMonth,
 *   glueDefaults: config.glueDefaults,
 *   glueWorkerConfigs: config.glueWorkerConfigs,
 *   alerts: { emails: ['on-call@example.org'] },
 * });
 */
export class EtlConfig {
  /**
   * Reads a configuration file.
   *
   * Reports all problems in the file at once, each with its error code, line, column and JSON pointer, and how to fix
   * it.
   *
   * @param file the path of the file, relative to the folder where you run `cdk synth`, such as `lake/config.json`
   * @exampleMetadata fixture=lake
   * @example
   * const config = EtlConfig.fromFile('lake/config.json');
   */
  public static fromFile(file: string): EtlConfig {
    const { config, document, problems } = readCoreFile(relativePath(path.resolve(file)));
    if (document === undefined) {
      throw problemsError(problems, config.warnings);
    }
    config.warnings.forEach(warning => process.emitWarning(warning, 'EtlConfig'));
    return new EtlConfig(document);
  }

  /** @internal */
  public static _fromDocument(document: object): EtlConfig {
    return new EtlConfig(document as ConfigDocument);
  }

  /** The prefix of all names of the lake, in kebab-case. */
  public readonly resourcePrefix: string;
  /** The prefix of the databases, in snake_case. Undefined if the file does not set it. */
  public readonly databasePrefix?: string;
  /** The default format of the tables. Undefined if the file does not set it. */
  public readonly tableFormat?: TableFormat;
  /** Whether each run writes OpenLineage events. Undefined if the file does not set it. */
  public readonly lineage?: boolean;
  /** Whether AWS Lake Formation controls access to the tables. Undefined if the file does not set it. */
  public readonly lakeFormation?: boolean;
  /** How long to keep snapshots of Iceberg tables. Undefined if the file does not set it. */
  public readonly retention?: LakeRetention;
  /**
   * The DPU-hours that the lake can use per calendar month before an alarm is raised. Undefined if the file does not
   * set the number.
   */
  public readonly maxDpuHoursPerMonth?: number;
  /** The default settings of all jobs. Undefined if the file does not set them. */
  public readonly glueDefaults?: GlueDefaults;
  /** Worker settings by size, which override the built-in ones. Undefined if the file does not set them. */
  public readonly glueWorkerConfigs?: { [size: string]: GlueWorkerConfig };

  private constructor(document: ConfigDocument) {
    const { retention, glue_defaults: defaults, glue_worker_configs: configs } = document;
    this.resourcePrefix = document.etl_resource_prefix;
    this.databasePrefix = document.database_prefix;
    this.tableFormat = document.table_format as TableFormat | undefined;
    this.lineage = document.lineage;
    this.lakeFormation = document.lake_formation;
    this.retention = retention && { snapshots: hours(retention.snapshot_hours) };
    this.maxDpuHoursPerMonth = document.max_dpu_hours_per_month;
    this.glueDefaults = defaults && {
      version: defaults.version as GlueVersion | undefined,
      timeout: minutes(defaults.timeout_minutes),
      maxRetries: defaults.max_retries,
      defaultArguments: defaults.default_arguments,
    };
    this.glueWorkerConfigs = configs && Object.fromEntries(Object.entries(configs).map(([size, config]) => [size, {
      workerType: config.worker_type as WorkerType | undefined,
      numberOfWorkers: config.number_of_workers,
      autoScaling: config.auto_scaling,
      flex: config.flex,
      timeout: minutes(config.timeout_minutes),
    }]));
  }
}

function hours(number?: number): Duration | undefined {
  return number === undefined ? undefined : Duration.hours(number);
}

function minutes(number?: number): Duration | undefined {
  return number === undefined ? undefined : Duration.minutes(number);
}
