import { Annotations as CdkAnnotations, App, CfnResource, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Group, IRole, Role, ServicePrincipal, User } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Auth, BronzeDataset, EtlCore, EtlCoreProps, Layer, Source, TableFormat } from '../src';
import { resource, resources } from './assembly';
import { bronze, ENV, gold, Lake, LAYOUTS, PREFIXES } from './layouts';

const BUCKET = 'arn:aws:s3:::pp-dw-123456789012';
const CONTROLLED = { ...PREFIXES, lakeFormation: true };

function stackWith(props: Partial<EtlCoreProps> | ((stack: Stack) => Partial<EtlCoreProps>) = {}): Stack {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  new EtlCore(stack, 'Core', { ...CONTROLLED, ...typeof props === 'function' ? props(stack) : props });
  return stack;
}

/** The name of a role in a template, whether the template creates it or refers to it. */
function roleName(stack: Stack, arn: unknown): string {
  const own = resources(stack, 'AWS::IAM::Role').find(({ id }) => JSON.stringify(arn).includes(id));
  return own?.Properties.RoleName ?? String(arn).split('role/')[1];
}

/** Describes a catalog resource in one line. */
function nameOf({ Database, Table, DataLocation }: { [type: string]: { [key: string]: unknown } }): string {
  if (Table) {
    expect(Table.TableWildcard ?? Table.Name).toBeDefined();
    return `tables ${String(Table.DatabaseName)}.${Table.Name === undefined ? '*' : String(Table.Name)}`;
  }
  return Database ? `database ${String(Database.Name)}` : `location ${String(DataLocation.ResourceArn)}`;
}

/** All grants of a stack: `<role> | <catalog resource> | <permissions>`. */
function grantsOf(stack: Stack): string[] {
  return resources(stack, 'AWS::LakeFormation::PrincipalPermissions').map(({ Properties }) => {
    expect(Properties.PermissionsWithGrantOption).toEqual([]);
    const role = roleName(stack, Properties.Principal.DataLakePrincipalIdentifier);
    return [role, nameOf(Properties.Resource), Properties.Permissions.join(', ')].join(' | ');
  }).sort();
}

/** The grants that a role of jobs and crawlers needs for a layer. */
function rowsOf(role: string, layer: string, bucket = BUCKET, databases = 'pp_dw'): string[] {
  return [
    `${role} | database ${databases}_${layer} | CREATE_TABLE, DESCRIBE`,
    `${role} | tables ${databases}_${layer}.* | ALTER, DESCRIBE`,
    `${role} | location ${bucket}/${layer} | DATA_LOCATION_ACCESS`,
  ];
}

const SHARED = ['bronze', 'silver', 'gold'].flatMap(layer => rowsOf('pp-dw-glue-role', layer)).sort();

function stacksOf({ app }: Lake): Stack[] {
  return app.node.findAll().filter((construct): construct is Stack => Stack.isStack(construct));
}

const vendor = { dataset: 'vendor', auth: Auth.bearer({ secret: 'vendor/api' }) };

test('by default, a lake has no Lake Formation resources, and its databases keep the default permissions', () => {
  const stack = stackWith({ lakeFormation: undefined });
  expect(resources(stack).filter(({ Type }) => Type.startsWith('AWS::LakeFormation'))).toEqual([]);
  for (const { Properties } of resources(stack, 'AWS::Glue::Database')) {
    expect(Properties.DatabaseInput).not.toHaveProperty('CreateTableDefaultPermissions');
  }
});

test('only the folders of the layers are registered, with the role of the lake and without hybrid access', () => {
  const stack = stackWith();
  const locations = resources(stack, 'AWS::LakeFormation::Resource').map(({ Properties }) => Properties);
  expect(locations.map(({ ResourceArn }) => ResourceArn)).toEqual(
    ['bronze', 'silver', 'gold'].map(layer => `${BUCKET}/${layer}`));
  for (const { UseServiceLinkedRole, HybridAccessEnabled, RoleArn } of locations) {
    expect([UseServiceLinkedRole, HybridAccessEnabled]).toEqual([false, false]);
    expect(roleName(stack, RoleArn)).toBe('pp-dw-lake-formation-role');
  }
});

test('AWS Glue and Lake Formation can assume the registration role', () => {
  const role = resources(stackWith(), 'AWS::IAM::Role')
    .find(({ Properties }) => Properties.RoleName === 'pp-dw-lake-formation-role');
  const statements: { Action: string; Principal: object }[] = role!.Properties.AssumeRolePolicyDocument.Statement;
  expect(statements.map(({ Action, Principal }) => [Action, Principal])).toEqual(
    ['glue.amazonaws.com', 'lakeformation.amazonaws.com'].map(Service => ['sts:AssumeRole', { Service }]));
});

test('new tables in new databases have no permissions for IAMAllowedPrincipals', () => {
  const databases = resources(stackWith(), 'AWS::Glue::Database').map(({ Properties }) => Properties.DatabaseInput);
  expect(databases.map(({ CreateTableDefaultPermissions: permissions }) => permissions)).toEqual([[], [], []]);
});

test('each database has the tag of its layer, which an administrator can grant by', () => {
  const stack = stackWith();
  expect(resource(stack, 'AWS::LakeFormation::Tag').Properties).toEqual({
    CatalogId: ENV.account, TagKey: 'pp-dw-layer', TagValues: ['bronze', 'silver', 'gold'],
  });
  expect(resources(stack, 'AWS::LakeFormation::TagAssociation').map(({ Properties }) => [
    Properties.Resource.Database.Name, Properties.LFTags,
  ])).toEqual(['bronze', 'silver', 'gold'].map(layer => [
    `pp_dw_${layer}`, [{ CatalogId: ENV.account, TagKey: 'pp-dw-layer', TagValues: [layer] }],
  ]));
});

test.each<[string, Partial<EtlCoreProps>, string[]]>([
  ['a core', {}, SHARED],
  ['existing databases', { existingDatabases: true }, SHARED],
  [
    'an existing bucket and another database prefix',
    { existingBucketName: 'our-lake', databasePrefix: 'lake' },
    ['bronze', 'silver', 'gold'].flatMap(layer => rowsOf('pp-dw-glue-role', layer, 'arn:aws:s3:::our-lake', 'lake')),
  ],
])('%s grants the shared role what jobs and crawlers need in each layer', (_, props, expected) => {
  expect(grantsOf(stackWith(props))).toEqual([...expected].sort());
});

test('existing databases are tagged, but not changed', () => {
  const stack = stackWith({ existingDatabases: true });
  expect(resources(stack, 'AWS::Glue::Database')).toEqual([]);
  expect(resources(stack, 'AWS::LakeFormation::TagAssociation')).toHaveLength(3);
});

test('the registration role of an encrypted lake can use its key, only for the bucket of the lake', () => {
  const arn = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111';
  const stack = stackWith(scope => ({ encryptionKey: Key.fromKeyArn(scope, 'Own', arn) }));
  const role = resources(stack, 'AWS::IAM::Role')
    .find(({ Properties }) => Properties.RoleName === 'pp-dw-lake-formation-role');
  const key = role!.Properties.Policies.find((each: { PolicyName: string }) => each.PolicyName === 'key');
  expect(key.PolicyDocument.Statement).toEqual([{
    Effect: 'Allow',
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: arn,
    Condition: {
      StringEquals: { 'kms:ViaService': 's3.eu-central-1.amazonaws.com' },
      StringLike: { 'kms:EncryptionContext:aws:s3:arn': [BUCKET, `${BUCKET}/*`] },
    },
  }]);
});

test('a prefix that is too long for the registration role is an error', () => {
  const resourcePrefix = 'a'.repeat(45);
  expect(() => stackWith({ resourcePrefix })).toThrow(
    `NAME_TOO_LONG: Core/Core/LakeFormation: the name of the role "${resourcePrefix}-lake-formation-role" has 65 `
      + 'characters; the maximum is 64. Use a prefix of at most 44 characters.');
  expect(() => stackWith({ resourcePrefix, lakeFormation: false })).not.toThrow();
});

describe.each(LAYOUTS)('in the layout $name', ({ lake: create, name }) => {
  const isImported = name === 'the core in another app';

  test('a dataset with the shared role adds only its job, crawler and schedule', () => {
    const add = (lakeFormation: boolean) => {
      const lake = create(ENV, { ...PREFIXES, lakeFormation });
      const dataset = bronze(lake);
      return dataset.node.findAll().filter(CfnResource.isCfnResource).map(each => each.cfnResourceType);
    };
    expect(add(true)).toEqual(add(false));
  });

  test('a dataset with its own role gets the grants of its layer, and none on the layer of its inputs', () => {
    const lake = create(ENV, CONTROLLED);
    const source = bronze(lake, vendor);
    gold(lake, { dataset: 'summary', inputs: [source] });
    const expected = rowsOf('pp-dw-bronze-vendor-role', 'bronze');
    expect(stacksOf(lake).flatMap(grantsOf).sort()).toEqual([...isImported ? [] : SHARED, ...expected].sort());
  });

  test('an Iceberg dataset with its own role gets the same grants, which its job needs to publish', () => {
    const lake = create(ENV, CONTROLLED);
    bronze(lake, { ...vendor, tableFormat: TableFormat.ICEBERG });
    expect(grantsOf(lake.stack)).toEqual(expect.arrayContaining(rowsOf('pp-dw-bronze-vendor-role', 'bronze')));
  });

  test('a dataset grants nothing to a role that you pass, and warns which permissions the role needs', () => {
    const lake = create(ENV, CONTROLLED);
    const role = Role.fromRoleName(lake.stack, 'Own', 'org-bronze');
    const own = bronze(lake, { dataset: 'a', role }, 'A');
    bronze(lake, { dataset: 'b', role }, 'B');
    expect(stacksOf(lake).flatMap(grantsOf).sort()).toEqual(isImported ? [] : SHARED);
    expect(Annotations.fromStack(lake.stack).findWarning('/Lake/A', Match.anyValue()).map(({ entry }) => entry.data))
      .toEqual([
        'no Lake Formation permissions are granted to the role of the dataset "a". Its job and crawler need '
          + 'CREATE_TABLE and DESCRIBE on the database pp_dw_bronze, ALTER and DESCRIBE on its tables, and '
          + 'DATA_LOCATION_ACCESS on the folder bronze/ of the bucket. Add the role to roles of the core: '
          + "{ datasets: { 'bronze/a': role } }. "
          + 'Or grant the permissions yourself (see docs/access/lake-formation.md), and acknowledge the warning: '
          + "Annotations.of(dataset).acknowledgeWarning('cdk-glue-medallion:lake-formation-role'). "
          + '[ack: cdk-glue-medallion:lake-formation-role]',
      ]);
    CdkAnnotations.of(own).acknowledgeWarning('cdk-glue-medallion:lake-formation-role');
    Annotations.fromStack(lake.stack).hasNoWarning('/Lake/A', Match.anyValue());
  });

  test('a role in roles.datasets has the grants of the layers of its keys, for all datasets that use it', () => {
    const role = Role.fromRoleName(new Stack(undefined, 'Scope', { env: ENV }), 'Own', 'org-bronze');
    const lake = create(ENV, { ...CONTROLLED, roles: { datasets: { 'bronze/a': role } } });
    bronze(lake, { dataset: 'a' }, 'A');
    bronze(lake, { dataset: 'b', role: Role.fromRoleName(lake.stack, 'Same', 'org-bronze') }, 'B');
    gold(lake, { dataset: 'c', inputs: [BronzeDataset.fromName(lake.core, 'a')], role }, 'C');
    expect(Annotations.fromStack(lake.stack).findWarning('*', Match.anyValue())).toHaveLength(1);
    Annotations.fromStack(lake.stack).hasWarning('/Lake/C', Match.stringLikeRegexp("'gold/c': role"));
    expect(stacksOf(lake).flatMap(grantsOf).sort()).toEqual(
      isImported ? [] : [...SHARED, ...rowsOf('org-bronze', 'bronze')].sort());
  });

  test('the shared role that you pass has the grants of the core', () => {
    const lake = create(ENV, CONTROLLED);
    bronze(lake, { dataset: 'a', role: Role.fromRoleName(lake.stack, 'Same', 'pp-dw-glue-role') });
    Annotations.fromStack(lake.stack).hasNoWarning('*', Match.anyValue());
    expect(stacksOf(lake).flatMap(grantsOf).sort()).toEqual(isImported ? [] : SHARED);
  });

  test('the core grants the existing roles that it knows, and the datasets do not grant them again', () => {
    const scope = new Stack(undefined, 'Scope', { env: ENV });
    const role = (id: string): IRole => Role.fromRoleName(scope, id, id);
    const ofVendor = role('org-vendor');
    const lake = create(ENV, {
      ...CONTROLLED,
      roles: {
        glue: role('org-glue'),
        scheduler: role('org-scheduler'),
        lakeFormation: role('org-lake-formation'),
        datasets: { 'bronze/vendor': ofVendor, 'bronze/other': ofVendor },
      },
    });
    bronze(lake, vendor);
    bronze(lake, { dataset: 'shared', role: Role.fromRoleName(lake.stack, 'Glue', 'org-glue') }, 'Shared');
    const expected = ['bronze', 'silver', 'gold'].flatMap(layer => rowsOf('org-glue', layer));
    const all = stacksOf(lake);
    expect(all.flatMap(grantsOf).sort()).toEqual(
      isImported ? [] : [...expected, ...rowsOf('org-vendor', 'bronze')].sort());
    for (const { Properties } of all.flatMap(stack => resources(stack, 'AWS::LakeFormation::Resource'))) {
      expect(Properties.RoleArn).toBe('arn:aws:iam::123456789012:role/org-lake-formation');
    }
  });
});

describe('the order of the deployment', () => {
  const app = new App();
  const stack = new Stack(app, 'Lake', { env: ENV });
  const lake = { app, stack, core: new EtlCore(stack, 'Core', CONTROLLED) };
  bronze(lake, { dataset: 'shared' }, 'Shared');
  bronze(lake, { ...vendor, source: Source.url('https://example.org/a.csv') }, 'Vendor');
  lake.core.grantQuery(Role.fromRoleName(stack, 'Analysts', 'analysts'));
  bronze(lake, { dataset: 'other', auth: Auth.bearer({ secret: 'vendor/api' }) }, 'Other');
  const dependencies = (id: string): string[] =>
    resources(stack).find(each => each.id === id)!.DependsOn?.map(each => each.replace(/[0-9A-F]{8}$/, '')) ?? [];
  const lakeFormation = lake.core.node.findChild('LakeFormation');
  const idOf = (id: string): string => stack.getLogicalId(lakeFormation.node.findChild(id) as CfnResource);

  test('locations are registered after the bucket and the role', () => {
    expect(dependencies(idOf('BronzeLocation'))).toEqual(
      expect.arrayContaining(['CoreBucket', 'CoreLakeFormationRole']));
  });

  test('tags and grants of the core follow the databases, the tag and the location', () => {
    expect(dependencies(idOf('GoldTag'))).toEqual(
      expect.arrayContaining(['CoreGoldDatabase', 'CoreLakeFormationLayerTag']));
    for (const grant of ['BronzeDatabaseGrant', 'BronzeTablesGrant', 'BronzeDataGrant']) {
      expect(dependencies(idOf(grant))).toEqual(
        expect.arrayContaining(['CoreBronzeDatabase', 'CoreLakeFormationBronzeLocation']));
    }
  });

  test('jobs follow the grants of their role', () => {
    const job = (id: string) => resources(stack, 'AWS::Glue::Job').find(each => each.Properties.Name.endsWith(id))!.id;
    const grants = (scope: string) => ['Database', 'Tables', 'Data'].map(each => `${scope}Bronze${each}Grant`);
    expect(dependencies(job('other'))).toEqual(expect.arrayContaining(grants('Other')));
    expect(dependencies(job('shared'))).toEqual(expect.arrayContaining(grants('CoreLakeFormation')));
    expect(dependencies(job('vendor'))).toEqual(expect.arrayContaining(grants('Vendor')));
  });

  test('each grant waits for the previous one of its stack, because simultaneous ones fail', () => {
    const grants = resources(stack, 'AWS::LakeFormation::PrincipalPermissions');
    const ids = grants.map(({ id }) => id);
    const previous = grants.map(({ DependsOn = [] }) => DependsOn.filter(each => ids.includes(each)));
    expect(previous.map(each => each.length).sort()).toEqual([0, ...ids.slice(1).map(() => 1)]);
    expect(new Set(previous.flat()).size).toBe(ids.length - 1);
  });
});

test('grants in different stacks do not depend on each other, so datasets can be created in any order', () => {
  const app = new App();
  const core = new EtlCore(new Stack(app, 'Core', { env: ENV }), 'Core', CONTROLLED);
  const [first, second] = ['First', 'Second'].map(id => new Stack(app, id, { env: ENV }));
  const role = new Role(first, 'Own', { roleName: 'own', assumedBy: new ServicePrincipal('glue.amazonaws.com') });
  const named = (stack: Stack, dataset: string, props = {}) =>
    bronze({ stack, core }, { ...vendor, dataset, ...props }, dataset);
  [first, second, first, second].forEach((stack, index) => named(stack, `vendor${index}`));
  named(first, 'passed1', { role: Role.fromRoleName(first, 'Passed', 'passed') });
  named(second, 'passed2', { role: Role.fromRoleName(second, 'Passed', 'passed') });
  named(first, 'passed3', { role });
  app.synth();
  expect([first, second].map(stack => stack.dependencies.map(({ node }) => node.id))).toEqual([['Core'], ['Core']]);
});

test('the logical ID of a grant does not depend on other datasets and other grants', () => {
  const grantIds = (names: string[]): { [grant: string]: string } => {
    const scope = new Stack(undefined, 'Scope', { env: ENV });
    const role = (id: string) => Role.fromRoleName(scope, id, id);
    const stack = new Stack(new App(), 'Lake', { env: ENV });
    const core = new EtlCore(stack, 'Core', {
      ...CONTROLLED,
      roles: { datasets: Object.fromEntries(names.map(name => [`bronze/${name}`, role(`org-${name}`)])) },
    });
    const analysts = Role.fromRoleName(stack, 'Analysts', 'analysts');
    names.forEach(name => {
      core.grantQuery(analysts, { datasets: [bronze({ stack, core }, { dataset: name }, name)] });
      core.grantQuery(Role.fromRoleName(stack, `Of${name}`, `of-${name}`));
    });
    return Object.fromEntries(resources(stack, 'AWS::LakeFormation::PrincipalPermissions').map(({ id, Properties }) =>
      [JSON.stringify([Properties.Principal, Properties.Resource]), id]));
  };
  const ids = grantIds(['a', 'b']);
  expect(grantIds(['b', 'a'])).toEqual(ids);
  expect(ids).toMatchObject(grantIds(['b']));
});

describe('grantQuery', () => {
  const READS_GOLD = [
    'analysts | database pp_dw_gold | DESCRIBE',
    'analysts | tables pp_dw_gold.* | DESCRIBE, SELECT',
  ];

  describe.each(LAYOUTS)('in the layout $name', ({ lake: create }) => {
    const ofAnalysts = (lake: Lake) =>
      stacksOf(lake).flatMap(grantsOf).filter(row => row.startsWith('analysts')).sort();

    test('grants the tables of the layers to the role, once for repeated calls', () => {
      const lake = create(ENV, CONTROLLED);
      lake.core.grantQuery(Role.fromRoleName(lake.stack, 'Analysts', 'analysts'));
      lake.core.grantQuery(Role.fromRoleName(lake.stack, 'Same', 'analysts'), { layers: [Layer.GOLD] });
      expect(ofAnalysts(lake)).toEqual(READS_GOLD);
    });

    test('grants only the tables of datasets, and warns that they must exist', () => {
      const lake = create(ENV, CONTROLLED);
      const dataset = gold(lake, { dataset: 'summary', inputs: [BronzeDataset.fromName(lake.core, 'a')] });
      lake.core.grantQuery(Role.fromRoleName(lake.stack, 'Analysts', 'analysts'), { datasets: [dataset] });
      expect(ofAnalysts(lake)).toEqual([
        'analysts | database pp_dw_gold | DESCRIBE', 'analysts | tables pp_dw_gold.summary | DESCRIBE, SELECT',
      ]);
      Annotations.fromStack(Stack.of(lake.core)).hasWarning('*', Match.stringLikeRegexp(
        'Lake Formation grants on pp_dw_gold.summary fails until these tables exist'));
    });

    test('the role can get credentials from Lake Formation, and cannot read the objects of tables itself', () => {
      const lake = create(ENV, CONTROLLED);
      lake.core.grantQuery(Role.fromRoleName(lake.stack, 'Analysts', 'analysts'));
      const policies = stacksOf(lake).flatMap(stack => resources(stack, 'AWS::IAM::Policy'))
        .filter(({ Properties }) => Properties.Roles.includes('analysts'));
      const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
      expect(statements).toContainEqual({ Effect: 'Allow', Action: 'lakeformation:GetDataAccess', Resource: '*' });
      const objects = statements.filter(({ Action }) => Action.includes('s3:GetObject'));
      expect(objects.map(({ Resource }) => Resource)).toEqual([`${BUCKET}/athena/*`]);
      const lists = statements.filter(({ Action }) => Action === 's3:ListBucket');
      expect(lists.map(({ Condition }) => Condition.StringLike['s3:prefix'])).toEqual([['athena/*']]);
    });
  });

  test('grantRead grants the tables of the dataset in Lake Formation, without the objects and the key in IAM', () => {
    const stack = new Stack(new App(), 'Lake', { env: ENV });
    const core = new EtlCore(stack, 'Core', { ...CONTROLLED, encrypted: true });
    bronze({ stack, core }).grantRead(Role.fromRoleName(stack, 'Reader', 'reader'));
    expect(grantsOf(stack).filter(row => row.startsWith('reader'))).toEqual([
      'reader | database pp_dw_bronze | DESCRIBE', 'reader | tables pp_dw_bronze.fda_nsde | DESCRIBE, SELECT',
    ]);
    const { PolicyDocument } = resources(stack, 'AWS::IAM::Policy')
      .find(({ Properties }) => Properties.Roles?.includes('reader'))!.Properties;
    const actions: string[] = PolicyDocument.Statement.flatMap(({ Action }: { Action: string | string[] }) => Action);
    expect(actions).toContain('lakeformation:GetDataAccess');
    expect(actions.filter(action => /^(s3|kms):/.test(action))).toEqual(['s3:GetBucketLocation']);
  });

  test('repeated grants of a table to the same role are one grant, even if a dataset occurs twice', () => {
    const stack = new Stack(new App(), 'Lake', { env: ENV });
    const core = new EtlCore(stack, 'Core', CONTROLLED);
    const dataset = bronze({ stack, core });
    core.grantQuery(Role.fromRoleName(stack, 'Analysts', 'analysts'), { datasets: [dataset, dataset] });
    core.grantQuery(Role.fromRoleName(stack, 'Same', 'analysts'), { datasets: [dataset] });
    expect(grantsOf(stack).filter(row => row.startsWith('analysts'))).toEqual([
      'analysts | database pp_dw_bronze | DESCRIBE', 'analysts | tables pp_dw_bronze.fda_nsde | DESCRIBE, SELECT',
    ]);
  });

  test('grants to a role that two stacks import are an error, because the second stack would fail to deploy', () => {
    const app = new App();
    const core = new EtlCore(new Stack(app, 'Core', { env: ENV }), 'Core', CONTROLLED);
    const [first, second] = ['First', 'Second'].map(id =>
      Role.fromRoleName(new Stack(app, id, { env: ENV }), 'Analysts', 'analysts'));
    core.grantQuery(first);
    expect(() => core.grantQuery(second)).toThrow(
      'SETTINGS_CONFLICT: Second/LakeFormationGrants/Role-analysts/pp_dw_gold: the stacks "First" and "Second" grant '
        + 'Lake Formation permissions on the same resource to "Second/Analysts". Import the role or the user once, and '
        + 'pass the imported construct to all calls of grantQuery and grantRead. If jobs of datasets use the role, add '
        + 'it to roles.datasets of the core.');
    expect(() => core.grantQuery(second, { layers: [Layer.BRONZE] })).not.toThrow();
  });

  test('a dataset can be deployed after a grant to the shared role on its table', () => {
    const stack = new Stack(new App(), 'Lake', { env: ENV });
    const core = new EtlCore(stack, 'Core', CONTROLLED);
    core.grantQuery(core.role, { datasets: [bronze({ stack, core }, vendor)] });
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  test('adds its permissions to those of a role of jobs, because a role has one grant per resource', () => {
    const stack = new Stack(new App(), 'Core', { env: ENV });
    const core = new EtlCore(stack, 'Core', CONTROLLED);
    core.grantQuery(core.role, { layers: [Layer.GOLD] });
    expect(grantsOf(stack).filter(row => row.includes('pp_dw_gold'))).toEqual([
      'pp-dw-glue-role | database pp_dw_gold | CREATE_TABLE, DESCRIBE',
      'pp-dw-glue-role | tables pp_dw_gold.* | ALTER, DESCRIBE, SELECT',
    ]);
  });

  test('grants to a user, and rejects a group, which Lake Formation does not support', () => {
    const stack = new Stack(new App(), 'Core', { env: ENV });
    const core = new EtlCore(stack, 'Core', CONTROLLED);
    core.grantQuery(User.fromUserName(stack, 'User', 'ada'));
    const principals = resources(stack, 'AWS::LakeFormation::PrincipalPermissions')
      .map(({ Properties }) => Properties.Principal.DataLakePrincipalIdentifier);
    expect(principals).toContain('arn:aws:iam::123456789012:user/ada');
    expect(() => core.grantQuery(new Group(stack, 'Group'))).toThrow(
      'VALUE_INVALID: Core/Core: the grantee is neither a role nor a user, and lakeFormation is true. Grant access '
        + 'to a role or a user: Lake Formation does not support IAM groups.');
  });

  test('without lakeFormation, it grants nothing in Lake Formation', () => {
    const stack = new Stack(new App(), 'Core', { env: ENV });
    new EtlCore(stack, 'Core', PREFIXES).grantQuery(Role.fromRoleName(stack, 'Analysts', 'analysts'));
    expect(grantsOf(stack)).toEqual([]);
    expect(JSON.stringify(resources(stack, 'AWS::IAM::Policy'))).not.toContain('lakeformation');
  });
});
