import * as fs from 'fs';
import * as path from 'path';
import { Auth, BronzeDatasetProps, SilverDataset, Source } from '../../src';
import { resources } from '../assembly';
import { bronze, ENV, Lake, LAYOUTS, PREFIXES } from '../layouts';
import { Call, isAllowed, Policy } from './policy-evaluator';

/** The policies of the job roles as they are deployed. The Python tests run each job with the policies of its role. */
const ROLES = path.join(__dirname, '..', '..', 'glue-templates', 'tests', 'roles.json');
/** The permissions that each kind of job requires, recorded by `glue-templates/tests/test_permissions.py`. */
const REQUIRED = path.join(__dirname, '..', '..', 'glue-templates', 'tests', 'required_permissions.json');

/** The inline and managed policies of a role, keyed by name or logical ID. */
type Policies = { [policy: string]: Policy };

/** The policies of the shared role, or of the role of a dataset with these props. */
function policiesOf(role: string, props: Partial<BronzeDatasetProps> = {}, source?: (lake: Lake) => Source): Policies {
  const lake = LAYOUTS[0].lake(ENV, { ...PREFIXES, metrics: true });
  bronze(lake, { dataset: 'dataset-name', ...props, ...source && { source: source(lake) } });
  const { Properties } = resources(lake.stack, 'AWS::IAM::Role').find(each => each.Properties.RoleName === role)!;
  const attached = (Properties.ManagedPolicyArns as string[] | undefined ?? []).map(arn =>
    resources(lake.stack, 'AWS::IAM::ManagedPolicy').find(({ id }) => arn === `\${${id}}`)!);
  return {
    ...Object.fromEntries(
      Properties.Policies.map(({ PolicyName, PolicyDocument }: { PolicyName: string; PolicyDocument: Policy }) => [
        PolicyName,
        PolicyDocument,
      ]),
    ),
    ...Object.fromEntries(attached.map(policy => [policy.id, policy.Properties.PolicyDocument as Policy])),
  };
}

const OWN = 'pp-dw-bronze-dataset-name-role';
const roles: { [role: string]: Policies } = {
  shared: policiesOf('pp-dw-glue-role'),
  secret: policiesOf(OWN, { auth: Auth.bearer({ secret: 'secret-name' }) }),
  table_values: policiesOf(OWN, { auth: Auth.bearer({ secret: 'secret-name' }) }, ({ core }) => Source.api({
    items: {
      url: 'https://api.example.org/{value}',
      forEachTable: { input: SilverDataset.fromName(core, 'input-name'), table: 'input_name', column: 'path' },
    },
  })),
  s3_folder: policiesOf(OWN, { source: Source.s3('s3://source-bucket/source-prefix/') }),
  s3_object: policiesOf(OWN, { source: Source.s3('s3://source-bucket/source-object') }),
};

test('the job tests use the synthesized policies', () => {
  const synthesized = `${JSON.stringify(roles, undefined, 1)}\n`;
  if (fs.readFileSync(ROLES, 'utf8') !== synthesized) {
    fs.writeFileSync(ROLES, synthesized);
    throw new Error(`${path.relative('', ROLES)} was not up to date. This test has written it again: commit the file.`);
  }
});

interface Kind {
  /** Keys of {@link roles}: the roles that a job of this kind can have. */
  readonly roles: string[];
  readonly required: Call[];
}

const kinds = JSON.parse(fs.readFileSync(REQUIRED, 'utf8')) as { [kind: string]: Kind };

test('the recorded kinds of jobs use every role', () => {
  expect(new Set(Object.values(kinds).flatMap(each => each.roles))).toEqual(new Set(Object.keys(roles)));
});

/** Each permission that a kind of job requires, with each role that the job can have. */
const table = Object.entries(kinds).flatMap(([kind, each]) =>
  each.roles.flatMap(role => each.required.map(required => [kind, role, required] as const)));

test.each(table)('%s with the role %s is allowed %j', async (_, role, required) => {
  const principal = `arn:aws:iam::${ENV.account}:role/${role}`;
  expect(await isAllowed(principal, required, Object.values(roles[role]))).toBe(true);
});
