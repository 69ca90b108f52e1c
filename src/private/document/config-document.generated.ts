/* Made from glue-templates/config.schema.json by npx projen generate. Change the schema, not this file. */

/**
 * The core of a lake: the prefixes that all names are derived from, and the default settings of its jobs.
 */
export interface ConfigDocument {
  /**
   * Prefix of all names of the lake, such as those of its bucket, jobs, roles and workgroup. Kebab-case, at most 49 characters.
   */
  etl_resource_prefix: string;
  /**
   * Prefix of the databases in snake_case. Default: etl_resource_prefix in snake_case.
   */
  database_prefix?: string;
  glue_defaults?: GlueDefaults;
  glue_worker_configs?: GlueWorkerConfigs;
}
/**
 * Default settings of all jobs.
 */
export interface GlueDefaults {
  /**
   * Glue version of the jobs: 5.0 (Spark 3.5.4, Python 3.11), 5.1 (Spark 3.5.6, Python 3.11) or 6.0 (Spark 4.1.1, Python 3.13). Default: 5.0. glue_version of a dataset overrides it.
   */
  version?: '5.0' | '5.1' | '6.0';
  /**
   * Timeout of the jobs in minutes, for all sizes: 15 to 2880. A run does not start to publish in the last ten minutes before its timeout. Default: by size, 30 to 240.
   */
  timeout_minutes?: number;
  /**
   * Number of times that AWS Glue retries a failed run: 0 to 10. Default: 1.
   */
  max_retries?: number;
  /**
   * Additional arguments of all jobs, see the AWS Glue documentation: {--name: value}. Arguments that the library sets are not allowed.
   */
  default_arguments?: {
    /**
     * Value of the argument, as a string.
     */
    [k: string]: string;
  };
}
/**
 * Worker settings by size: {size: {worker_type, number_of_workers, timeout_minutes}}. They override the built-in settings.
 */
export interface GlueWorkerConfigs {
  small?: GlueWorkerConfig;
  medium?: GlueWorkerConfig;
  large?: GlueWorkerConfig;
  xlarge?: GlueWorkerConfig;
}
/**
 * Worker settings and timeout of a size. Set at least one of them.
 */
export interface GlueWorkerConfig {
  /**
   * Type of the workers: G.1X (1 DPU per worker), G.2X (2), G.4X (4) or G.8X (8).
   */
  worker_type?: 'G.1X' | 'G.2X' | 'G.4X' | 'G.8X';
  /**
   * Number of workers of a run, including the driver: 2 to 299.
   */
  number_of_workers?: number;
  /**
   * Timeout of a run in minutes: 15 to 2880.
   */
  timeout_minutes?: number;
}
