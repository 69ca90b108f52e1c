import { Mixins, RemovalPolicy } from 'aws-cdk-lib';
import { Bucket, mixins } from 'aws-cdk-lib/aws-s3';
import { EtlCore } from '../../src';

/** Lets a lake go with its stack, data and all: the next test of the same account needs its names. */
export function removeWithStack({ bucket, bronzeDatabase, goldDatabase }: EtlCore): void {
  bucket.applyRemovalPolicy(RemovalPolicy.DESTROY);
  (bucket as Bucket).policy?.applyRemovalPolicy(RemovalPolicy.DESTROY);
  Mixins.of(bucket).apply(new mixins.BucketAutoDeleteObjects());
  bronzeDatabase.applyRemovalPolicy(RemovalPolicy.DESTROY);
  goldDatabase.applyRemovalPolicy(RemovalPolicy.DESTROY);
}
