import { Stack } from 'aws-cdk-lib';
import { Grant, IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { deployedCore } from './deployed-core';
import { grantStatements } from './grants';
import { grantLakeFormation, readStatements, tablesOfDataset } from './query-grant';
import { substituted } from './substituted-text';
import { IDataset } from '../../i-dataset';
import { LakeNames } from '../../naming';

/** Allows a grantee to read the tables of a dataset without Athena. */
export function grantRead(dataset: IDataset, grantee: IGrantable): Grant {
  const { core } = dataset;
  const tables = tablesOfDataset(new LakeNames(core, core), dataset);
  const grant = grantStatements(
    core, grantee, readStatements(core, grantee, [tables], { key: deployedCore(core)?.encryptionKey }),
  );
  grantLakeFormation(core, grantee, [tables]);
  return grant;
}

/** Allows a grantee to start the job of a dataset, and to read the state of its runs. */
export function grantStart({ core, layer, dataset }: IDataset, grantee: IGrantable): Grant {
  const job = new LakeNames(core, core).job(layer, dataset);
  return grantStatements(core, grantee, [{
    list: [new PolicyStatement({
      actions: ['glue:StartJobRun', 'glue:GetJob', 'glue:GetJobRun', 'glue:GetJobRuns'],
      resources: [substituted(Stack.of(core).formatArn({ service: 'glue', resource: 'job', resourceName: job }))],
    })],
  }]);
}
