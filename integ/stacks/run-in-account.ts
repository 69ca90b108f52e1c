import { AwsApiCall, ExpectedResult, IApiCall, IntegTest } from '@aws-cdk/integ-tests-alpha';
import { Duration } from 'aws-cdk-lib';
import { EtlCore, LakeDataset } from '../../src';

/** How long to wait for a job run or a crawl, including the start of its workers. */
const WAIT = { totalTimeout: Duration.minutes(20), interval: Duration.seconds(20) };

/** Runs jobs, crawlers and queries in an AWS account, one after the other. */
export class RunInAccount {
  private last?: IApiCall;

  constructor(private readonly integ: IntegTest, private readonly core: EtlCore) {}

  /** Starts the job of a dataset and waits until the job run succeeds. */
  runJob({ jobName: JobName }: LakeDataset): this {
    const started = this.call('glue', 'StartJobRun', { JobName });
    this.call('glue', 'GetJobRun', { JobName, RunId: started.getAttString('JobRunId') })
      .expect(ExpectedResult.objectLike({ JobRun: { JobRunState: 'SUCCEEDED' } }))
      .waitForAssertions(WAIT);
    return this;
  }

  /** Starts the crawler of a dataset and waits until its table is in the catalog. */
  crawl({ crawlerName: Name }: LakeDataset): this {
    this.call('glue', 'StartCrawler', { Name });
    this.call('glue', 'GetCrawler', { Name })
      .expect(ExpectedResult.objectLike({ Crawler: { State: 'READY', LastCrawl: { Status: 'SUCCEEDED' } } }))
      .waitForAssertions(WAIT);
    return this;
  }

  /** Runs an Athena query in the workgroup of the lake, and checks the single value that it returns. */
  query(sql: string, value: string): this {
    const { workGroup, bucket } = this.core;
    const started = this.call('athena', 'StartQueryExecution', { QueryString: sql, WorkGroup: workGroup.name });
    // Athena accesses the Data Catalog and the bucket with the permissions of the caller.
    started.provider.addToRolePolicy({
      Effect: 'Allow',
      Action: ['glue:GetDatabase', 'glue:GetTable', 'glue:GetPartitions'],
      Resource: ['*'],
    });
    started.provider.addToRolePolicy({
      Effect: 'Allow',
      Action: [
        's3:GetBucketLocation',
        's3:ListBucket',
        's3:GetObject',
        's3:PutObject',
        's3:AbortMultipartUpload',
        's3:ListMultipartUploadParts',
      ],
      Resource: [bucket.bucketArn, bucket.arnForObjects('*')],
    });
    const QueryExecutionId = started.getAttString('QueryExecutionId');
    this.call('athena', 'GetQueryExecution', { QueryExecutionId })
      .expect(ExpectedResult.objectLike({ QueryExecution: { Status: { State: 'SUCCEEDED' } } }))
      .waitForAssertions({ totalTimeout: Duration.minutes(2), interval: Duration.seconds(5) });
    this.call('athena', 'GetQueryResults', { QueryExecutionId })
      .assertAtPath('ResultSet.Rows.1.Data.0.VarCharValue', ExpectedResult.stringLikeRegexp(`^${value}$`));
    return this;
  }

  private call(service: string, api: string, parameters: object): IApiCall {
    const call = this.integ.assertions.awsApiCall(service, api, parameters) as AwsApiCall;
    this.last?.next(call);
    this.last = call;
    return call;
  }
}
