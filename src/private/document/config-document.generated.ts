/* Made from glue-templates/config.schema.json by npx projen generate. Change the schema, not this file. */

/**
 * What the datasets of a lake have in common: the prefixes that all names are made from, and what every job gets.
 */
export interface ConfigDocument {
  /**
   * The prefix of every name of the lake, in kebab-case, at most 49 characters: bucket, jobs, roles, workgroup.
   */
  etl_resource_prefix: string;
  /**
   * The prefix of the databases, in snake_case. Default: etl_resource_prefix in snake_case.
   */
  database_prefix?: string;
  glue_defaults?: GlueDefaults;
  glue_worker_configs?: GlueWorkerConfigs;
}
/**
 * What every job gets, unless its dataset says otherwise.
 */
export interface GlueDefaults {
  /**
   * Glue version of the jobs: 5.0 (Spark 3.5.4, Python 3.11), 5.1 (Spark 3.5.6, Python 3.11) or 6.0 (Spark 4.1.1, Python 3.13). Default 5.0.
   */
  version?: '5.0' | '5.1' | '6.0';
  /**
   * After how many minutes a run is stopped, whatever the size. From 15, because no publication begins in the last ten, to 2880. Default: by the size, 30 to 240.
   */
  timeout_minutes?: number;
  /**
   * How many times Glue runs a job again that failed. From 0 to 10. Default 1.
   */
  max_retries?: number;
  /**
   * Further arguments of every job, as Glue documents them: {--name: text}. None that the library sets.
   */
  default_arguments?: {
    /**
     * The argument's value, as text.
     */
    [k: string]: string;
  };
}
/**
 * Workers and timeouts in place of those of the table of sizes: {size: {worker_type, number_of_workers, timeout_minutes}}. What is left out stays.
 */
export interface GlueWorkerConfigs {
  small?: GlueWorkerConfig;
  medium?: GlueWorkerConfig;
  large?: GlueWorkerConfig;
  xlarge?: GlueWorkerConfig;
}
/**
 * Workers and timeout of a size. What is left out stays as it is.
 */
export interface GlueWorkerConfig {
  /**
   * G.1X (1 DPU a worker), G.2X (2), G.4X (4) or G.8X (8).
   */
  worker_type?: 'G.1X' | 'G.2X' | 'G.4X' | 'G.8X';
  /**
   * Workers of a run, the driver among them. From 2 to 299.
   */
  number_of_workers?: number;
  /**
   * After how many minutes a run is stopped. From 15 to 2880.
   */
  timeout_minutes?: number;
}
