import { Stack, Token } from 'aws-cdk-lib';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import {
  CfnRole, CompositePrincipal, IRole, IUser, PolicyDocument, PolicyStatement, Role, ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import {
  CfnPrincipalPermissions, CfnResource as CfnLocation, CfnTag, CfnTagAssociation,
} from 'aws-cdk-lib/aws-lakeformation';
import { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct, IConstruct } from 'constructs';
import { objectKeyStatement } from './lake-key';
import { acknowledgeWildcards } from './nag-suppressions';
import { stageState } from './stage-state';
import { substituted } from './substituted-text';
import { LakeRoles } from '../../lake-roles';
import { Layer } from '../../layer';
import { checkLength, LakeNames } from '../../naming';
import { synthError } from '../errors/synth-error';
import { LAYERS } from '../layers';

/** The ID of the construct within the core. */
const ID = 'LakeFormation';

/** What a principal may do with the database of a layer. */
export interface CatalogGrant {
  /** An ID for the catalog resource, unique within the lake, such as `BronzeTables`. */
  readonly id: string;
  readonly resource: CfnPrincipalPermissions.ResourceProperty;
  readonly permissions: string[];
}

export interface LakeFormationProps {
  readonly names: LakeNames;
  readonly bucket: IBucket;
  /** The key that encrypts the tables. */
  readonly key?: IKey;
  /** The databases that the core creates. Empty for existing databases. */
  readonly databases: CfnDatabase[];
  /** The shared role of jobs and crawlers. */
  readonly glueRole: IRole;
  /** Existing roles. */
  readonly roles?: LakeRoles;
}

/**
 * Puts the tables of a lake under the control of AWS Lake Formation: registers their locations, tags the databases, and
 * grants the roles of the core the permissions that jobs and crawlers need.
 *
 * Only the folders of the layers are registered. Original files, scripts, run records and query results are not tables,
 * so only IAM policies control access to them.
 */
export class LakeFormation extends Construct {
  /** The LakeFormation construct of a core, if the core controls its tables with Lake Formation. */
  static of(core: IConstruct): LakeFormation | undefined {
    return core.node.tryFindChild(ID) as LakeFormation | undefined;
  }

  /** The role that Lake Formation assumes to read and write the tables. */
  readonly role: IRole;
  /** The registered location of each layer. */
  readonly locations: { readonly [layer: string]: CfnLocation };
  /** The databases that the core creates. */
  readonly databases: CfnDatabase[];
  private readonly grants: { readonly [layer: string]: CfnPrincipalPermissions[] };

  constructor(scope: Construct, { names, bucket, key, databases, glueRole, roles }: LakeFormationProps) {
    super(scope, ID);
    this.databases = databases;
    this.role = roles?.lakeFormation ?? this.createRole(names, key);
    this.locations = Object.fromEntries(LAYERS.map(layer => [layer, this.register(names, layer, bucket)]));
    this.tagDatabases(names, databases);

    const ofDatasets = Object.entries(roles?.datasets ?? {});
    this.grants = Object.fromEntries(LAYERS.map(layer => {
      const existing = ofDatasets.filter(([dataset]) => dataset.startsWith(`${layer}/`)).map(([, role]) => role);
      const granted = [
        ...grantTables(this, { names, role: glueRole, layer, lakeFormation: this }),
        ...existing.flatMap(role =>
          grantTables(childOf(this, principalId(role)), { names, role, layer, lakeFormation: this })),
      ];
      granted.forEach(each => each.node.addDependency(...databases));
      return [layer, granted];
    }));
  }

  /** The grants of a layer to the roles of the core. */
  grantsOf(layer: Layer): CfnPrincipalPermissions[] {
    return this.grants[layer];
  }

  /**
   * The role with which the locations are registered. It replaces the service-linked role of Lake Formation, which
   * cannot use the key of the lake, and whose policy is shared by all locations in the account. AWS Glue must also be
   * allowed to assume the created role.
   *
   * https://docs.aws.amazon.com/lake-formation/latest/dg/registration-role.html
   */
  private createRole(names: LakeNames, key?: IKey): Role {
    checkLength(this, 'role', names.lakeFormationRole, 'Use a prefix of at most 44 characters.');
    const stack = Stack.of(this);
    const arn = (path = '') => substituted(`arn:${stack.partition}:s3:::${names.bucket}${path}`);
    const objects = new PolicyStatement({
      actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      resources: LAYERS.map(layer => arn(`/${layer}/*`)),
    });
    const list = new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [arn()],
      conditions: { StringLike: { 's3:prefix': LAYERS.map(layer => `${layer}/*`) } },
    });
    const role = new Role(this, 'Role', {
      roleName: names.lakeFormationRole,
      description: `Access of AWS Lake Formation to the tables of the lake ${names.resourcePrefix}`,
      assumedBy: new CompositePrincipal(
        new ServicePrincipal('glue.amazonaws.com'), new ServicePrincipal('lakeformation.amazonaws.com'),
      ),
      inlinePolicies: {
        tables: new PolicyDocument({ statements: [objects, list] }),
        ...(key && { key: new PolicyDocument({ statements: [objectKeyStatement(stack, names, key.keyArn)] }) }),
      },
    });
    acknowledgeWildcards(
      role.node.defaultChild as CfnRole | undefined,
      'Jobs choose the keys of objects. Each pattern is limited to the tables of a layer of the lake.',
      objects,
    );
    return role;
  }

  private register(names: LakeNames, layer: Layer, bucket: IBucket): CfnLocation {
    const location = new CfnLocation(this, `${titleCase(layer)}Location`, {
      resourceArn: locationArn(this, names, layer),
      roleArn: this.role.roleArn,
      useServiceLinkedRole: false,
      // With hybrid access, permissions apply only to principals that an administrator has opted in.
      hybridAccessEnabled: false,
    });
    location.node.addDependency(bucket, this.role);
    return location;
  }

  /** Tags each database with its layer. Tables inherit the tags of their database. */
  private tagDatabases(names: LakeNames, databases: CfnDatabase[]): void {
    const catalogId = Stack.of(this).account;
    const tag = new CfnTag(this, 'LayerTag', { catalogId, tagKey: names.layerTag, tagValues: [...LAYERS] });
    for (const layer of LAYERS) {
      const association = new CfnTagAssociation(this, `${titleCase(layer)}Tag`, {
        resource: { database: { catalogId, name: names.database(layer) } },
        lfTags: [{ catalogId, tagKey: names.layerTag, tagValues: [layer] }],
      });
      association.node.addDependency(tag, ...databases);
    }
  }
}

export interface TableGrants {
  readonly names: LakeNames;
  /** The role of jobs and crawlers. */
  readonly role: IRole;
  readonly layer: Layer;
  /** The construct that registers the locations, if it is in the same stage. */
  readonly lakeFormation?: LakeFormation;
}

/**
 * Grants a role the permissions that jobs and crawlers need to create and update the tables of a layer. Iceberg commits
 * and crawlers also change tables that another role has created.
 *
 * https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
 */
export function grantTables(
  scope: Construct, { names, role, layer, lakeFormation }: TableGrants,
): CfnPrincipalPermissions[] {
  const catalogId = Stack.of(scope).account;
  const database = names.database(layer);
  return grant(scope, role, [
    {
      id: `${titleCase(layer)}Database`,
      resource: { database: { catalogId, name: database } },
      permissions: ['CREATE_TABLE', 'DESCRIBE'],
    },
    {
      id: `${titleCase(layer)}Tables`,
      // Tables do not exist before the first run, so they cannot be named.
      resource: { table: { catalogId, databaseName: database, tableWildcard: {} } },
      permissions: ['ALTER', 'DESCRIBE'],
    },
    {
      id: `${titleCase(layer)}Data`,
      // The permission follows from the location of a database, but an existing database may not have a location.
      resource: { dataLocation: { catalogId, resourceArn: locationArn(scope, names, layer) } },
      permissions: ['DATA_LOCATION_ACCESS'],
    },
  ], layer, lakeFormation);
}

/** The Lake Formation permissions that the role of a dataset needs, as text for messages. */
export function tablePermissions(names: LakeNames, layer: Layer): string {
  return `CREATE_TABLE and DESCRIBE on the database ${names.database(layer)}, ALTER and DESCRIBE on its tables, and `
    + `DATA_LOCATION_ACCESS on the folder ${layer}/ of the bucket`;
}

/** The tables that a principal can read. */
export interface SelectGrants {
  readonly principal: IRole | IUser;
  readonly readable: readonly { readonly layer: Layer; readonly database: string; readonly tables?: string[] }[];
  /** The core, if this app deploys it in the same stage. */
  readonly core?: IConstruct;
}

/**
 * Grants a principal the permissions to read tables. The grants are in the stack of the principal, which is deployed
 * after the core. Their IDs do not depend on the order of calls. If the ID of a grant changed, the deployment would
 * create the new grant before it deletes the previous one, and would fail.
 */
export function grantSelect({ principal, readable, core }: SelectGrants): void {
  const stack = Stack.of(principal);
  const catalogId = stack.account;
  const lakeFormation = core && LakeFormation.of(core);
  const ofPrincipal = childOf(childOf(stack, 'LakeFormationGrants'), principalId(principal));
  for (const { layer, database, tables } of readable) {
    const on = (table: object) => ({ table: { catalogId, databaseName: database, ...table } });
    const scope = childOf(ofPrincipal, Token.isUnresolved(database) ? layer : database);
    const granted = grant(scope, principal, [
      {
        id: 'Database',
        resource: { database: { catalogId, name: database } },
        permissions: ['DESCRIBE'],
      },
      ...(tables ?? [undefined]).map(name => ({
        id: name === undefined ? 'Tables' : `Table-${name}`,
        resource: on(name === undefined ? { tableWildcard: {} } : { name }),
        permissions: ['DESCRIBE', 'SELECT'],
      })),
    ], layer, lakeFormation);
    granted.forEach(each => lakeFormation && each.node.addDependency(...lakeFormation.databases));
  }
}

/**
 * Grants permissions on catalog resources to a role or a user.
 *
 * A principal has one grant per resource, because a second grant would fail with `AlreadyExists`. Permissions are added
 * to an existing grant of the core or of the same stack. The grants of a stack are created one after the other, because
 * simultaneous grants fail with `ConcurrentModificationException`.
 * https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2432
 */
function grant(
  scope: Construct, principal: IRole | IUser, grants: CatalogGrant[], layer: Layer, lakeFormation?: LakeFormation,
): CfnPrincipalPermissions[] {
  const stack = Stack.of(scope);
  const grantsByKey = stageState(scope, 'lake-formation-grants', () => new Map<string, CfnPrincipalPermissions>());
  const lastOfStack = stageState(scope, 'lake-formation-last-grants', () => new Map<string, CfnPrincipalPermissions>());
  return grants.map(({ id, resource, permissions }) => {
    const key = JSON.stringify([principalKey(principal), stack.environment, stack.resolve(resource)]);
    const known = grantsByKey.get(key);
    if (known) {
      checkStack(scope, principal, known, lakeFormation);
      known.permissions = [...new Set([...known.permissions, ...permissions])].sort();
      return known;
    }
    const created = new CfnPrincipalPermissions(scope, `${id}Grant`, {
      principal: { dataLakePrincipalIdentifier: arnOf(principal) },
      resource,
      permissions,
      permissionsWithGrantOption: [],
    });
    if (lakeFormation) {
      created.node.addDependency(lakeFormation.locations[layer]);
    }
    const previous = lastOfStack.get(stack.node.addr);
    if (previous) {
      created.addDependency(previous);
    }
    grantsByKey.set(key, created);
    lastOfStack.set(stack.node.addr, created);
    return created;
  });
}

/**
 * Fails if another stack grants the principal permissions on the resource: the stack that is deployed later would fail,
 * and deleting one of the stacks would revoke the permissions that the other stack needs. Grants of the core
 * are allowed, because the core is deployed before all other stacks.
 */
function checkStack(
  scope: Construct, principal: IRole | IUser, known: CfnPrincipalPermissions, lakeFormation?: LakeFormation,
): void {
  const isOfCore = lakeFormation !== undefined && known.node.scopes.includes(lakeFormation);
  if (!isOfCore && known.stack !== Stack.of(scope)) {
    throw synthError(
      scope,
      'SETTINGS_CONFLICT',
      `the stacks "${known.stack.node.path}" and "${Stack.of(scope).node.path}" grant Lake Formation permissions on `
        + `the same resource to "${principal.node.path}".`,
      'Import the role or the user once, and pass the imported construct to all calls of grantQuery and grantRead. If '
        + 'jobs of datasets use the role, add it to roles.datasets of the core.',
    );
  }
}

function childOf(scope: Construct, id: string): Construct {
  return scope.node.tryFindChild(id) as Construct | undefined ?? new Construct(scope, id);
}

/** An ID for the grants of a principal: its name, or the address of the construct if its name is generated. */
function principalId(principal: IRole | IUser): string {
  const [type, name] = 'roleArn' in principal ? ['Role', principal.roleName] : ['User', principal.userName];
  return `${type}-${Token.isUnresolved(name) ? principal.node.addr : name}`;
}

/** Identifies a principal in all stacks of an app: by its ARN, or by its construct if this app creates it. */
export function principalKey(principal: IRole | IUser): string {
  const arn = JSON.stringify(Stack.of(principal).resolve(arnOf(principal)));
  return /Fn::GetAtt|"Ref":"(?!AWS::)/.test(arn) ? principal.node.addr : arn;
}

function arnOf(principal: IRole | IUser): string {
  return 'roleArn' in principal ? principal.roleArn : principal.userArn;
}

/**
 * The ARN of the folder of a layer, which is registered as a location.
 *
 * https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_RegisterResource.html
 */
function locationArn(scope: Construct, names: LakeNames, layer: Layer): string {
  return substituted(`arn:${Stack.of(scope).partition}:s3:::${names.bucket}/${layer}`);
}

function titleCase(layer: Layer): string {
  return `${layer[0].toUpperCase()}${layer.slice(1)}`;
}
