import { App, Stack } from 'aws-cdk-lib';
import { resources } from '../assembly';
import { codeBlocks, tableRows } from '../documentation-pages';
import { synthesizeDocumented, templateResources } from '../documented-app';
import { CHECKED_LAKES } from '../security/lakes';

const PAGE = 'docs/access/permissions-boundaries.md';

/** The purpose of the roles of each service, as the page words it. */
const USES: { readonly [service: string]: string } = {
  glue: 'jobs and crawlers',
  scheduler: 'schedules',
  states: 'state machines',
  events: 'alerts',
  lambda: 'deployment',
  lakeformation: 'Lake Formation',
};

/** An action of a policy, and what the role is for. */
interface Action {
  readonly action: string;
  readonly use: string;
}

interface PolicyDocument {
  readonly Statement: {
    readonly Action: string | string[];
    readonly Principal?: { readonly Service?: string; readonly AWS?: unknown };
  }[];
}

function actionsIn({ Statement }: PolicyDocument): string[] {
  return Statement.flatMap(({ Action }) => Action);
}

/**
 * The service that assumes a role, such as `glue`. For the role that both AWS Glue and Lake Formation can assume, it is
 * Lake Formation. Undefined for the roles of grantees, which no service assumes.
 */
function serviceOf(role: { readonly Properties: { readonly [property: string]: unknown } }): string | undefined {
  const { Statement } = role.Properties.AssumeRolePolicyDocument as PolicyDocument;
  return Statement.map(({ Principal }) => Principal?.Service?.split('.')[0]).sort().at(-1);
}

/**
 * The actions in all policies of the roles that services assume: inline policies, managed policies, and policies that
 * the stack attaches. The library creates only such roles.
 */
function actionsOf(stack: Stack): Action[] {
  const all = resources(stack);
  const roles = all.filter(role => role.Type === 'AWS::IAM::Role' && serviceOf(role) !== undefined);
  return roles.flatMap(({ id, Properties }) => {
    const use = USES[serviceOf({ Properties })!];
    const inline = (Properties.Policies ?? []) as { PolicyDocument: PolicyDocument }[];
    const managed = JSON.stringify(Properties.ManagedPolicyArns ?? []);
    const attached = all.filter(each =>
      each.Type === 'AWS::IAM::Policy' && (each.Properties.Roles as string[]).includes(`\${${id}}`)
      || each.Type === 'AWS::IAM::ManagedPolicy' && managed.includes(`"\${${each.id}}"`));
    return [...inline.map(each => each.PolicyDocument), ...attached.map(each => each.Properties.PolicyDocument)]
      .flatMap(document => actionsIn(document as PolicyDocument)).map(action => ({ action, use }));
  });
}

function stacksOf(app: App): Stack[] {
  return app.node.findAll().filter((construct): construct is Stack => Stack.isStack(construct));
}

/** The actions of all lakes that the security tools check, or of those whose name matches. */
function actionsOfLakes(name = /./): Action[] {
  return CHECKED_LAKES.filter(lake => name.test(lake.name)).flatMap(lake => stacksOf(lake.app()).flatMap(actionsOf));
}

const unique = <T extends string | undefined>(texts: T[]) => [...new Set(texts)].sort();

/** The rows of the table: the actions of a service, and what uses them. */
function rows(): { service: string; actions: string[]; uses: string[] }[] {
  const actions = actionsOfLakes();
  return unique(actions.map(({ action }) => action.split(':')[0])).map(service => {
    const own = actions.filter(({ action }) => action.startsWith(`${service}:`));
    return { service, actions: unique(own.map(({ action }) => action)), uses: unique(own.map(({ use }) => use)) };
  });
}

function documentedRows(): { service: string; actions: string[]; uses: string[]; onlyIf: string }[] {
  return tableRows(PAGE, 'service').map(row => {
    const [, service, actions, uses, onlyIf] = row.split('|').map(cell => cell.trim());
    return {
      service: service.replace(/`/g, ''),
      actions: actions.replace(/`/g, '').split(', '),
      uses: uses.split(', '),
      onlyIf,
    };
  });
}

test('the table of the page has the actions of all roles', () => {
  expect(documentedRows().map(({ onlyIf, ...row }) => row)).toEqual(rows());
});

test('a lake without optional props needs the services that the page requires for every lake', () => {
  const needed = unique(actionsOfLakes(/^required props only/).map(({ action }) => action.split(':')[0]));
  const always = documentedRows().filter(({ onlyIf }) => onlyIf === 'every lake').map(({ service }) => service);
  expect(always).toEqual(needed);
});

describe.each([
  ['PermissionsBoundary.of(app)', () => synthesizeDocumented(PAGE)],
  ['cdk.json', () => synthesizeDocumented(PAGE, {
    context: (JSON.parse(codeBlocks(PAGE).find(({ info }) => info === 'json')!.text) as { context: object }).context as
      { [key: string]: unknown },
    edit: text => text.replace('PermissionsBoundary.of(app).apply(boundary);\n', ''),
  })],
])('with %s', (_, synthesize) => {
  let roles: ReturnType<typeof templateResources>;
  beforeAll(() => { roles = templateResources(synthesize()).filter(({ Type }) => Type === 'AWS::IAM::Role'); });

  test('each role of the documented app has the boundary', () => {
    expect(roles.map(({ id, Properties }) => ({ id, boundary: JSON.stringify(Properties.PermissionsBoundary) })))
      .toEqual(roles.map(({ id }) => ({ id, boundary: expect.stringContaining(':policy/org-boundary') })));
  });

  test('the roles are those of jobs, schedules, state machines, alerts, the deployment and Lake Formation', () => {
    const services = roles.map(serviceOf);
    expect(unique(services)).toEqual(Object.keys(USES).sort());
    expect(services.filter(service => service === 'glue')).toHaveLength(3);
  });
});
