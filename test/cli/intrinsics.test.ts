import { resolve, Scope, Value } from '../../src/cli/intrinsics';
import { unknownMessage, unknownValuesIn } from '../../src/cli/unknown-value';

const scope: Scope = {
  stack: 'Datasets',
  account: '111122223333',
  region: 'eu-west-1',
  template: {
    Parameters: {
      Stage: { Default: 'dev' },
      Secret: {},
      Urls: { Type: 'CommaDelimitedList', Default: 'a,b' },
      SsmUrl: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/lake/url' },
      SsmName: { Type: 'AWS::SSM::Parameter::Value<String>' },
    },
    Mappings: { Sources: { 'eu-west-1': { host: 'example.org' } } },
    Conditions: {
      IsDev: { 'Fn::Equals': [{ Ref: 'Stage' }, 'dev'] },
      IsProd: { 'Fn::Not': [{ Condition: 'IsDev' }] },
      IsEither: { 'Fn::Or': [{ Condition: 'IsProd' }, { Condition: 'IsDev' }] },
      IsBoth: { 'Fn::And': [{ Condition: 'IsProd' }, { Condition: 'IsDev' }] },
      IsSecret: { 'Fn::Equals': [{ Ref: 'Secret' }, 'x'] },
    },
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
  [
    'a substitution',
    { 'Fn::Sub': 's3://${Lake}/${!Literal}/${AWS::Region}' },
    's3://pp-dw-111122223333/${Literal}/eu-west-1',
  ],
  ['a substitution with variables', { 'Fn::Sub': ['${a}/${Stage}', { a: { Ref: 'Lake' } }] }, 'pp-dw-111122223333/dev'],
  ['a selection', { 'Fn::Select': [1, ['a', 'b']] }, 'b'],
  ['a split', { 'Fn::Select': [0, { 'Fn::Split': ['.', 'a.b'] }] }, 'a'],
  ['an element of a list parameter', { 'Fn::Select': [1, { Ref: 'Urls' }] }, 'b'],
  ['a value of a mapping', { 'Fn::FindInMap': ['Sources', { Ref: 'AWS::Region' }, 'host'] }, 'example.org'],
  ['a condition that holds', { 'Fn::If': ['IsDev', 'a', { 'Fn::ImportValue': 'x' }] }, 'a'],
  ['a condition that does not hold', { 'Fn::If': ['IsProd', { 'Fn::ImportValue': 'x' }, 'b'] }, 'b'],
  [
    'a combined condition',
    { 'Fn::Join': ['', [{ 'Fn::If': ['IsEither', 1, 2] }, { 'Fn::If': ['IsBoth', 1, 2] }]] },
    '12',
  ],
  ['a function in a list in an object', { a: [{ Ref: 'Stage' }] }, { a: ['dev'] }],
];

test.each(RESOLVED)('%s is resolved', (_what, value, expected) => {
  expect(resolve(value, scope)).toEqual(expected);
});

const UNKNOWN: [what: string, value: Value, name: string, description: string][] = [
  [
    'an attribute',
    { 'Fn::GetAtt': ['Topic', 'TopicArn'] },
    'Topic.TopicArn',
    'the attribute TopicArn of Topic (AWS::SNS::Topic)',
  ],
  ['an attribute in a text', { 'Fn::GetAtt': 'Topic.TopicArn' }, 'Topic.TopicArn', 'the attribute TopicArn of Topic'],
  ['an import', { 'Fn::ImportValue': { 'Fn::Sub': 'x-${Stage}' } }, 'x-dev', 'the export x-dev of another stack'],
  ['a bucket without a name', { Ref: 'Unnamed' }, 'Unnamed', 'the name of Unnamed (AWS::S3::Bucket)'],
  ['a resource of another type', { Ref: 'Topic' }, 'Topic', 'the name of Topic (AWS::SNS::Topic)'],
  ['a parameter without a default', { Ref: 'Secret' }, 'Secret', 'the parameter Secret, which has no default value'],
  ['an SSM parameter', { Ref: 'SsmUrl' }, '/lake/url', 'the SSM parameter /lake/url'],
  ['an SSM parameter without a name', { Ref: 'SsmName' }, 'SsmName', 'the SSM parameter that SsmName names'],
  [
    'a dynamic reference',
    'https://{{resolve:ssm:/lake/host:1}}/',
    'ssm:/lake/host:1',
    'the dynamic reference {{resolve:ssm:/lake/host:1}}',
  ],
  ['an attribute in a substitution', { 'Fn::Sub': '${Topic.Arn}' }, 'Topic.Arn', 'the attribute Arn of Topic'],
  [
    'the first part of an unknown text',
    { 'Fn::Select': [0, { 'Fn::Split': [':', { Ref: 'Secret' }] }] },
    'Secret',
    'the parameter Secret',
  ],
  ['an unknown condition', { 'Fn::If': ['IsSecret', 'a', 'b'] }, 'IsSecret', 'the condition IsSecret'],
  ['a function without a local value', { 'Fn::GetAZs': '' }, 'Fn::GetAZs', 'the function Fn::GetAZs ""'],
];

test.each(UNKNOWN)('%s is marked with its name', (_what, value, name, description) => {
  const [unknown, ...others] = unknownValuesIn(JSON.stringify(resolve(['s3://', value], scope)));
  expect([unknown.name, others]).toEqual([name, []]);
  expect(unknown.description).toContain(description);
  expect(unknownMessage('source_url of bronze/a', unknown))
    .toMatch(/^source_url of bronze\/a depends on .*, which is only known at deployment. For a local run, add --value /);
});

test.each(UNKNOWN)('%s is known if --value has its name, or its stack and name', (_what, value, name) => {
  for (const values of [{ [name]: 'given' }, { [`Datasets:${name}`]: 'given', [name]: 'other' }]) {
    const text = JSON.stringify(resolve(['s3://', value], { ...scope, values }));
    expect([text.includes('given'), unknownValuesIn(text)]).toEqual([true, []]);
  }
});

test('any part of an unknown text is unknown', () => {
  const part = { 'Fn::Select': [5, { 'Fn::Split': [':', { 'Fn::GetAtt': ['Topic', 'TopicArn'] }] }] };
  expect(unknownValuesIn(String(resolve(part, scope)))).toMatchObject([{ name: 'Topic.TopicArn' }]);
  const values = { 'Topic.TopicArn': 'arn:aws:sns:eu-west-1:1:alerts' };
  expect(resolve(part, { ...scope, values })).toBe('alerts');
});

test('a given value replaces the default of a parameter, and the elements of a list', () => {
  const values = { Stage: 'prod', Urls: 'x,y' };
  expect(resolve([{ Ref: 'Stage' }, { Ref: 'Urls' }], { ...scope, values })).toEqual(['prod', ['x', 'y']]);
});
