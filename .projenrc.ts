import { awscdk, javascript } from 'projen';
import { UpgradeDependenciesSchedule } from 'projen/lib/javascript';
import { addGitHubFiles, PULL_REQUEST_TEMPLATE } from './.projen/workflows';

/** The lowest aws-cdk-lib we support. 2.258 and later write assemblies that integ-runner 2.197 cannot read. */
const CDK_VERSION = '2.257.0';

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-glue-medallion',
  description:
    'A lake on AWS Glue and Athena from a few lines a dataset: schedule, Glue job, raw, bronze and gold in '
    + 'S3, crawler, Athena.',
  keywords: ['aws', 'glue', 'athena', 'medallion', 'etl', 'data-lake'],
  author: 'cdk-glue-medallion maintainers',
  authorAddress: 'cdk-glue-medallion@example.org',
  authorOrganization: true,
  repositoryUrl: 'https://github.com/cdk-glue-medallion/cdk-glue-medallion.git',
  // Until the first release. See "Versions" in CONTRIBUTING.md.
  stability: 'experimental',
  license: 'Apache-2.0',
  copyrightOwner: 'cdk-glue-medallion maintainers',
  copyrightPeriod: '2026',
  defaultReleaseBranch: 'main',
  packageManager: javascript.NodePackageManager.NPM,
  minNodeVersion: '20.0.0',

  cdkVersion: CDK_VERSION,
  constructsVersion: '10.5.1',
  jsiiVersion: '~6.0.0',
  // .jsii holds the texts of API.md once more, and the package stays below 5 MB.
  compressAssembly: true,
  typescriptVersion: '~6.0.3',
  publishToPypi: { distName: 'cdk-glue-medallion', module: 'cdk_glue_medallion' },
  publishToMaven: {
    javaPackage: 'io.github.cdkgluemedallion',
    mavenGroupId: 'io.github.cdk-glue-medallion',
    mavenArtifactId: 'cdk-glue-medallion',
  },

  // Used by the published package. fflate zips the job's package, ajv validates dataset documents, jsonc-parser says
  // where in a file a value is, commander parses `medallion`.
  bundledDeps: ['ajv@8.20.0', 'commander@14.0.3', 'fflate@0.8.3', 'jsonc-parser@3.3.1'],
  devDeps: [
    '@aws-cdk/integ-runner@2.197.10',
    '@aws-cdk/integ-tests-alpha@2.245.0-alpha.0',
    // AGPL: the tests run it as it is, and the published package has nothing of it.
    '@cloud-copilot/iam-simulate@0.1.173',
    '@types/node@^20',
    'aws-cdk@2.1148.1',
    'cdk-nag@3.0.2',
    'fast-check@4.3.0',
    'json-schema-to-typescript@16.0.0',
    'vega-datasets@3.2.1',
    'yaml@2.9.0',
  ],
  bin: { medallion: 'lib/cli/main.js' },
  entrypoint: 'lib/index.js',

  disableTsconfig: true,
  tsconfigDev: {
    include: ['integ/**/*.ts', '.projenrc.ts'],
    // The sample app imports the library by its name.
    compilerOptions: { rootDir: '.', paths: { 'cdk-glue-medallion': ['./src'] } },
  },
  projenrcTs: true,
  projenrcTsOptions: { projenCodeDir: '.projen' },
  eslintOptions: {
    dirs: ['src'],
    devdirs: ['test', 'integ'],
    projectService: false,
    tsconfigPath: './tsconfig.dev.json',
  },
  typecheckTests: true,
  jestOptions: {
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    // `jest --coverage` shows what is covered; nobody reads it in every run.
    jestConfig: { collectCoverage: false, coverageProvider: 'babel', testTimeout: 60_000 },
  },

  integrationTestAutoDiscover: false,
  // .projen/workflows.ts has the workflows for build and release. projen's own release workflow names registry hosts.
  githubOptions: { mergify: false, pullRequestLint: false },
  buildWorkflow: false,
  release: false,
  workflowNodeVersion: '20',
  depsUpgradeOptions: { signoff: false, workflowOptions: { schedule: UpgradeDependenciesSchedule.MONTHLY } },
  pullRequestTemplateContents: PULL_REQUEST_TEMPLATE,
  npmIgnoreOptions: {
    ignorePatterns: [
      '/integ/', '/tsconfig.dev.json', '/tsconfig.json', '/.ci/', '/CONTRIBUTING.md',
      '/.devcontainer/', '/.editorconfig', '/CODE_OF_CONDUCT.md', '/SECURITY.md',
      '/glue-templates/tests/', '/glue-templates/bench/', '/glue-templates/pyproject.toml',
      ...['tools', 'deploy', 'security', 'bench'].map(name => `/glue-templates/requirements/${name}.*`),
      '__pycache__/',
      '.venv/',
      '.mypy_cache/',
      '.ruff_cache/',
      '.pytest_cache/',
      '.hypothesis/',
      '.medallion/',
      'cdk.out/',
    ],
  },
  gitignore: [
    '/integ/**/*.snapshot/asset.*',
    '/.npm-cache/',
    '/.jsii.tabl.json',
    'cdk.out/',
    '.medallion/',
    '__pycache__/',
    '.venv/',
    '.mypy_cache/',
    '.ruff_cache/',
    '.pytest_cache/',
    '.hypothesis/',
    '*.egg-info/',
  ],
});

// jsii embeds the sources into lib/ otherwise, 0.9 MB of the 5 MB, and Node does not read them unless it is told to.
project.tryFindObjectFile('package.json')?.addOverride('jsii.tsc.inlineSourceMap', false);

project.eslint?.addRules({
  '@stylistic/max-len': ['error', { code: 120, ignoreUrls: true, ignoreRegExpLiterals: true }],
  'import/no-cycle': ['error', { ignoreExternal: true }],
  // import/no-cycle does not follow `import type`, so every import is a plain one.
  '@typescript-eslint/consistent-type-imports': [
    'error',
    { prefer: 'no-type-imports', disallowTypeAnnotations: false },
  ],
  // A folder of src/private imports only from folders further left.
  'import/no-restricted-paths': [
    'error',
    { zones: folderZones('errors', 'document', 'resources', 'scripts', 'definition', 'files') },
  ],
});

/** One zone per folder of src/private: what it must not import. */
function folderZones(...folders: string[]): object[] {
  return folders.slice(0, -1).map((folder, index) => ({
    target: `./src/private/${folder}`,
    from: folders.slice(index + 1).map(later => `./src/private/${later}`),
    message:
      `src/private/${folder} must not import from ${folders.slice(index + 1).join(', ')}: move what both need `
      + `into ${folder}.`,
  }));
}

new javascript.NpmConfig(project).addConfig('omit-lockfile-registry-resolved', 'true');

// jest and eslint read tsconfig.dev.json; `/tsconfig.json` is jsii's own. The nested one under .projen belongs to
// projen and must be in git.
project.gitignore.removePatterns('tsconfig.json');
project.gitignore.exclude('/tsconfig.json');
project.gitignore.exclude('/.jsii.gz');

// unrs-resolver 1.13 cannot be installed from a lock file by every npm; 1.12.2 can.
project.package.addField('overrides', { 'unrs-resolver': '1.12.2' });

// The types of the documents, from their schemas. A test fails while they are stale.
const typesOf = (document: string) =>
  `json2ts --input glue-templates/${document}.schema.json --output `
  + `src/private/document/${document}-document.generated.ts --no-additionalProperties`
  + ' --ignoreMinAndMaxItems --style.singleQuote --style.printWidth=150'
  + ` --bannerComment "/* Made from glue-templates/${document}.schema.json by npx projen generate. Change the `
  + 'schema, not this file. */"';
const generate = project.addTask('generate', {
  description: 'Make the private types from the JSON Schemas',
  steps: ['dataset', 'config'].map(document => ({ exec: typesOf(document) })),
});
project.preCompileTask.spawn(generate);

// Snapshot tests of whole apps: without credentials, a few seconds. integ:deploy deploys them to the account of the AWS
// credentials.
const integEnvironment = { TS_NODE_PROJECT: 'tsconfig.dev.json', TS_NODE_TRANSPILE_ONLY: 'true' };
// A folder of its own: the runner follows the quickstart's link to this repository without end.
const integRunner =
  'integ-runner --directory integ/stacks --language typescript --parallel-regions us-east-1 --disable-update-workflow';
const offline = { AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' };
const integ = project.addTask('integ', {
  description: 'Compare the integration tests with their snapshots',
  env: { ...integEnvironment, ...offline },
  exec: integRunner,
});
project.testTask.spawn(integ);
project.addTask('integ:snapshot', {
  description: 'Write the snapshots of changed integration tests',
  env: { ...integEnvironment, ...offline },
  exec: `${integRunner} --update-on-failed --dry-run`,
});
project.addTask('integ:deploy', {
  description: 'Deploy changed integration tests to AWS, then write their snapshots',
  env: integEnvironment,
  exec: `${integRunner} --update-on-failed`,
  receiveArgs: true,
});
project.addTask('bench:synth', {
  description: 'Print how long 1 to 300 datasets take to synthesize, beside the same resources written by hand',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/bench/synth.ts',
  receiveArgs: true,
});

// The translations of the README's examples into Python and Java are part of the wheel and the jar.
const rosetta = project.addTask('docs:rosetta', {
  description:
    'Compile the TypeScript examples of README.md, docs/ and the API, and translate them into Python and Java',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/rosetta.ts',
});
project.postCompileTask.spawn(rosetta);

// In place of projen's own, which fails as long as there is no release.
project.removeTask('compat');
project.addTask('api:diff', {
  description: 'Compare the API with that of the last release',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/api-diff.ts',
});

// Works in a fresh clone with nothing installed, so it is no projen task.
project.setScript('demo', 'node integ/quickstart/demo.mjs');

// The sample app's dataset from its synthesized assembly, on real Spark. Slow, so jest's other runs leave it out.
const endToEnd = project.addTask('test:e2e', {
  description: 'Run the quickstart\'s datasets and an app of bronze and gold, and look at what came out',
  exec: 'jest --testMatch "<rootDir>/test/**/*.e2e.ts" --coverage=false --testTimeout=900000',
  receiveArgs: true,
});
project.testTask.spawn(endToEnd);

// The Python side, in the environments that `medallion run` sets up.
const inPython = 'node --require ts-node/register test/python.ts';
const testPython = project.addTask('test:python', {
  description:
    'Check the Python side (ruff, mypy, pytest), or run one of its tools: test:python [--glue-version 6.0] '
    + 'pytest -k zip',
  env: integEnvironment,
  exec: inPython,
  receiveArgs: true,
});
project.testTask.spawn(testPython);
const fast = project.addTask('test:fast', {
  description: 'Check types, lint, and run the tests that need neither Spark nor an installed package',
  env: integEnvironment,
});
fast.exec('tsc --noEmit -p tsconfig.dev.json');
fast.spawn(project.eslint!.eslintTask);
// Tests of the command start processes and install packages. `npx jest test/cli` runs them.
fast.exec('jest --ci --maxWorkers=100% --testPathIgnorePatterns /node_modules/ test/cli/main test/cli/init');
fast.exec(`${inPython} --without-spark`);
project.addTask('test:consumers', {
  description: 'Build the packages, and compare the sample apps in Python and Java with the one in TypeScript',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/consumers/main.ts',
  receiveArgs: true,
});
project.addTask('test:matrix', {
  description:
    'Run the tests of the constructs with the lowest and the newest aws-cdk-lib and constructs, on Node 20 and newer',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/consumers/matrix.ts',
  receiveArgs: true,
});
project.addTask('test:faults', {
  description: 'Fail or kill a job at each of its calls to S3, and print what readers saw',
  env: integEnvironment,
  exec: `${inPython} python tests/fault_matrix.py`,
  receiveArgs: true,
});
const testDeploy = project.addTask('test:deploy', {
  description:
    'Deploy a lake to an emulator of AWS on this machine, update and destroy it, and ask the AWS API what is there',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/deploy/deploy.ts',
});
project.testTask.spawn(testDeploy);
project.addTask('test:security', {
  description: 'Run cfn-lint and checkov over the templates of lakes in all layouts',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/security/templates.ts',
});
project.addTask('generate:python', {
  description: 'Make the Python types from the JSON Schema of a dataset',
  env: integEnvironment,
  exec: `${inPython} datamodel-codegen`,
});
project.addTask('bench', {
  description: 'Print what the bronze job takes beside other ways to make Parquet of the same file',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/bench/compare.ts',
  receiveArgs: true,
});
project.addTask('bench:publish', {
  description: 'Print what it costs to publish many small objects',
  env: integEnvironment,
  exec: `${inPython} python -m bench.publication`,
  receiveArgs: true,
});
project.addTask('bench:loop', {
  description: 'Print how long `medallion run` takes to its first line and to its end',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/bench/loop.ts',
  receiveArgs: true,
});
project.addTask('bench:history', {
  description: 'Print what a history of 1,000,000 rows costs beside a plain rewrite',
  env: integEnvironment,
  exec: `${inPython} python bench/history.py`,
  receiveArgs: true,
});

addGitHubFiles(project.github!);

project.tasks.addEnvironment('JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION', '20');

project.synth();
