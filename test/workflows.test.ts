import * as fs from 'fs';
import * as path from 'path';
import { parse } from 'yaml';
import { NODES } from './consumers/versions';

const ROOT = path.join(__dirname, '..');
const GITHUB = path.join(ROOT, '.github');
const FILES = fs.readdirSync(GITHUB, { recursive: true, encoding: 'utf8' })
  .filter(name => fs.statSync(path.join(GITHUB, name)).isFile());

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly env?: Record<string, string>;
}

interface Job {
  readonly 'needs'?: string | string[];
  readonly 'uses'?: string;
  readonly 'steps'?: Step[];
  readonly 'permissions'?: Record<string, string>;
  readonly 'timeout-minutes'?: number;
  readonly 'strategy'?: { readonly matrix: { readonly node?: string[]; readonly suite?: string[] } };
}

interface Workflow {
  readonly jobs: Record<string, Job>;
  readonly on: Record<string, unknown>;
}

const text = (name: string) => fs.readFileSync(path.join(GITHUB, name), 'utf8');
const workflow = (name: string) => parse(text(`workflows/${name}.yml`)) as Workflow;
const needs = (job: Job) => [job.needs ?? []].flat();

const WORKFLOWS = ['build', 'nightly', 'release', 'upgrade'];
const JOBS = WORKFLOWS.flatMap(name =>
  Object.entries(workflow(name).jobs).map(([id, job]): [string, Job] => [`${name}: ${id}`, job]));

test('the folder has the workflows, the issue forms and the pull request template, and nothing else', () => {
  expect([...FILES].sort()).toEqual([
    'ISSUE_TEMPLATE/bug.yml', 'ISSUE_TEMPLATE/config.yml', 'ISSUE_TEMPLATE/feature.yml', 'pull_request_template.md',
    'workflows/build.yml', 'workflows/nightly.yml', 'workflows/release.yml', 'workflows/upgrade.yml',
  ]);
});

test.each(FILES.filter(name => name.endsWith('.yml')))('%s is valid YAML', name => {
  expect(parse(text(name), { strict: true, uniqueKeys: true })).toBeInstanceOf(Object);
});

test.each(FILES)('%s contains no URL of a package registry', name => {
  const hosts = /npmjs|npm\.pkg|pypi\.(org|python)|pythonhosted|maven\.(org|apache)|sonatype|registry[-_]?url/i;
  expect(text(name)).not.toMatch(hosts);
  const urls = text(name).match(/https?:\/\/[^\s'"]+/g) ?? [];
  expect(urls.filter(url => !url.startsWith('https://github.com/cdk-glue-medallion/'))).toEqual([]);
});

test('build runs the test command of the README on the oldest and the newest Node', () => {
  const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  expect(readme).toContain('`npm cit`');
  const { test: job } = workflow('build').jobs;
  expect(job.steps?.map(step => step.run)).toContain('npm cit');
  expect(job.strategy?.matrix.node).toEqual([NODES[0], NODES[NODES.length - 1]]);
  expect(Object.keys(workflow('build').on)).toEqual(expect.arrayContaining(['pull_request', 'push', 'workflow_call']));
});

interface Task {
  readonly steps?: { readonly spawn?: string; readonly exec?: string }[];
}

const TASKS = (JSON.parse(fs.readFileSync(path.join(ROOT, '.projen', 'tasks.json'), 'utf8')) as {
  readonly tasks: Record<string, Task>;
}).tasks;

/** The commands of a job, one per value of its matrix. */
function commandsOf({ steps, strategy }: Job): string[] {
  return (steps ?? []).flatMap(({ run = '' }) =>
    (strategy?.matrix.suite ?? ['']).map(suite => run.replace('${{ matrix.suite }}', suite)));
}

/** Commands for development: `test:fast` is a part of `npm cit`, and the others update snapshots or watch files. */
const NO_SUITES = ['test:fast', 'test:update', 'test:watch'];

test('a workflow runs each test command that `npm cit` does not run', () => {
  const inGate = (TASKS.test.steps ?? []).map(step => step.spawn);
  const own = Object.keys(TASKS).filter(name =>
    name.startsWith('test:') && !inGate.includes(name) && !NO_SUITES.includes(name));
  expect(own).toEqual(expect.arrayContaining(['test:e2e:all', 'test:python:5.0', 'test:python:6.0']));
  const commands = JOBS.flatMap(([, job]) => commandsOf(job));
  const run = commands.map(command => command.replace(/ --part .*/, ''));
  expect(own.filter(name => !run.includes(`npx projen ${name}`))).toEqual([]);
  expect(commands).toContain('npx projen test:python pytest -m slow');
});

test('the nightly workflow runs every part of the fault tests', () => {
  const parts = commandsOf(workflow('nightly').jobs.suites).flatMap(command => / --part (.+)/.exec(command)?.[1] ?? []);
  expect(parts).toEqual(parts.map((_, index) => `${index + 1}/${parts.length}`));
  expect(parts.length).toBeGreaterThan(1);
});

test('each pull request and each release run the suites that `npm cit` runs a sample of', () => {
  expect(commandsOf(workflow('build').jobs.complete)).toEqual(
    expect.arrayContaining(['npx projen test:python:5.0', 'npx projen test:python:6.0', 'npx projen test:e2e:all']),
  );
});

test.each(['5.0', '6.0'])('CONTRIBUTING.md lists the complete Python suite on Glue %s', version => {
  const [{ exec }] = TASKS[`test:python:${version}`].steps!;
  expect(exec).toBe(`node --require ts-node/register test/python.ts --glue-version ${version}`);
  const contributing = fs.readFileSync(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const [suites] = /^### Complete suites[^]*?(?=^## )/m.exec(contributing)!;
  const row = suites.split('\n').find(line => line.startsWith(`| \`npx projen test:python:${version}\` |`));
  expect(row).toMatch(/\| each pull request, each release \|$/);
});

test('release publishes to the three registries, and only after the build succeeds', () => {
  const { build, package: packaged, ...publishers } = workflow('release').jobs;
  expect(build.uses).toBe('./.github/workflows/build.yml');
  expect(needs(packaged)).toEqual(['build']);
  expect(Object.keys(publishers)).toEqual(['npm', 'pypi', 'maven']);
  expect(Object.values(publishers).map(needs)).toEqual([['package'], ['package'], ['package']]);
});

test('release uses trusted publishing, and reads other credentials only from secrets of its environment', () => {
  const { npm, pypi, maven } = workflow('release').jobs;
  expect([npm, pypi, maven].map(job => job.permissions)).toEqual([
    { 'contents': 'read', 'id-token': 'write' }, { 'contents': 'read', 'id-token': 'write' }, { contents: 'read' },
  ]);
  const credentials = Object.entries(maven.steps?.at(-1)?.env ?? {}).filter(([name]) => name !== 'MAVEN_SERVER_ID');
  expect(credentials.map(([name, value]) => value === `\${{ secrets.${name} }}`)).toEqual([true, true, true, true]);
});

test.each(JOBS)('%s has permissions and a timeout', (_, job) => {
  expect(job.permissions?.contents).toBe('read');
  // A called workflow has its own timeout.
  expect(job.uses !== undefined || job['timeout-minutes'] !== undefined).toBe(true);
});

test.each(JOBS)('%s pins every action to a commit or a version', (_, job) => {
  const references = (job.steps ?? []).flatMap(step => step.uses ?? []).map(uses => uses.slice(uses.indexOf('@') + 1));
  expect(references.filter(reference => !/^([0-9a-f]{40}|v\d+\.\d+\.\d+)$/.test(reference))).toEqual([]);
});
