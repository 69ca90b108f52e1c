/**
 * What the emulator, ministack 1.5.33, does not keep of a template: by type of resource each property, and what it
 * answers instead, be it the code of an error. The test names each of them as not implemented, and fails where the
 * emulator answers something else: the table stays true.
 */
export const NOT_IMPLEMENTED: { readonly [resourceType: string]: { readonly [property: string]: unknown } } = {
  'AWS::S3::Bucket': {
    // Its answer for every bucket, whatever the template says.
    BucketEncryption: { SSEAlgorithm: 'AES256' },
    LifecycleConfiguration: 'NoSuchLifecycleConfiguration',
    Tags: 'NoSuchTagSet',
  },
  'AWS::Glue::Job': { ExecutionProperty: undefined },
  'AWS::Scheduler::Schedule': { ScheduleExpressionTimezone: 'UTC' },
};

/** What no answer of the emulator proves: it takes these for granted, or never does them. */
export const NOT_PROVED = [
  'what roles and policies allow: every call is allowed',
  'whether a service would accept the values: the emulator takes a wrong cron expression or a role that is not there',
  'jobs: a run is recorded and never runs (medallion run runs them)',
  'crawlers: they make no tables',
  'schedules: they start no job',
  'rules, topic and alarm: they exist, and no failure ever reaches them',
  'the workgroup: limits and the place of results are kept, not obeyed',
];
