import { CfnResource, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { CHECKED_LAKES } from './lakes';

const BUCKET = 'arn:aws:s3:::pp-dw-123456789012';
const LOGS = 'arn:aws:logs:eu-central-1:123456789012:log-group:/aws-glue';
const GLUE = 'arn:aws:glue:eu-central-1:123456789012';
const HANDLER = 'Custom::CDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C512MiB513MiB/Resource';
const DATASETS = ['Bronze', 'Gold', 'Zipcodes', 'History', 'Vendor'];
const STATE_MACHINES = [
  'Core/DatasetStateMachine', 'Core/Alerts/StateMachine', 'Core/FreshnessCheck/StateMachine', 'Daily/StateMachine',
  'Core/Budget/StateMachine',
];
const EC2 = 'arn:aws:ec2:eu-central-1:*';

/** All acknowledged findings, with the path of the resource in its stack. */
const ACKNOWLEDGED: [path: string, rule: string][] = [
  ['Core/Bucket/Resource', 'S1'],
  ...['raw/*', 'bronze/*', 'silver/*', 'gold/*', 'staging/*', 'etl/*', 'etl/*/runs/*'].map((keys): [string, string] => [
    'Core/GlueRole/Resource',
    `IAM5[Resource::${BUCKET}/${keys}]`,
  ]),
  ['Core/GlueRole/Resource', `IAM5[Resource::${GLUE}:table/pp_dw_bronze/*]`],
  ['Core/GlueRole/Resource', `IAM5[Resource::${GLUE}:table/pp_dw_silver/*]`],
  ['Core/GlueRole/Resource', `IAM5[Resource::${GLUE}:table/pp_dw_gold/*]`],
  ['Core/GlueRole/Resource', `IAM5[Resource::${LOGS}/pp-dw/error:*]`],
  ['Core/GlueRole/Resource', `IAM5[Resource::${LOGS}/pp-dw/output:*]`],
  ['Core/GlueRole/Resource', `IAM5[Resource::${LOGS}/crawlers:*]`],
  ['Core/GlueRole/Resource', `IAM5[Resource::${LOGS}/crawlers:log-stream:pp-dw-bronze-*]`],
  ['Core/GlueRole/Resource', `IAM5[Resource::${LOGS}/crawlers:log-stream:pp-dw-silver-*]`],
  ['Core/GlueRole/Resource', `IAM5[Resource::${LOGS}/crawlers:log-stream:pp-dw-gold-*]`],
  ['Core/GlueRole/Resource', 'IAM5[Resource::*]'],
  ...['bronze/*', 'silver/*', 'gold/*'].map((keys): [string, string] => [
    'Core/LakeFormation/Role/Resource', `IAM5[Resource::${BUCKET}/${keys}]`,
  ]),
  ['Core/SchedulerRole/Resource', `IAM5[Resource::${GLUE}:job/pp-dw-bronze-*]`],
  ['Core/SchedulerRole/Resource', `IAM5[Resource::${GLUE}:job/pp-dw-silver-*]`],
  ['Core/SchedulerRole/Resource', `IAM5[Resource::${GLUE}:job/pp-dw-gold-*]`],
  ...['job/pp-dw-bronze-*', 'job/pp-dw-silver-*', 'job/pp-dw-gold-*'].flatMap((job): [string, string][] => [
    ['Core/DatasetStateMachineRole/Resource', `IAM5[Resource::${GLUE}:${job}]`],
    ['Core/DatasetStateMachineRole/Resource', `IAM5[Resource::${GLUE}:${job.replace('job', 'crawler')}-crawler]`],
  ]),
  ['Core/DatasetStateMachineRole/Resource', `IAM5[Resource::${BUCKET}/etl/*/runs/*]`],
  ...STATE_MACHINES.flatMap((stateMachine): [string, string][] => [
    [stateMachine, 'SF1'],
    [stateMachine, 'SF2'],
  ]),
  ['Daily/Role/Resource', 'IAM5[Resource::arn:aws:states:eu-central-1:123456789012:execution:pp-dw-dataset:*]'],
  ['Core/FreshnessCheck/Role/Resource', `IAM5[Resource::${BUCKET}/etl/*/runs/*]`],
  ['Core/FreshnessCheck/Role/Resource', 'IAM5[Action::kms:GenerateDataKey*]'],
  ['Core/Alerts/Role/Resource', `IAM5[Resource::${BUCKET}/etl/*/runs/*]`],
  ['Core/Alerts/Role/Resource', 'IAM5[Action::kms:GenerateDataKey*]'],
  ...['bronze', 'silver', 'gold'].map((layer): [string, string] => [
    'Core/Budget/Role/Resource',
    `IAM5[Resource::${GLUE}:job/pp-dw-${layer}-*]`,
  ]),
  ['Core/Budget/Role/Resource', 'IAM5[Resource::*]'],
  ...DATASETS.flatMap((dataset): [string, string][] => [
    [`${dataset}/Job`, 'GL1'],
    [`${dataset}/Job`, 'GL3'],
    [`${dataset}/Crawler`, 'GL1'],
  ]),
  ['Iceberg/Job', 'GL1'],
  ['Iceberg/Job', 'GL3'],
  ...['raw/vendor/*', 'bronze/vendor/*', 'staging/bronze/vendor/*', 'etl/vendor/*', 'etl/vendor/runs/bronze/*'].map(
    (keys): [string, string] => ['Vendor/Role/Resource', `IAM5[Resource::${BUCKET}/${keys}]`],
  ),
  ['Vendor/Role/Resource', 'IAM5[Resource::arn:aws:s3:::vendor/drops/*]'],
  ['GlueBronzePolicy/Resource', `IAM5[Resource::${GLUE}:table/pp_dw_bronze/*]`],
  ['GlueBronzePolicy/Resource', `IAM5[Resource::${LOGS}/pp-dw/error:*]`],
  ['GlueBronzePolicy/Resource', `IAM5[Resource::${LOGS}/pp-dw/output:*]`],
  ['GlueBronzePolicy/Resource', `IAM5[Resource::${LOGS}/crawlers:*]`],
  ['GlueBronzePolicy/Resource', 'IAM5[Resource::arn:aws:kms:eu-central-1:123456789012:key/*]'],
  ['GlueBronzePolicy/Resource', 'IAM5[Resource::*]'],
  ...['network-interface', 'subnet', 'security-group', 'instance'].map((type): [string, string] => [
    'GlueNetworkPolicy/Resource',
    `IAM5[Resource::${EC2}:${type}/*]`,
  ]),
  ['GlueNetworkPolicy/Resource', 'IAM5[Resource::*]'],
  [
    'GlueScripts/Role/DefaultPolicy/Resource',
    'IAM5[Resource::arn:aws:s3:::cdk-hnb659fds-assets-123456789012-eu-central-1/*]',
  ],
  ['GlueScripts/Role/DefaultPolicy/Resource', `IAM5[Resource::${BUCKET}/etl/*/glue/*]`],
  ['GlueScripts/Role/DefaultPolicy/Resource', 'IAM5[Resource::arn:aws:kms:eu-central-1:123456789012:key/*]'],
  ['GlueScripts/Role/DefaultPolicy/Resource', 'IAM5[Resource::arn:aws:kms:eu-central-1:*:key/*]'],
  [HANDLER, 'L1'],
  ...['athena/*', 'gold/*', 'athena-finance/*', 'bronze/fda-nsde/*'].map(
    (keys): [string, string] => ['Analysts/DefaultPolicy/Resource', `IAM5[Resource::${BUCKET}/${keys}]`],
  ),
  ['Analysts/DefaultPolicy/Resource', `IAM5[Resource::${GLUE}:table/pp_dw_gold/*]`],
  ['Analysts/DefaultPolicy/Resource', 'IAM5[Resource::*]'],
  ['Analysts/DefaultPolicy/Resource', 'IAM5[Resource::arn:aws:kms:eu-central-1:123456789012:key/*]'],
  ['Reader/DefaultPolicy/Resource', `IAM5[Resource::${BUCKET}/bronze/fda-nsde/*]`],
  ['Reader/DefaultPolicy/Resource', 'IAM5[Resource::*]'],
  ['Reader/DefaultPolicy/Resource', 'IAM5[Resource::arn:aws:kms:eu-central-1:123456789012:key/*]'],
];

/** A path and a rule in one string, with tokens resolved for the environment of the tests. */
function pair(constructPath: string, rule: string): string {
  const resolved = rule
    .replace('<AWS::Partition>', 'aws')
    .replace(/<AWS::AccountId>/g, '123456789012')
    .replace(/<AWS::Region>/g, 'eu-central-1')
    .replace('our-lake', 'pp-dw-123456789012')
    .replace('AwsSolutions-', '');
  return `${constructPath.split('/').slice(1).join('/')}: ${resolved}`;
}

const LISTED = ACKNOWLEDGED.map(([path, rule]) => pair(`Stack/${path}`, rule));
const used = new Set<string>();

describe.each(CHECKED_LAKES)('$name', ({ app }) => {
  const root = app();
  const nodes = root.node.findAll();
  const acknowledged = nodes.flatMap(node => node.node.metadata
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries(data as { [rule: string]: string }))
    .map(([rule, reason]) => ({ node, reason, pair: pair(node.node.path, rule) })));

  test('AwsSolutions has no finding that is not acknowledged', () => {
    expect(new AwsSolutionsChecks(root).validateScope(root).violations).toEqual([]);
  });

  test('each acknowledgement is listed, and is on the resource itself with a reason', () => {
    acknowledged.forEach(({ pair: each }) => used.add(each));
    expect(acknowledged.filter(({ pair: each }) => !LISTED.includes(each))).toEqual([]);
    const misplaced = acknowledged.filter(({ node }) => !CfnResource.isCfnResource(node));
    expect([...misplaced, ...acknowledged.filter(({ reason }) => reason.length < 20)]).toEqual([]);
  });

  test('each acknowledgement matches a finding', () => {
    const checks = new AwsSolutionsChecks(root);
    Object.assign(checks, { isAcknowledged: () => false });
    const found = checks.validateScope(root).violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => pair(constructPath!, ruleName)));
    expect(acknowledged.map(({ pair: each }) => each).sort()).toEqual(found.sort());
  });

  test('the template contains the same suppressions for cdk-nag 2', () => {
    const suppressed = nodes
      .filter(node => CfnResource.isCfnResource(node))
      .flatMap(node =>
        ((node.getMetadata('cdk_nag')?.rules_to_suppress ?? []) as { id: string; applies_to?: string[] }[]).flatMap(
          ({ id, applies_to: findings }) =>
            (findings?.map(finding => `${id}[${finding}]`) ?? [id]).map(rule => pair(node.node.path, rule)),
        ),
      );
    expect(suppressed.sort()).toEqual(acknowledged.map(({ pair: each }) => each).sort());
  });
});

test('each listed acknowledgement is used by a lake', () => {
  expect(LISTED.filter(each => !used.has(each))).toEqual([]);
});
