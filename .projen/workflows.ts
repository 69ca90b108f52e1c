/**
 * GitHub workflows, issue forms and the pull request template.
 *
 * Actions come from projen's list of reviewed references. Actions with immutable releases are pinned to a version. All
 * other actions are pinned to a commit SHA, because a tag can be moved. Upgrading projen upgrades the actions.
 *
 * Workflows do not set a package registry. npm, pip, Maven and the publishers use their defaults.
 */
import { github, YamlFile } from 'projen';
import { GithubWorkflow, WorkflowSteps } from 'projen/lib/github';
import { Job, JobPermission, JobPermissions, JobStep } from 'projen/lib/github/workflows-model';
import { NODES } from '../test/consumers/versions';

const { ActionRefs } = github;
const RUNNER = ['ubuntu-24.04'];
const READ: JobPermissions = { contents: JobPermission.READ };
const OLDEST_NODE = NODES[0];
/** Trusted publishing requires an npm version that is part of Node 24 or later. */
const PUBLISHING_NODE = '24';
/** Publishes the jsii packages. Pinned, because it has access to the publishing credentials. License: Apache-2.0. */
const PUBLIB = 'publib@0.2.1061';
const TAG_PREFIX = 'v';
/** Complete test suites, of which `npm cit` runs only a sample. */
const COMPLETE_SUITES = ['test:python:5.0', 'test:python:6.0', 'test:e2e:all'];
/** The number of jobs that share the fault tests, because one job would exceed its timeout. */
const FAULT_PARTS = 8;
/** Suites that are too slow for pull requests, or whose result depends on newly published versions of packages. */
const NIGHTLY_SUITES = [
  ...Array.from({ length: FAULT_PARTS }, (_, index) => `test:faults --part ${index + 1}/${FAULT_PARTS}`),
  'test:concurrency', 'test:matrix', 'test:security', 'test:python pytest -m slow',
];
const SET_UP_JAVA: JobStep = {
  name: 'Set up Java',
  uses: ActionRefs.ACTIONS_SETUP_JAVA,
  with: { 'distribution': 'temurin', 'java-version': '17' },
};

/** The runner has Chrome. Ubuntu's chromium is a snap, which cannot read the pages of the tests in /tmp. */
const SET_UP_CHROME: JobStep = {
  name: 'Set up Chrome',
  run: 'chrome=$(command -v google-chrome) && echo "CHROMIUM=$chrome" >> "$GITHUB_ENV"',
};

/** Adds all files under `.github`, and a timeout to projen's workflow for dependency upgrades. */
export function addGitHubFiles(hub: github.GitHub): void {
  const upgrade = hub.tryFindWorkflow('upgrade');
  for (const job of ['upgrade', 'pr']) {
    upgrade?.file?.addOverride(`jobs.${job}.timeout-minutes`, 30);
  }
  addBuildWorkflow(hub);
  addNightlyWorkflow(hub);
  addReleaseWorkflow(hub);
  addIssueForms(hub);
}

/** Lines of the pull request template. */
export const PULL_REQUEST_TEMPLATE = [
  '## What changes and why',
  '',
  'Fixes #',
  '',
  '## Checklist',
  '',
  '- [ ] The title follows [Conventional Commits](../CONTRIBUTING.md#commits-and-reviews), such as `fix(bronze): …`.',
  '- [ ] A test fails without the change and passes with it.',
  '- [ ] `npm run test:fast` passes, and so do the tests of the part that changed.',
  '- [ ] `npx projen build` leaves the working tree clean. Snapshots in `integ/stacks` and `API.md` are committed.',
  '- [ ] Docs and the "Unreleased" section of `CHANGELOG.md` describe what users notice.',
];

/** Runs the tests on the oldest and newest Node, and builds and tests the packages. The release workflow calls it. */
function addBuildWorkflow(hub: github.GitHub): void {
  const workflow = new GithubWorkflow(hub, 'build', {
    limitConcurrency: true,
    concurrencyOptions: { group: '${{ github.workflow }}-${{ github.ref }}', cancelInProgress: true },
  });
  workflow.on({ pullRequest: {}, push: { branches: ['main'] }, workflowDispatch: {}, workflowCall: {} });
  workflow.addJob('test', {
    name: 'Test on Node ${{ matrix.node }}',
    runsOn: RUNNER,
    permissions: READ,
    timeoutMinutes: 60,
    strategy: { failFast: false, matrix: { domain: { node: [OLDEST_NODE, NODES[NODES.length - 1]] } } },
    env: { CI: 'true' },
    steps: [...checkoutWithTools('${{ matrix.node }}'), { name: 'Install and test', run: 'npm cit' }],
  });
  workflow.addJob('complete', suitesJob(60, COMPLETE_SUITES));
  workflow.addJob('package', {
    name: 'Package',
    runsOn: RUNNER,
    permissions: READ,
    timeoutMinutes: 60,
    env: { CI: 'true' },
    steps: [
      ...checkoutWithTools(OLDEST_NODE),
      { name: 'Install', run: 'npm ci' },
      ...runTasks('default', 'pre-compile', 'compile', 'post-compile'),
      {
        name: 'Check that the build changes no file in git',
        run: 'git add --all && git diff --staged --exit-code',
      },
      { name: 'Build the packages and test them in Python and Java', run: 'npx projen test:consumers' },
    ],
  });
}

/** Runs the slowest suites once per night on the default branch. */
function addNightlyWorkflow(hub: github.GitHub): void {
  const workflow = new GithubWorkflow(hub, 'nightly');
  workflow.on({ schedule: [{ cron: '0 2 * * *' }], workflowDispatch: {} });
  workflow.addJob('suites', suitesJob(120, NIGHTLY_SUITES));
}

/** Returns a job for each suite. The jobs run in parallel. */
function suitesJob(timeoutMinutes: number, suites: string[]): Job {
  return {
    name: '${{ matrix.suite }}',
    runsOn: RUNNER,
    permissions: READ,
    timeoutMinutes,
    strategy: { failFast: false, matrix: { domain: { suite: suites } } },
    env: { CI: 'true' },
    steps: [
      ...checkoutWithTools(OLDEST_NODE),
      { name: 'Install', run: 'npm ci' },
      { name: 'Test', run: 'npx projen ${{ matrix.suite }}' },
    ],
  };
}

/** Tests, packages and publishes a tag `v<version>`. To retry a failed release, run it manually on the tag. */
function addReleaseWorkflow(hub: github.GitHub): void {
  const workflow = new GithubWorkflow(hub, 'release', {
    limitConcurrency: true,
    concurrencyOptions: { group: 'release' },
  });
  workflow.on({ push: { tags: [`${TAG_PREFIX}[0-9]+.[0-9]+.[0-9]+`] }, workflowDispatch: {} });
  workflow.addJob('build', {
    if: `startsWith(github.ref, 'refs/tags/${TAG_PREFIX}')`,
    permissions: READ,
    uses: './.github/workflows/build.yml',
  });
  workflow.addJob('package', {
    name: 'Package the release',
    needs: ['build'],
    runsOn: RUNNER,
    permissions: READ,
    timeoutMinutes: 30,
    env: { CI: 'true' },
    steps: [
      ...checkoutWithTools(OLDEST_NODE),
      { name: 'Install', run: 'npm ci' },
      {
        name: 'Set the version from the tag',
        run: [
          `version="\${GITHUB_REF_NAME#${TAG_PREFIX}}"`,
          'grep --quiet --fixed-strings "## [$version]" CHANGELOG.md \\',
          '  || { echo "CHANGELOG.md has no section \\"## [$version]\\". Add it, and move the tag."; exit 1; }',
          'npm version --no-git-tag-version "$version"',
        ].join('\n'),
      },
      ...runTasks('compile', 'post-compile', 'package-all'),
      WorkflowSteps.uploadArtifact({ with: { name: 'dist', path: 'dist', ifNoFilesFound: 'error' } }),
    ],
  });
  workflow.addJobs({
    npm: publishJob('npm', 'publib-npm', { idToken: JobPermission.WRITE }, {
      NPM_TRUSTED_PUBLISHER: 'true',
      NPM_CONFIG_PROVENANCE: 'true',
    }),
    pypi: publishJob('PyPI', 'publib-pypi', { idToken: JobPermission.WRITE }, { PYPI_TRUSTED_PUBLISHER: 'true' }, [
      { name: 'Set up Python', uses: ActionRefs.ACTIONS_SETUP_PYTHON, with: { 'python-version': '3.11' } },
    ]),
    maven: publishJob('Maven Central', 'publib-maven', {}, {
      MAVEN_SERVER_ID: 'central-ossrh',
      MAVEN_USERNAME: '${{ secrets.MAVEN_USERNAME }}',
      MAVEN_PASSWORD: '${{ secrets.MAVEN_PASSWORD }}',
      MAVEN_GPG_PRIVATE_KEY: '${{ secrets.MAVEN_GPG_PRIVATE_KEY }}',
      MAVEN_GPG_PRIVATE_KEY_PASSPHRASE: '${{ secrets.MAVEN_GPG_PRIVATE_KEY_PASSPHRASE }}',
    }, [SET_UP_JAVA]),
  });
}

/** Publishes to one registry. The environment `release` can require an approval, and holds the secrets. */
function publishJob(to: string, command: string, permissions: JobPermissions, env: Record<string, string>,
  tools: JobStep[] = []): Job {
  return {
    name: `Publish to ${to}`,
    needs: ['package'],
    runsOn: RUNNER,
    environment: 'release',
    permissions: { ...READ, ...permissions },
    timeoutMinutes: 30,
    steps: [
      setUpNode(PUBLISHING_NODE, { 'package-manager-cache': false }),
      ...tools,
      WorkflowSteps.downloadArtifact({ with: { name: 'dist', path: 'dist' } }),
      { name: 'Publish', run: `npx --yes --package ${PUBLIB} ${command}`, env },
    ],
  };
}

function runTasks(...names: string[]): JobStep[] {
  return names.map(name => ({ name: `projen ${name}`, run: `npx projen ${name}` }));
}

/** The caches contain only downloads. The pip cache is the largest, because it contains Spark. */
function checkoutWithTools(node: string): JobStep[] {
  const pipCache = { 'cache': 'pip', 'cache-dependency-path': 'glue-templates/requirements/*.txt' };
  return [
    { name: 'Checkout', uses: ActionRefs.ACTIONS_CHECKOUT, with: { 'persist-credentials': false } },
    setUpNode(node, { cache: 'npm' }),
    { name: 'Set up Python', uses: ActionRefs.ACTIONS_SETUP_PYTHON, with: { 'python-version': '3.11', ...pipCache } },
    SET_UP_JAVA,
    SET_UP_CHROME,
  ];
}

function setUpNode(node: string, cache: object): JobStep {
  return { name: 'Set up Node', uses: ActionRefs.ACTIONS_SETUP_NODE, with: { 'node-version': node, ...cache } };
}

function addIssueForms(hub: github.GitHub): void {
  addForm(hub, 'bug', {
    name: 'Bug report',
    description: 'Something does not work as documented.',
    labels: ['bug'],
    body: [
      text('what', 'What happened?', 'Include the complete error message. Remove credentials and private data.', true),
      text('expected', 'What did you expect?', 'Link the page of the documentation, if there is one.', true),
      text('steps', 'How can we reproduce it?', [
        'The dataset as CDK code or `config.json`, a few lines of the source data, and the commands.',
        'Problems that `medallion run` reproduces are the fastest to fix.',
      ].join(' '), true),
      choice('where', 'Where does it happen?', [
        'cdk synth or cdk deploy', 'medallion (on this machine)', 'Glue job on AWS', 'Athena', 'Documentation',
      ]),
      text('versions', 'Versions', 'cdk-glue-medallion, aws-cdk-lib, Node, Python, Glue, operating system.', true),
    ],
  });
  addForm(hub, 'feature', {
    name: 'Feature request',
    description: 'Propose a new source, table format, setting or command.',
    labels: ['enhancement'],
    body: [
      text('problem', 'Which problem do you want to solve?', 'Describe the data and who uses it.', true),
      text('proposal', 'What do you propose?',
        'Show the CDK code, configuration or command that you want to write.', true),
      text('alternatives', 'What do you do today?', 'Workarounds and other tools that you considered.', false),
    ],
  });
  addForm(hub, 'config', {
    blank_issues_enabled: false,
    contact_links: [{
      name: 'Report a vulnerability',
      url: 'https://github.com/cdk-glue-medallion/cdk-glue-medallion/security/advisories/new',
      about: 'Report vulnerabilities privately. See SECURITY.md.',
    }],
  });
}

function addForm(hub: github.GitHub, name: string, obj: object): void {
  new YamlFile(hub.project, `.github/ISSUE_TEMPLATE/${name}.yml`, { obj });
}

function text(id: string, label: string, description: string, required: boolean): object {
  return { type: 'textarea', id, attributes: { label, description }, validations: { required } };
}

function choice(id: string, label: string, options: string[]): object {
  return { type: 'dropdown', id, attributes: { label, options }, validations: { required: true } };
}
