import * as fs from 'fs';
import * as path from 'path';
import { codeBlocks, tableRows } from '../documentation-pages';
import { synthesizeDocumented, templateResources } from '../documented-app';

const PAGE = 'docs/access/existing-roles.md';

interface ReportedRole {
  readonly roleConstructPath: string;
  readonly missing?: boolean;
  readonly assumeRolePolicy: { readonly Principal: { readonly Service: string } }[];
  readonly managedPolicyStatements: object[];
  readonly identityPolicyStatements: object[];
}

/** The roles that the documented app would create, from the report of `Role.customizeRoles`. */
function missingRoles(assembly: string): ReportedRole[] {
  const report = JSON.parse(fs.readFileSync(path.join(assembly, 'iam-policy-report.json'), 'utf8'));
  return (report.roles as ReportedRole[]).filter(({ missing }) => missing);
}

/** The cells of the table of roles: the key of `roles`, the services and the paths of the example. */
function documentedRoles(): { key: string; services: string[]; paths: string[] }[] {
  const code = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text);
  return tableRows(PAGE, '`roles`').map(row => {
    const [, key, , services, paths] = row.split('|');
    return {
      key: code(key)[0],
      services: code(services),
      paths: code(paths).map(each => each.replace('<core>', 'Lake/Core').replace('<pipeline>', 'Lake/Daily')
        .replace('<stack>', 'Lake').replace('<dataset>', 'VendorPrices')),
    };
  });
}

describe('the documented app with existing roles', () => {
  let assembly: string;
  beforeAll(() => { assembly = synthesizeDocumented(PAGE); });

  test('contains no IAM resource', () => {
    const iam = templateResources(assembly).filter(({ Type }) => Type.startsWith('AWS::IAM::'));
    expect(iam).toEqual([]);
  });

  test('uses each of the roles', () => {
    const text = JSON.stringify(templateResources(assembly));
    const used = [...text.matchAll(/:role\/([\w-]+)/g)].map(([, name]) => name);
    expect([...new Set(used)].sort()).toEqual([
      'org-lake-alerts', 'org-lake-deployment', 'org-lake-formation', 'org-lake-glue', 'org-lake-scheduler',
      'org-lake-state-machines', 'org-lake-vendor-prices',
    ]);
  });

  test('has the jobs, the alerts, the pipeline, the freshness check and the locations that need roles', () => {
    const types = new Set(templateResources(assembly).map(({ Type }) => Type));
    expect([...types]).toEqual(expect.arrayContaining([
      'AWS::Glue::Job', 'AWS::Glue::Crawler', 'AWS::Scheduler::Schedule', 'AWS::StepFunctions::StateMachine',
      'AWS::Lambda::Function', 'AWS::Events::Rule', 'AWS::LakeFormation::Resource',
    ]));
  });
});

describe('the report of the documented app', () => {
  let assembly: string;
  beforeAll(() => { assembly = synthesizeDocumented(PAGE, { context: { 'role-report': 'true' } }); });

  test('has the roles of the table, with their services', () => {
    const reported = missingRoles(assembly).map(({ roleConstructPath }) => roleConstructPath);
    expect(reported.sort()).toEqual(documentedRoles().flatMap(({ paths }) => paths).sort());
    for (const { key, services, paths } of documentedRoles()) {
      const found = missingRoles(assembly).filter(({ roleConstructPath }) => paths.includes(roleConstructPath))
        .flatMap(({ assumeRolePolicy }) => assumeRolePolicy.map(({ Principal }) => Principal.Service));
      expect({ key, services: [...new Set(found)].sort() }).toEqual({ key, services: [...services].sort() });
    }
  });

  test('has statements for each role, and readable ARNs', () => {
    for (const { managedPolicyStatements, identityPolicyStatements } of missingRoles(assembly)) {
      expect([...managedPolicyStatements, ...identityPolicyStatements]).not.toEqual([]);
    }
    const text = JSON.stringify(missingRoles(assembly));
    expect(text).not.toContain('[object Object]');
    const tokens = [...text.matchAll(/\$\{Token\[([^\]]+)\.\d+\]\}|\(([A-Z]+)\)/g)].map(([, token, name]) => token ?? name);
    expect([...new Set(tokens)].sort()).toEqual(['AWS.URLSuffix', 'PARTITION']);
    expect(text).toContain('"arn:(PARTITION):s3:::pp-dw-123456789012/bronze/*"');
  });

  test('has the entry that the page shows', () => {
    const { text } = codeBlocks(PAGE).find(({ info }) => info === 'json record')!;
    const shown = JSON.parse(text) as ReportedRole;
    expect(missingRoles(assembly).find(role => role.roleConstructPath === shown.roleConstructPath)).toEqual(shown);
  });
});
