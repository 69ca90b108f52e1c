import { Mixins, RemovalPolicy } from 'aws-cdk-lib';
import { Bucket, mixins } from 'aws-cdk-lib/aws-s3';
import { EtlCore } from '../../src';

/** Deletes a lake and its data with the stack, because the next test in the same account uses the same names. */
export function removeWithStack({ bucket, bronzeDatabase, goldDatabase }: EtlCore): void {
  bucket.applyRemovalPolicy(RemovalPolicy.DESTROY);
  (bucket as Bucket).policy?.applyRemovalPolicy(RemovalPolicy.DESTROY);
  Mixins.of(bucket).apply(new mixins.BucketAutoDeleteObjects());
  bronzeDatabase?.applyRemovalPolicy(RemovalPolicy.DESTROY);
  goldDatabase?.applyRemovalPolicy(RemovalPolicy.DESTROY);
}
