import { Stack, Token } from 'aws-cdk-lib';
import { CfnRole, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { objectKeyStatement } from './lake-key';
import { acknowledgeWildcards, flat } from './nag-suppressions';
import { bucketStatements, catalogStatement, logsStatements, metricsStatement } from './policy-statements';
import { EtlCore } from '../../etl-core';
import { IEtlCore } from '../../i-etl-core';
import { checkLength, DatasetNames } from '../../naming';
import { Auth, DatasetDocument } from '../document/dataset-document.generated';
import { sourceUrls, isS3, s3Location } from '../document/source-urls';
import { synthError } from '../errors/synth-error';

export interface DatasetRoleProps {
  readonly core: IEtlCore;
  readonly names: DatasetNames;
  readonly document: DatasetDocument;
}

/**
 * The role of a dataset that must do what no other may: read a secret or a bucket, or enter a VPC. None for others.
 *
 * It may do that and, for its own dataset, what the shared role may for all.
 */
export function datasetRole(scope: Construct, { core, names, document }: DatasetRoleProps): Role | undefined {
  const { auth, connection } = document;
  const buckets = sourceUrls(document).filter(isS3);
  if (auth === undefined && connection === undefined && buckets.length === 0) {
    return undefined;
  }
  checkLength(scope, 'role', names.role, 'Use a shorter prefix or dataset name, or set role on the dataset.');
  const stack = Stack.of(scope);
  const { lake, layer, dataset } = names;
  const statements: { [policy: string]: Statements } = {
    bucket: {
      list: bucketStatements(stack, lake, {
        data: [`raw/${dataset}`, `${layer}/${dataset}`, `staging/${layer}/${dataset}`],
        raw: `raw/${dataset}`,
        etl: `etl/${dataset}`,
        runs: `etl/${dataset}/runs/${layer}`,
      }),
      wildcards: "The keys of objects are the job's own. Each pattern is a prefix of the dataset in the lake's bucket.",
    },
    catalog: {
      list: [catalogStatement(stack, lake, [layer])],
      wildcards: 'The crawler lists the tables of the database to find its own.',
    },
    logs: {
      list: logsStatements(stack, lake, [names.crawler]),
      wildcards:
        "Glue names the streams of a log. The groups are the lake's; in the group of all crawlers, the stream is.",
    },
    ...(core.metrics && { metrics: { list: [metricsStatement(lake)] } }),
    ...(core.encrypted && {
      key: {
        list: [objectKeyStatement(stack, lake, keyOf(stack, core))],
        wildcards: "The key is another stack's. A condition holds its use to the objects of the lake's bucket.",
      },
    }),
    ...(auth && { secret: { list: secretStatements(stack, auth) } }),
    ...(buckets.length > 0 && {
      source: {
        list: sourceStatements(stack, buckets),
        wildcards:
          "The names of a source's files are known when they are there. The pattern is what the address begins with.",
      },
    }),
    ...(connection !== undefined && {
      connection: {
        list: connectionStatements(stack, connection),
        wildcards:
          'Glue makes network interfaces of its own in the VPC of the connection, whose subnets another '
          + 'account may share.',
      },
    }),
  };
  checkSize(scope, names.role, Object.values(statements).flatMap(({ list }) => list), buckets.length);
  const role = new Role(scope, 'Role', {
    roleName: names.role,
    description: `Job and crawler of the ${layer} dataset ${dataset}`,
    assumedBy: new ServicePrincipal('glue.amazonaws.com'),
    inlinePolicies: Object.fromEntries(
      Object.entries(statements).map(([policy, { list }]) => [policy, new PolicyDocument({ statements: list })]),
    ),
  });
  acknowledge(role.node.defaultChild as CfnRole, Object.values(statements));
  return role;
}

interface Statements {
  readonly list: PolicyStatement[];
  /** Why wildcards in their resources stay. */
  readonly wildcards?: string;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MAX_CHARACTERS = 10_240;

/**
 * Fails where all policies of a role together are longer than IAM takes. What is only known at deployment counts as its
 * name.
 */
function checkSize(scope: Construct, role: string, statements: PolicyStatement[], addresses: number): void {
  const isIntrinsic = (value: unknown) =>
    typeof value === 'object' && value !== null && /^(Ref|Fn::.*)$/.test(Object.keys(value).join());
  const resolved: unknown = Stack.of(scope).resolve(statements.map(statement => statement.toStatementJson() as object));
  const { length } = JSON.stringify(resolved, (_, value: unknown) => isIntrinsic(value) ? flat(value) : value);
  if (length > MAX_CHARACTERS) {
    throw synthError(
      scope,
      'ROLE_POLICY_TOO_LARGE',
      `the policies of the role "${role}" have ${length} characters, ${MAX_CHARACTERS} are allowed: `
        + `source_url has ${addresses} addresses of buckets.`,
      'Use folders or globs instead of single files, or set role on the dataset.',
    );
  }
}

function acknowledge(role: CfnRole, statements: Statements[]): void {
  const isForAll = (statement: PolicyStatement) => statement.resources.includes('*');
  for (const { list, wildcards } of statements) {
    if (wildcards !== undefined) {
      acknowledgeWildcards(role, wildcards, ...list.filter(statement => !isForAll(statement)));
    }
  }
  acknowledgeWildcards(
    role,
    "PutMetricData, which a condition holds to the lake's namespace, and what looks around in a VPC know no resources.",
    ...statements.flatMap(({ list }) => list.filter(isForAll)),
  );
}

/** The ARN of the lake's key where a stack can name it without an export. */
function keyOf(stack: Stack, core: IEtlCore): string | undefined {
  const key = core instanceof EtlCore ? core.encryptionKey : undefined;
  return key && (Stack.of(key) === stack || !Token.isUnresolved(key.keyArn)) ? key.keyArn : undefined;
}

/**
 * Reads one secret. Secrets Manager puts a hyphen and six characters behind its name; an ARN may be given with or
 * without them.
 *
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html
 */
function secretStatements(stack: Stack, { secret, encryption_key: key }: Auth): PolicyStatement[] {
  const named = `arn:${stack.partition}:secretsmanager:${stack.region}:${stack.account}:secret:${secret}-??????`;
  // What is only known at deployment as a whole is an ARN: a name could not be told from one.
  const isArn = secret.startsWith('arn:') || /^\$\{Token\[[^\]]*\]\}$/.test(secret);
  const read = new PolicyStatement({
    actions: ['secretsmanager:GetSecretValue'],
    resources: isArn ? [secret, `${secret}-??????`] : [named],
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
 * Reads what addresses of buckets lead to. By bucket, because all policies of a role together have 10240 characters.
 */
function sourceStatements(stack: Stack, addresses: string[]): PolicyStatement[] {
  const places = addresses.map(s3Location);
  return [...new Set(places.map(({ bucket }) => bucket))].flatMap(name => {
    const bucket = `arn:${stack.partition}:s3:::${name}`;
    const patterns = [
      ...new Set(
        places.filter(place => place.bucket === name).map(({ prefix, isExact }) => (isExact ? prefix : `${prefix}*`)),
      ),
    ];
    return [
      new PolicyStatement({ actions: ['s3:GetObject'], resources: patterns.map(pattern => `${bucket}/${pattern}`) }),
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [bucket],
        conditions: { StringLike: { 's3:prefix': patterns } },
      }),
      new PolicyStatement({ actions: ['s3:GetBucketLocation'], resources: [bucket] }),
    ];
  });
}

/**
 * What a job in a VPC needs, as AWS has it in its own policy for Glue.
 *
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html
 */
function connectionStatements(stack: Stack, connection: string): PolicyStatement[] {
  const glue = (resource: string, resourceName?: string) =>
    stack.formatArn({ service: 'glue', resource, resourceName });
  // A subnet may be shared by another account.
  const ec2 = (resource: string) => `arn:${stack.partition}:ec2:${stack.region}:*:${resource}/*`;
  return [
    new PolicyStatement({
      actions: ['glue:GetConnection'],
      resources: [glue('catalog'), glue('connection', connection)],
    }),
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
}
