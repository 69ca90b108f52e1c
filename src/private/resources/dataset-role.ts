import { Stack, Token } from 'aws-cdk-lib';
import { CfnRole, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { deployedCore } from './deployed-core';
import { keyArnIn, objectKeyStatement } from './lake-key';
import { policyLength } from './policy-length';
import {
  bucketLocationStatement,
  bucketStatements,
  catalogStatement,
  crawlerLogsStatement,
  eventsStatement,
  logsStatements,
  metricsStatement,
} from './policy-statements';
import { secretArns } from './secret-arn';
import { acknowledgeStatements, layerPolicy, networkPolicy, Statements } from './shared-policies';
import { substituted } from './substituted-text';
import { IDataset } from '../../i-dataset';
import { IEtlCore } from '../../i-etl-core';
import { checkLength, DatasetNames, LakeNames } from '../../naming';
import { TableFormat } from '../../table-format';
import { Auth, DatasetDocument } from '../document/dataset-document.generated';
import { sourceUrls, isS3, s3Location } from '../document/source-urls';
import { tableFormatOf } from '../document/table-format';
import { synthError } from '../errors/synth-error';

export interface DatasetRoleProps {
  readonly core: IEtlCore;
  readonly names: DatasetNames;
  readonly document: DatasetDocument;
  /** The datasets whose tables the job reads. */
  readonly inputs: IDataset[];
}

/**
 * The role of a dataset that needs additional permissions: to read a secret or a bucket, or to run in a VPC.
 *
 * The role has these permissions, and also the permissions of the shared role, limited to this dataset. Undefined if
 * the dataset can use the shared role.
 */
export function datasetRole(scope: Construct, { core, names, document, inputs }: DatasetRoleProps): Role | undefined {
  const { auth, connection } = document;
  // The shared role can already read the files that are deployed with the dataset.
  const deployed = names.lake.uri(names.scriptFolder);
  const buckets = sourceUrls(document).filter(url => isS3(url) && !url.startsWith(deployed));
  if (auth === undefined && connection === undefined && buckets.length === 0) {
    return undefined;
  }
  checkLength(scope, 'role', names.role, 'Use a shorter prefix or dataset name, or set the role prop of the dataset.');
  const stack = Stack.of(scope);
  const { lake, layer, dataset } = names;
  const hasCrawler = tableFormatOf(document) === TableFormat.PARQUET;
  const statements: { [policy: string]: Statements } = {
    dataset: {
      list: [
        ...bucketStatements(stack, lake, {
          data: [`raw/${dataset}`, `${layer}/${dataset}`, `staging/${layer}/${dataset}`],
          raw: `raw/${dataset}`,
          etl: `etl/${dataset}`,
          runs: `etl/${dataset}/runs/${layer}`,
        }),
        ...hasCrawler ? [crawlerLogsStatement(stack, names.crawler)] : [],
      ],
      wildcards: 'The job generates object keys. Each pattern is a prefix of the dataset in the lake bucket.',
    },
    ...(auth && { secret: { list: secretStatements(scope, auth) } }),
    ...(buckets.length > 0 && {
      source: {
        list: sourceStatements(stack, buckets),
        wildcards:
          'The names of source files are unknown at synth. The pattern is the literal prefix of the S3 URL.',
      },
    }),
    ...(inputs.length > 0 && {
      inputs: {
        list: inputStatements(stack, lake, inputs),
        wildcards: 'Jobs generate object keys. Each pattern is a prefix of an input in the lake bucket.',
      },
    }),
    ...(connection !== undefined && { connection: { list: [connectionStatement(stack, connection)] } }),
  };
  checkSize(scope, names.role, Object.values(statements).flatMap(({ list }) => list), buckets.length);
  const role = new Role(scope, 'Role', {
    roleName: names.role,
    description: `${hasCrawler ? 'Job and crawler' : 'Job'} of the ${layer} dataset ${dataset}`,
    assumedBy: new ServicePrincipal('glue.amazonaws.com'),
    inlinePolicies: Object.fromEntries(
      Object.entries(statements).map(([policy, { list }]) => [policy, new PolicyDocument({ statements: list })]),
    ),
    managedPolicies: [
      layerPolicy(scope, core, layer, () => layerStatements(stack, core, names)),
      ...(connection === undefined ? [] : [networkPolicy(scope, () => networkStatements(stack))]),
    ],
  });
  acknowledgeStatements(role.node.defaultChild as CfnRole | undefined, Object.values(statements));
  return role;
}

/** The permissions that are the same for all datasets of a layer. */
function layerStatements(stack: Stack, core: IEtlCore, { lake, layer }: DatasetNames): Statements[] {
  return [
    {
      list: [catalogStatement(stack, lake, [layer])],
      wildcards: 'Jobs and crawlers create tables that are named after datasets. The database belongs to the lake.',
    },
    { list: [bucketLocationStatement(stack, lake)] },
    {
      list: logsStatements(stack, lake),
      wildcards: 'Glue names the log streams. The log groups of the jobs belong to the lake.',
    },
    { list: [eventsStatement(stack, lake)] },
    ...(core.metrics ? [{ list: [metricsStatement(lake)] }] : []),
    ...(core.encrypted
      ? [{
        list: [objectKeyStatement(stack, lake, keyArnIn(stack, deployedCore(core)?.encryptionKey))],
        wildcards: 'Another stack owns the key. A condition limits its use to objects of the lake bucket.',
      }]
      : []),
  ];
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MAX_CHARACTERS = 10_240;

/** Fails if the policies of a role together exceed the IAM quota. */
function checkSize(scope: Construct, role: string, statements: PolicyStatement[], urls: number): void {
  const length = policyLength(Stack.of(scope), statements.map(statement => statement.toStatementJson() as object));
  if (length > MAX_CHARACTERS) {
    throw synthError(
      scope,
      'ROLE_POLICY_TOO_LARGE',
      `the policies of the role "${role}" have ${length} characters; the maximum is ${MAX_CHARACTERS}. `
        + `source_url contains ${urls} S3 URLs.`,
      'Use folders or globs instead of single files, or set the role prop of the dataset.',
    );
  }
}

/** Allows reading one secret. */
function secretStatements(scope: Construct, { secret, encryption_key: key }: Auth): PolicyStatement[] {
  const stack = Stack.of(scope);
  const read = new PolicyStatement({
    actions: ['secretsmanager:GetSecretValue'],
    resources: secretArns(scope, secret),
  });
  if (key === undefined) {
    return [read];
  }
  const region = Token.isUnresolved(key) ? stack.region : key.split(':')[3];
  return [read, new PolicyStatement({
    actions: ['kms:Decrypt'],
    resources: [key],
    conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.${stack.urlSuffix}` } },
  })];
}

/**
 * Allows reading the objects at S3 URLs. The statements are grouped by bucket because of the quota of MAX_CHARACTERS.
 */
function sourceStatements(stack: Stack, urls: string[]): PolicyStatement[] {
  const locations = urls.map(s3Location);
  return [...new Set(locations.map(({ bucket }) => bucket))].flatMap(name => {
    const arn = `arn:${stack.partition}:s3:::${name}`;
    const bucket = substituted(arn);
    const patterns = [
      ...new Set(
        locations
          .filter(({ bucket: each }) => each === name)
          .map(({ prefix, isExact }) => (isExact ? prefix : `${prefix}*`)),
      ),
    ];
    return [
      new PolicyStatement({
        actions: ['s3:GetObject'],
        resources: patterns.map(pattern => substituted(`${arn}/${pattern}`)),
      }),
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [bucket],
        conditions: { StringLike: { 's3:prefix': patterns } },
      }),
      new PolicyStatement({ actions: ['s3:GetBucketLocation'], resources: [bucket] }),
    ];
  });
}

/** Allows reading the published tables of other datasets. */
function inputStatements(stack: Stack, lake: LakeNames, inputs: IDataset[]): PolicyStatement[] {
  const arn = `arn:${stack.partition}:s3:::${lake.bucket}`;
  const prefixes = inputs.flatMap(({ layer, dataset }) => [`${layer}/${dataset}/*`, `etl/${dataset}/runs/${layer}/*`]);
  return [
    new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: prefixes.map(prefix => substituted(`${arn}/${prefix}`)),
    }),
    // Without this permission, S3 does not report that an object does not exist.
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [substituted(arn)],
      conditions: { StringLike: { 's3:prefix': prefixes } },
    }),
  ];
}

function connectionStatement(stack: Stack, connection: string): PolicyStatement {
  const glue = (resource: string, resourceName?: string) =>
    substituted(stack.formatArn({ service: 'glue', resource, resourceName }));
  return new PolicyStatement({
    actions: ['glue:GetConnection'],
    resources: [glue('catalog'), glue('connection', connection)],
  });
}

/**
 * The permissions of a job in a VPC, from the AWS managed policy AWSGlueServiceRole.
 *
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html
 */
function networkStatements(stack: Stack): Statements[] {
  // Another account can own a shared subnet.
  const ec2 = (resource: string) => substituted(`arn:${stack.partition}:ec2:${stack.region}:*:${resource}/*`);
  const list = [
    new PolicyStatement({
      actions: [
        'ec2:DescribeVpcEndpoints',
        'ec2:DescribeRouteTables',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSecurityGroups',
        'ec2:DescribeSubnets',
        'ec2:DescribeVpcAttribute',
      ],
      resources: ['*'],
    }),
    new PolicyStatement({
      actions: ['ec2:CreateNetworkInterface'],
      resources: [ec2('network-interface'), ec2('subnet'), ec2('security-group')],
    }),
    new PolicyStatement({ actions: ['ec2:DeleteNetworkInterface'], resources: [ec2('network-interface')] }),
    new PolicyStatement({
      actions: ['ec2:CreateTags', 'ec2:DeleteTags'],
      resources: [ec2('network-interface'), ec2('security-group'), ec2('instance')],
      conditions: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['aws-glue-service-resource'] } },
    }),
  ];
  return [{
    list,
    wildcards:
      'Glue creates network interfaces in the VPC of the connection, whose subnets may belong to another account.',
  }];
}
