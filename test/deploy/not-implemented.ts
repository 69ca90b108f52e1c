/**
 * Properties that the emulator (ministack 1.5.33) does not implement, keyed by resource type, with the value or error
 * code that it returns instead. The test reports them as not implemented, and fails if the emulator returns anything
 * else.
 */
export const NOT_IMPLEMENTED: { readonly [resourceType: string]: { readonly [property: string]: unknown } } = {
  'AWS::S3::Bucket': {
    // Returned for every bucket, regardless of the template.
    BucketEncryption: { SSEAlgorithm: 'AES256' },
    LifecycleConfiguration: 'NoSuchLifecycleConfiguration',
    Tags: 'NoSuchTagSet',
  },
  'AWS::Glue::Job': { ExecutionProperty: undefined },
  'AWS::Scheduler::Schedule': { ScheduleExpressionTimezone: 'UTC' },
};

/** Behavior that the emulator does not implement, so that this test cannot check it. */
export const NOT_TESTED = [
  'permissions of roles and policies: every call is allowed',
  'validation of values: the emulator accepts an invalid cron expression or a role that does not exist',
  'jobs: their runs are played, not executed (use medallion run)',
  'crawlers: they create no tables',
  'schedules: they start no job',
  'rules, topic and alarm: they exist, but receive no failures',
  'the workgroup: limits and the result location are stored but not enforced',
];
