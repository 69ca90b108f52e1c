import { AwsApiCall, ExpectedResult, IApiCall, IntegTest } from '@aws-cdk/integ-tests-alpha';
import { Duration } from 'aws-cdk-lib';
import { EtlCore, LakeDataset } from '../../src';

/** How long to wait for a run or a crawl, which both have to get machines first. */
const PATIENCE = { totalTimeout: Duration.minutes(20), interval: Duration.seconds(20) };

/** What a person would do with a lake in an account, one thing after the other. */
export class RunInAccount {
  private last?: IApiCall;

  constructor(private readonly integ: IntegTest, private readonly core: EtlCore) {}

  /** Starts the job of a dataset and waits until its run has succeeded. */
  runJob({ jobName: JobName }: LakeDataset): this {
    const started = this.call('glue', 'StartJobRun', { JobName });
    this.call('glue', 'GetJobRun', { JobName, RunId: started.getAttString('JobRunId') })
      .expect(ExpectedResult.objectLike({ JobRun: { JobRunState: 'SUCCEEDED' } }))
      .waitForAssertions(PATIENCE);
    return this;
  }

  /** Starts the crawler of a dataset and waits until its table is in the catalog. */
  crawl({ crawlerName: Name }: LakeDataset): this {
    this.call('glue', 'StartCrawler', { Name });
    this.call('glue', 'GetCrawler', { Name })
      .expect(ExpectedResult.objectLike({ Crawler: { State: 'READY', LastCrawl: { Status: 'SUCCEEDED' } } }))
      .waitForAssertions(PATIENCE);
    return this;
  }

  /** Asks Athena, in the lake's workgroup, a question whose answer is one value. */
  query(sql: string, value: string): this {
    const { workGroup, bucket } = this.core;
    const started = this.call('athena', 'StartQueryExecution', { QueryString: sql, WorkGroup: workGroup.name });
    // Athena reads the catalog and the bucket, and writes the result, in the name of who asks.
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
