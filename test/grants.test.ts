import { App, Size, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { IRuleTarget } from 'aws-cdk-lib/aws-events';
import {
  AccountPrincipal, ArnPrincipal, Group, IGrantable, PolicyStatement, Role, ServicePrincipal, User,
} from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Resource, resource, resources } from './assembly';
import { matches } from './event-pattern';
import { bronze, ENV, gold, Lake, LAYOUTS, PREFIXES } from './layouts';
import { EtlCore, EtlPipeline, GoldDataset, Layer, QueryGrantOptions, TeamWorkGroup } from '../src';

const lakeOf = (prefixes = {}): Lake => LAYOUTS[0].lake(ENV, { ...PREFIXES, ...prefixes });
const role = ({ stack }: Pick<Lake, 'stack'>) =>
  new Role(stack, 'Analysts', { assumedBy: new AccountPrincipal(ENV.account) });
/** A target with a different ARN per name. */
const target = (name: string): IRuleTarget =>
  ({ bind: () => ({ arn: `arn:aws:sqs:eu-central-1:123456789012:${name}` }) });

describe('grantQuery', () => {
  test.each<[string, (lake: Lake) => unknown, string]>([
    ['layers without a layer', () => ({ layers: [] }), 'VALUE_INVALID: Lake/Core: "layers" is empty.'],
    ['an unknown layer', () => ({ layers: ['platinum'] }), '"layers" contains "platinum", which is not a layer.'],
    ['datasets without a dataset', () => ({ datasets: [] }), 'DATASETS_REQUIRED: Lake/Core: "datasets" is empty.'],
    ['something that is not a dataset', () => ({ datasets: ['ndc'] }), 'PROP_TYPE_INVALID: Lake/Core: datasets[0] has'],
    ['an unknown option', () => ({ dataset: [] }), 'UNKNOWN_KEY: Lake/Core: options has the unknown key "dataset".'],
    [
      'a dataset of a layer that is not in layers',
      ({ core }) => ({ layers: [Layer.SILVER], datasets: [GoldDataset.fromName(core, 'ndc')] }),
      'SETTINGS_CONFLICT: Lake/Core: "datasets" contains "ndc" of the layer gold, which is not in "layers".',
    ],
    [
      'a layer without a dataset',
      ({ core }) => ({ layers: [Layer.GOLD, Layer.SILVER], datasets: [GoldDataset.fromName(core, 'ndc')] }),
      'SETTINGS_CONFLICT: Lake/Core: "layers" contains silver, but "datasets" has no dataset of this layer.',
    ],
    [
      'a dataset of another lake',
      ({ stack }) => ({
        datasets: [GoldDataset.fromName(EtlCore.fromPrefixes(stack, 'Dev', { resourcePrefix: 'pp-dw-dev' }), 'ndc')],
      }),
      'LAKE_MISMATCH: Lake/Core: datasets[0] is "ndc", which belongs to the lake "pp-dw-dev".',
    ],
  ])('fails on %s', (_, options, error) => {
    const lake = lakeOf();
    expect(() => lake.core.grantQuery(role(lake), options(lake) as QueryGrantOptions)).toThrow(error);
  });

  test.each<[string, (stack: Stack) => unknown, string]>([
    [
      'a service',
      () => new ServicePrincipal('glue.amazonaws.com'),
      'VALUE_INVALID: Lake/Core: the grantee is of the type ServicePrincipal, which cannot have an IAM policy.',
    ],
    ['an ARN', () => new ArnPrincipal('arn:aws:iam::123456789012:role/x'), 'which cannot have an IAM policy.'],
    ['a name', () => 'analysts', 'PROP_TYPE_INVALID: Lake/Core: grantee has the wrong type.'],
    [
      'an account',
      () => new AccountPrincipal('210987654321'),
      'ENVIRONMENT_MISMATCH: Lake/Core: the grantee of the type AccountPrincipal is in the account 210987654321',
    ],
    [
      'a role of another account',
      stack => Role.fromRoleArn(stack, 'Other', 'arn:aws:iam::210987654321:role/analysts'),
      'Grant access to a role in the account 123456789012 that principals of 210987654321 can assume.',
    ],
  ])('fails if the grantee is %s', (_, grantee, error) => {
    const lake = lakeOf();
    expect(() => lake.core.grantQuery(grantee(lake.stack) as IGrantable)).toThrow(error);
  });

  test('warns about an imported role that the app must not change', () => {
    const { core, stack } = lakeOf();
    core.grantQuery(Role.fromRoleName(stack, 'Own', 'analysts', { mutable: false }));
    expect(resources(stack, 'AWS::IAM::Policy')).toEqual([]);
    Annotations.fromStack(stack).hasWarning('/Lake/Core', Match.stringLikeRegexp('the grant has no effect'));
  });

  test.each(LAYOUTS)('adds the statements to the policy of an imported role: $name', ({ lake }) => {
    const { core, stack } = lake(ENV);
    const grant = core.grantQuery(Role.fromRoleName(stack, 'Own', 'analysts'));
    expect(grant.success).toBe(true);
    expect(resource(stack, 'AWS::IAM::Policy').Properties.Roles).toEqual(['analysts']);
  });

  test('adds the statements to the policy of a group', () => {
    const { core, stack } = lakeOf();
    core.grantQuery(new Group(stack, 'Group'));
    expect(resources(stack, 'AWS::IAM::Policy')).toHaveLength(1);
  });

  test('adds the statements to a managed policy of a user, because of the quota for inline policies', () => {
    const { core, stack } = lakeOf();
    const user = User.fromUserName(stack, 'Ann', 'ann');
    core.grantQuery(user);
    core.grantQuery(user, { layers: [Layer.SILVER] });
    expect(resource(stack, 'AWS::IAM::ManagedPolicy').Properties.Users).toEqual(['ann']);
    expect(resources(stack, 'AWS::IAM::Policy')).toEqual([]);
  });

  test('does not change the policy of the bucket', () => {
    const policyOf = (grants: boolean) => {
      const lake = lakeOf();
      if (grants) {
        lake.core.grantQuery(role(lake));
      }
      return resource(lake.stack, 'AWS::S3::BucketPolicy').Properties.PolicyDocument;
    };
    expect(policyOf(true)).toEqual(policyOf(false));
  });

  test('needs no export of the stack of the core', () => {
    const { app, core, stack } = LAYOUTS[1].lake(ENV, { ...PREFIXES, encrypted: true });
    core.grantQuery(role({ stack }));
    new TeamWorkGroup(stack, 'Finance', { core, team: 'finance' });
    app.synth();
    expect(Template.fromStack(Stack.of(core)).toJSON().Outputs).toBeUndefined();
    expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toContain('ImportValue');
  });
});

test('a dataset of another app can be granted to read in its own account only', () => {
  const lake = lakeOf();
  const dataset = bronze(lake);
  const other = Role.fromRoleArn(lake.stack, 'Other', 'arn:aws:iam::210987654321:role/reader');
  expect(() => dataset.grantRead(other)).toThrow('ENVIRONMENT_MISMATCH');
  expect(() => dataset.grantStart(other)).toThrow('ENVIRONMENT_MISMATCH');
});

describe('quotas of IAM', () => {
  const quoted = (core: Lake['core'], count: number) => Array.from({ length: count }, (_, index) =>
    GoldDataset.fromName(core, `monthly-sales-by-region-${index}`));
  const size = (document: unknown) => JSON.stringify(document).length;
  const managedPolicies = (stack: Stack) => resources(stack, 'AWS::IAM::ManagedPolicy')
    .map(({ Properties }) => Properties.PolicyDocument as { Statement: { Resource: string | string[] }[] });

  test.each<[string, (stack: Stack) => IGrantable, string, string]>([
    ['an imported role', stack => Role.fromRoleName(stack, 'Own', 'analysts'), 'Lake/Own', '10240'],
    ['a group', stack => new Group(stack, 'Group'), 'Lake/Group', '5120'],
    ['an imported group', stack => Group.fromGroupName(stack, 'Group', 'analysts'), 'Lake/Group', '5120'],
  ])('60 datasets exceed the quota of inline policies of %s', (_, grantee, path, quota) => {
    const { app, core, stack } = lakeOf();
    core.grantQuery(grantee(stack), { datasets: quoted(core, 60) });
    expect(() => app.synth()).toThrow(new RegExp(
      `^ROLE_POLICY_TOO_LARGE: ${path}: the inline policies of the grantee have 1\\d{4} characters; `
        + `the maximum is ${quota}\\. Grant access to layers instead of datasets\\. `,
    ));
  });

  test('the size of the inline policies includes statements that the app adds after the grant', () => {
    const { app, core, stack } = lakeOf();
    const own = Role.fromRoleName(stack, 'Own', 'analysts');
    core.grantQuery(own);
    own.addToPrincipalPolicy(new PolicyStatement({ actions: ['s3:*'], resources: ['b'.repeat(9_000)] }));
    expect(() => app.synth()).toThrow('ROLE_POLICY_TOO_LARGE');
  });

  test('the size of the inline policies includes all grants', () => {
    const { app, core, stack } = lakeOf();
    const own = Role.fromRoleName(stack, 'Own', 'analysts');
    quoted(core, 60).forEach(dataset => core.grantQuery(own, { datasets: [dataset] }));
    expect(() => app.synth()).toThrow('ROLE_POLICY_TOO_LARGE: Lake/Own: the inline policies of the grantee have ');
  });

  test.each<[string, (stack: Stack) => IGrantable]>([
    ['a role of the app, whose policy the CDK splits', stack => role({ stack })],
    ['a user', stack => new User(stack, 'User')],
  ])('60 datasets fit into the policies of %s', (_, grantee) => {
    const { app, core, stack } = lakeOf();
    core.grantQuery(grantee(stack), { datasets: quoted(core, 60) });
    expect(() => app.synth()).not.toThrow();
    expect(managedPolicies(stack).filter(document => size(document) > 6144)).toEqual([]);
  });

  test.each<[string, (stack: Stack) => IGrantable]>([
    ['an imported role', stack => Role.fromRoleName(stack, 'Own', 'analysts')],
    ['a group', stack => new Group(stack, 'Group')],
    ['a user', stack => new User(stack, 'User')],
  ])('grants of two layers fit into the policies of %s', (_, grantee) => {
    const { app, core, stack } = lakeOf({ encrypted: true });
    const to = grantee(stack);
    core.grantQuery(to, { layers: [Layer.SILVER] });
    core.grantQuery(to);
    expect(() => app.synth()).not.toThrow();
  });

  test('12 grants to a user need few managed policies, which contain all tables', () => {
    const { core, stack } = lakeOf();
    const user = new User(stack, 'User');
    const datasets = quoted(core, 12);
    datasets.forEach(dataset => core.grantQuery(user, { datasets: [dataset] }));
    const documents = managedPolicies(stack);
    expect(documents.length).toBeLessThan(10);
    expect(documents.filter(document => size(document) > 6144)).toEqual([]);
    const tables = datasets.map(({ dataset }) => `table/pp_dw_gold/${dataset.replace(/-/g, '_')}`);
    const text = JSON.stringify(documents);
    expect(tables.filter(table => !text.includes(`${table}"`))).toEqual([]);
  });

  test('fails if the grants of a user need more than ten managed policies', () => {
    const { core, stack } = lakeOf();
    const user = new User(stack, 'User');
    const grants = Array.from({ length: 15 }, (_, index) => quoted(core, 45 + index));
    expect(() => grants.forEach(datasets => core.grantQuery(user, { datasets }))).toThrow(
      'ROLE_POLICY_TOO_LARGE: Lake/User: the grants of the user need more than 10 managed policies of 6144 characters.',
    );
  });

  test('fails if a statement does not fit into a managed policy of a user', () => {
    const { core, stack } = lakeOf();
    expect(() => core.grantQuery(new User(stack, 'User'), { datasets: quoted(core, 200) })).toThrow(
      /^ROLE_POLICY_TOO_LARGE: Lake\/User: a statement of the grant has \d{5} characters; the maximum is 6144\. Grant/,
    );
  });
});

describe('onSuccess and onFailure', () => {
  const JOB = 'pp-dw-bronze-fda-nsde';
  const event = (state: string, jobRunId = 'jr_1', jobName = JOB) =>
    ({ 'source': 'aws.glue', 'detail-type': 'Glue Job State Change', 'detail': { jobName, state, jobRunId } });
  const ruleOf = ({ stack }: Lake) => resource(stack, 'AWS::Events::Rule').Properties;

  test('the targets of a dataset share a rule, up to the quota of five', () => {
    const lake = lakeOf();
    const dataset = bronze(lake);
    const rules = ['a', 'b', 'c', 'd', 'e', 'f'].map(name => dataset.onSuccess(target(name)));
    expect(new Set(rules.slice(0, 5)).size).toBe(1);
    expect(rules[5]).not.toBe(rules[0]);
    const targets = resources(lake.stack, 'AWS::Events::Rule').map(({ Properties }) => Properties.Targets as object[]);
    expect(targets.map(({ length }) => length)).toEqual([5, 1]);
  });

  test.each([
    ['SUCCEEDED', 'jr_1', JOB, true],
    ['SUCCEEDED', 'jr_1_attempt_1', JOB, true],
    ['FAILED', 'jr_1_attempt_1', JOB, false],
    ['STOPPED', 'jr_1', JOB, false],
    ['SUCCEEDED', 'jr_1', `${JOB}-2`, false],
    ['SUCCEEDED', 'jr_1', 'pp-dw-gold-fda-nsde', false],
  ])('onSuccess: an event with %s of %s of %s matches: %s', (state, run, job, expected) => {
    const lake = lakeOf();
    bronze(lake).onSuccess(target('queue'));
    expect(matches(pattern(ruleOf(lake)), event(state, run, job))).toBe(expected);
  });

  test.each([
    ['FAILED', 'jr_1', JOB, 1, false],
    ['FAILED', 'jr_1_attempt_1', JOB, 1, true],
    ['FAILED', 'jr_1_attempt_1', JOB, 2, false],
    ['FAILED', 'jr_1_attempt_2', JOB, 2, true],
    ['FAILED', 'jr_1', JOB, 0, true],
    ['TIMEOUT', 'jr_1', JOB, 1, true],
    ['STOPPED', 'jr_1', JOB, 1, true],
    ['ERROR', 'jr_1', JOB, 1, true],
    ['SUCCEEDED', 'jr_1', JOB, 1, false],
    ['TIMEOUT', 'jr_1', `${JOB}-2`, 1, false],
  ])('onFailure: an event with %s of %s of %s and %i retries matches: %s', (state, run, job, maxRetries, expected) => {
    const lake = lakeOf();
    bronze(lake, { maxRetries }).onFailure(target('queue'));
    expect(matches(pattern(ruleOf(lake)), event(state, run, job))).toBe(expected);
  });

  test('the number of retries can be that of the core', () => {
    const lake = lakeOf({ glueDefaults: { maxRetries: 3 } });
    bronze(lake).onFailure(target('queue'));
    expect(matches(pattern(ruleOf(lake)), event('FAILED', 'jr_1_attempt_3'))).toBe(true);
    expect(matches(pattern(ruleOf(lake)), event('FAILED', 'jr_1_attempt_1'))).toBe(false);
  });

  test('a dataset of a pipeline has the same rules, which match its job', () => {
    const lake = lakeOf();
    const dataset = bronze(lake);
    new EtlPipeline(lake.stack, 'Daily', { core: lake.core, datasets: [dataset] });
    dataset.onSuccess(target('queue'));
    expect(pattern(ruleOf(lake)).detail).toEqual({ jobName: [JOB], state: ['SUCCEEDED'] });
  });

  test('fails on something that is not a target', () => {
    expect(() => bronze(lakeOf()).onFailure('queue' as unknown as IRuleTarget)).toThrow('PROP_TYPE_INVALID');
  });

  function pattern({ EventPattern }: Resource['Properties']) {
    return EventPattern as Parameters<typeof matches>[0];
  }
});

describe('metrics', () => {
  test.each([
    ['metricRows', 'Rows', 'Maximum'],
    ['metricFailures', 'Failures', 'Sum'],
    ['metricDuration', 'DurationSeconds', 'Maximum'],
  ] as const)('%s is the metric %s that runs publish', (method, MetricName, Statistic) => {
    const lake = lakeOf({ metrics: true });
    const metric = gold(lake)[method]();
    new Alarm(lake.stack, 'Alarm', { metric, threshold: 1, evaluationPeriods: 1 });
    expect(resource(lake.stack, 'AWS::CloudWatch::Alarm').Properties).toMatchObject({
      Namespace: 'pp-dw',
      MetricName,
      Statistic,
      Period: 3600,
      Dimensions: [{ Name: 'Dataset', Value: 'fda-summary' }, { Name: 'Layer', Value: 'gold' }],
    });
  });

  test('options override the statistic and the period', () => {
    expect(gold(lakeOf({ metrics: true })).metricRows({ statistic: 'min' }).statistic).toBe('Minimum');
  });

  test.each(['metricRows', 'metricFailures', 'metricDuration'] as const)('%s fails without metrics', method => {
    expect(() => bronze(lakeOf())[method]()).toThrow('SETTING_REQUIRED: Lake/Bronze: metrics are disabled');
  });
});

describe('TeamWorkGroup', () => {
  const configurationOf = ({ stack }: Lake) => resources(stack, 'AWS::Athena::WorkGroup')
    .find(({ Properties }) => Properties.Name === 'pp-dw-finance')!.Properties;

  test('has its own results, the scan limit of the lake, and enforces its settings', () => {
    const lake = lakeOf();
    const team = new TeamWorkGroup(lake.stack, 'Finance', { core: lake.core, team: 'finance' });
    expect(configurationOf(lake)).toEqual({
      Name: 'pp-dw-finance',
      RecursiveDeleteOption: true,
      Tags: [{ Key: 'medallion:lake', Value: 'pp-dw' }],
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        BytesScannedCutoffPerQuery: 107_374_182_400,
        PublishCloudWatchMetricsEnabled: true,
        ResultConfiguration: {
          OutputLocation: 's3://pp-dw-123456789012/athena-finance/',
          EncryptionConfiguration: { EncryptionOption: 'SSE_S3' },
        },
      },
    });
    expect([team.workGroupName, team.resultsPrefix]).toEqual(['pp-dw-finance', 'athena-finance/']);
  });

  test('can have its own scan limit', () => {
    const lake = lakeOf();
    new TeamWorkGroup(lake.stack, 'Finance', { core: lake.core, team: 'finance', queryScanLimit: Size.gibibytes(20) });
    expect(configurationOf(lake).WorkGroupConfiguration.BytesScannedCutoffPerQuery).toBe(21_474_836_480);
  });

  test('uses the key of an encrypted lake, and the default encryption of the bucket if the key is not known', () => {
    const app = new App();
    const stack = new Stack(app, 'Lake', { env: ENV });
    const encryptionKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-central-1:123456789012:key/1');
    const core = new EtlCore(stack, 'Core', { ...PREFIXES, encryptionKey });
    new TeamWorkGroup(stack, 'Finance', { core, team: 'finance' });
    expect(configurationOf({ app, stack, core }).WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration)
      .toEqual({ EncryptionOption: 'SSE_KMS', KmsKey: 'arn:aws:kms:eu-central-1:123456789012:key/1' });

    const other = LAYOUTS[2].lake(ENV, { ...PREFIXES, encrypted: true });
    new TeamWorkGroup(other.stack, 'Finance', { core: other.core, team: 'finance' });
    expect(configurationOf(other).WorkGroupConfiguration.ResultConfiguration)
      .toEqual({ OutputLocation: 's3://pp-dw-123456789012/athena-finance/' });
  });

  test.each<[string, unknown, string]>([
    ['upper case', 'Finance', 'VALUE_INVALID: Lake/Team: "team" is "Finance".'],
    ['an underscore', 'fin_ance', 'VALUE_INVALID'],
    ['no name', undefined, '"team" is missing.'],
    ['a name that is too long', 'a'.repeat(123), 'NAME_TOO_LONG'],
  ])('fails on %s', (_, team, error) => {
    const { core, stack } = lakeOf();
    expect(() => new TeamWorkGroup(stack, 'Team', { core, team: team as string })).toThrow(error);
  });

  test('fails on a scan limit below the minimum of Athena', () => {
    const { core, stack } = lakeOf();
    expect(() => new TeamWorkGroup(stack, 'Team', { core, team: 'finance', queryScanLimit: Size.mebibytes(1) }))
      .toThrow('VALUE_INVALID: Lake/Team: queryScanLimit is 1048576 bytes, which is less than Athena');
  });

  test('fails on the name of another team, and of the workgroup of another lake', () => {
    const { core, stack } = lakeOf();
    new EtlCore(stack, 'Dev', { resourcePrefix: 'pp-dw-dev' });
    new TeamWorkGroup(stack, 'Finance', { core, team: 'finance' });
    expect(() => new TeamWorkGroup(stack, 'Same', { core, team: 'finance' })).toThrow(
      'NAME_TAKEN: Lake/Same: the workgroup "pp-dw-finance" is already used by "Lake/Finance".',
    );
    expect(() => new TeamWorkGroup(stack, 'Other', { core, team: 'dev' }))
      .toThrow('the workgroup "pp-dw-dev" is already used by "Lake/Dev".');
  });
});
