/** Keys of the dataset document that do not change the rows and columns of the tables. */
export const OPERATION_KEYS = [
  'description', 'schedule', 'freshness', 'data_size_category', 'worker_type', 'number_of_workers', 'auto_scaling',
  'flex', 'timeout_minutes', 'max_retries', 'role', 'connection',
];

/**
 * The job argument that enables auto scaling. It does not change the rows and columns of the tables.
 * https://docs.aws.amazon.com/glue/latest/dg/auto-scaling.html
 */
export const AUTO_SCALING_ARGUMENT = '--enable-auto-scaling';
