import { resolve, Scope, Value } from '../../src/cli/intrinsics';

const scope: Scope = {
  stack: 'Datasets',
  account: '111122223333',
  region: 'eu-west-1',
  template: {
    Parameters: { Stage: { Default: 'dev' }, Secret: {} },
    Resources: {
      Lake: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { 'Fn::Sub': 'pp-dw-${AWS::AccountId}' } } },
      Bronze: { Type: 'AWS::Glue::Database', Properties: { DatabaseInput: { Name: 'pp_dw_bronze' } } },
      Unnamed: { Type: 'AWS::S3::Bucket', Properties: {} },
      Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'alerts' } },
    },
  },
};

const RESOLVED: [string, Value, Value][] = [
  ['a string', 'a', 'a'],
  ['a number', 2, 2],
  ['the account', { Ref: 'AWS::AccountId' }, '111122223333'],
  ['the region', { Ref: 'AWS::Region' }, 'eu-west-1'],
  ['the partition', { Ref: 'AWS::Partition' }, 'aws'],
  ['the stack', { Ref: 'AWS::StackName' }, 'Datasets'],
  ['a parameter with a default', { Ref: 'Stage' }, 'dev'],
  ['a named bucket', { Ref: 'Lake' }, 'pp-dw-111122223333'],
  ['a named database', { Ref: 'Bronze' }, 'pp_dw_bronze'],
  ['a join', { 'Fn::Join': ['-', ['pp', { Ref: 'Stage' }, 'x']] }, 'pp-dev-x'],
  ['a substitution', { 'Fn::Sub': 's3://${Lake}/${!Literal}/${AWS::Region}' }, 's3://pp-dw-111122223333/${Literal}/eu-west-1'],
  ['a substitution with variables', { 'Fn::Sub': ['${a}/${Stage}', { a: { Ref: 'Lake' } }] }, 'pp-dw-111122223333/dev'],
  ['a selection', { 'Fn::Select': [1, ['a', 'b']] }, 'b'],
  ['a split', { 'Fn::Select': [0, { 'Fn::Split': ['.', 'a.b'] }] }, 'a'],
  ['a function in a list in an object', { a: [{ Ref: 'Stage' }] }, { a: ['dev'] }],
];

test.each(RESOLVED)('%s is resolved', (_what, value, expected) => {
  expect(resolve(value, scope, 'Name of Job')).toEqual(expected);
});

const UNRESOLVABLE: [string, Value, RegExp][] = [
  ['an attribute', { 'Fn::GetAtt': ['Topic', 'TopicArn'] }, /Fn::GetAtt \["Topic","TopicArn"\]/],
  ['an import', { 'Fn::ImportValue': 'x' }, /Fn::ImportValue "x"/],
  ['a bucket without a name', { Ref: 'Unnamed' }, /the name of Unnamed \(AWS::S3::Bucket\)/],
  ['a resource of another type', { Ref: 'Topic' }, /the name of Topic/],
  ['a parameter without a default', { Ref: 'Secret' }, /Secret, which has no default value/],
  ['an attribute in a substitution', { 'Fn::Sub': '${Topic.Arn}' }, /Topic\.Arn/],
];

test.each(UNRESOLVABLE)('%s is an error that names the property and the fix', (_what, value, expected) => {
  const resolving = () => resolve(value, scope, 'Name of Job');
  expect(resolving).toThrow(expected);
  expect(resolving).toThrow(/^Name of Job in stack Datasets depends on .*use a fixed name/);
});
