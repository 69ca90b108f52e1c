import { awscdk, javascript, ObjectFile } from 'projen';
import { UpgradeDependenciesSchedule } from 'projen/lib/javascript';
import { addGitHubFiles, PULL_REQUEST_TEMPLATE } from './.projen/workflows';

/** The oldest supported version of aws-cdk-lib. integ-runner 2.197 cannot read the assemblies of 2.258 and later. */
const CDK_VERSION = '2.257.0';

/** Files and folders that tools and local runs create in any folder. */
const TOOL_OUTPUT = [
  '__pycache__/', '.venv/', '.mypy_cache/', '.ruff_cache/', '.import_linter_cache/', '.pytest_cache/', '.hypothesis/',
  '.medallion/', 'cdk.out/', 'medallion.html',
];

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-glue-medallion',
  description:
    'AWS CDK constructs for a medallion data lake on AWS Glue and Amazon Athena: scheduled Glue jobs, raw, bronze '
    + 'and gold data in Amazon S3, and tables in the AWS Glue Data Catalog.',
  keywords: [
    'athena', 'aws', 'aws-cdk', 'aws-glue', 'data-engineering', 'data-lake', 'etl', 'glue', 'medallion', 'pyspark',
    's3', 'spark',
  ],
  author: 'cdk-glue-medallion maintainers',
  authorAddress: 'cdk-glue-medallion@example.org',
  authorOrganization: true,
  repositoryUrl: 'https://github.com/cdk-glue-medallion/cdk-glue-medallion.git',
  // The API can change until the first release. See "Versions" in CONTRIBUTING.md.
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
  // .jsii repeats the text of API.md. Compression keeps the package below 5 MB.
  compressAssembly: true,
  typescriptVersion: '~6.0.3',
  publishToPypi: { distName: 'cdk-glue-medallion', module: 'cdk_glue_medallion' },
  publishToMaven: {
    javaPackage: 'io.github.cdkgluemedallion',
    mavenGroupId: 'io.github.cdk-glue-medallion',
    mavenArtifactId: 'cdk-glue-medallion',
  },

  devDeps: [
    // The published package contains bundles of these packages. src/private/dependencies has a module for each, and
    // .projen/bundle-dependencies.ts creates the bundles. Compared with `bundledDependencies`, this saves 2 MB.
    'ajv@8.20.0',
    'commander@14.0.3',
    'fflate@0.8.3',
    'jsonc-parser@3.3.1',
    '@aws-cdk/integ-runner@2.197.10',
    '@aws-cdk/integ-tests-alpha@2.245.0-alpha.0',
    // AGPL: only the tests use it, unmodified. The published package does not contain it.
    '@cloud-copilot/iam-simulate@0.1.173',
    // Computes the layout of the graph in `medallion docs`.
    '@dagrejs/dagre@3.0.0',
    '@types/d3-scale@4.0.9',
    '@types/d3-shape@3.2.0',
    '@types/node@^20',
    'aws-cdk@2.1148.1',
    // MPL-2.0: only the tests use it, unmodified.
    'axe-core@4.14.1',
    'cdk-nag@3.0.2',
    // The page of `medallion docs` contains d3 and preact. .projen/bundle-page.ts bundles them.
    'd3-scale@4.0.3',
    'd3-shape@3.2.1',
    'esbuild@0.28.2',
    'fast-check@4.3.0',
    'json-schema-to-typescript@16.0.0',
    // The version that Step Functions implements. The tests evaluate the expressions of the state machines with it.
    'jsonata@2.0.6',
    // Controls the Chromium that is installed on the machine. Does not download a browser.
    'playwright-core@1.65.1',
    'preact@11.2.0',
    'vega-datasets@3.2.1',
    'yaml@2.9.0',
  ],
  bin: { medallion: 'lib/cli/main.js' },
  entrypoint: 'lib/index.js',

  // The code of the page of `medallion docs` runs in a browser: see src/page/tsconfig.json.
  excludeTypescript: ['src/page'],
  disableTsconfig: true,
  tsconfigDev: {
    include: ['integ/**/*.ts', '.projen/*.ts', '.projenrc.ts'],
    exclude: ['src/page'],
    // The sample app imports the library by its package name.
    compilerOptions: { rootDir: '.', paths: { 'cdk-glue-medallion': ['./src'] } },
  },
  projenrcTs: true,
  projenrcTsOptions: { projenCodeDir: '.projen' },
  eslintOptions: {
    dirs: ['src'],
    fileExtensions: ['.ts', '.tsx'],
    devdirs: ['test', 'integ'],
    projectService: false,
    tsconfigPath: './tsconfig.dev.json',
  },
  typecheckTests: true,
  jestOptions: {
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    // Use `jest --coverage` for a coverage report.
    jestConfig: {
      collectCoverage: false,
      coverageProvider: 'babel',
      testTimeout: 60_000,
      // The default leaves one core idle.
      maxWorkers: '100%',
      globalSetup: '<rootDir>/test/create-temporary-folder.ts',
      globalTeardown: '<rootDir>/test/remove-temporary-folder.ts',
    },
  },

  integrationTestAutoDiscover: false,
  // .projen/workflows.ts defines the build and release workflows. projen's own release workflow is not used, because it
  // contains the hosts of package registries.
  githubOptions: { mergify: false, pullRequestLint: false },
  buildWorkflow: false,
  release: false,
  workflowNodeVersion: '20',
  depsUpgradeOptions: { signoff: false, workflowOptions: { schedule: UpgradeDependenciesSchedule.MONTHLY } },
  pullRequestTemplateContents: PULL_REQUEST_TEMPLATE,
  npmIgnoreOptions: {
    ignorePatterns: [
      '/integ/', '/tsconfig.dev.json', '/tsconfig.json', '/.ci/', '/CONTRIBUTING.md', '/.jsii.tabl.json', '/API.md',
      '/.devcontainer/', '/.editorconfig', '/CODE_OF_CONDUCT.md', '/SECURITY.md',
      '/glue-templates/tests/', '/glue-templates/bench/', '/glue-templates/pyproject.toml',
      ...['tools', 'deploy', 'security', 'bench', 'readers'].map(name => `/glue-templates/requirements/${name}.*`),
      ...TOOL_OUTPUT,
    ],
  },
  gitignore: [
    '/integ/**/*.snapshot/asset.*',
    '/.npm-cache/',
    '/.jsii.tabl.json',
    ...TOOL_OUTPUT,
    '*.egg-info/',
  ],
});

// The types of the API do not refer to these declarations, which test/compiled-package.ts checks.
project.npmignore?.exclude(
  '/lib/cli/**/*.d.ts', ...['files', 'resources'].map(folder => `/lib/private/${folder}/*.d.ts`),
);

// Otherwise, Yarn Plug'n'Play keeps the package in a ZIP file, where Python cannot read the code of the local runs.
project.package.addField('preferUnplugged', true);

// By default, jsii embeds source maps in lib/ (0.9 MB). Node ignores them without --enable-source-maps.
project.tryFindObjectFile('package.json')?.addOverride('jsii.tsc.inlineSourceMap', false);

project.eslint?.allowDevDeps('src/private/dependencies/*.ts');
project.eslint?.addRules({
  '@stylistic/max-len': ['error', { code: 120, ignoreUrls: true, ignoreRegExpLiterals: true }],
  'import/no-cycle': ['error', { ignoreExternal: true }],
  // import/no-cycle does not follow `import type`, so `import type` is not allowed.
  '@typescript-eslint/consistent-type-imports': [
    'error',
    { prefer: 'no-type-imports', disallowTypeAnnotations: false },
  ],
  // Each folder of src/private imports only from folders that come before it in this list.
  'import/no-restricted-paths': [
    'error',
    {
      zones: folderZones(
        'dependencies', 'errors', 'document', 'state-machines', 'resources', 'scripts', 'definition', 'files',
      ),
    },
  ],
});

// The page runs in a browser, so it has its own tsconfig.json and may import devDependencies, which are bundled.
project.eslint?.addOverride({
  files: ['src/page/*.ts', 'src/page/*.tsx'],
  rules: { 'import/no-extraneous-dependencies': ['error', { devDependencies: true }] },
});
(project.tryFindObjectFile('.eslintrc.json') as ObjectFile).addOverride(
  'parserOptions.project', ['./tsconfig.dev.json', './src/page/tsconfig.json'],
);

/** Returns a zone for each folder of src/private, with the folders that it must not import from. */
function folderZones(...folders: string[]): object[] {
  return folders.slice(0, -1).map((folder, index) => ({
    target: `./src/private/${folder}`,
    from: folders.slice(index + 1).map(later => `./src/private/${later}`),
    message:
      `src/private/${folder} must not import from ${folders.slice(index + 1).join(', ')}. Move the `
      + `shared code into ${folder}.`,
  }));
}

new javascript.NpmConfig(project).addConfig('omit-lockfile-registry-resolved', 'true');

// jest and eslint read tsconfig.dev.json. jsii generates `/tsconfig.json`. The tsconfig.json under .projen belongs to
// projen and must be in git.
project.gitignore.removePatterns('tsconfig.json');
project.gitignore.exclude('/tsconfig.json');
project.gitignore.exclude('/.jsii.gz');

// Some versions of npm cannot install unrs-resolver 1.13 from a lock file. 1.12.2 works with all of them.
project.package.addField('overrides', { 'unrs-resolver': '1.12.2' });

// Generates TypeScript types from the JSON Schemas. A test fails if they are out of date.
const typesOf = (document: string) =>
  `json2ts --input glue-templates/${document}.schema.json --output `
  + `src/private/document/${document}-document.generated.ts --no-additionalProperties`
  + ' --ignoreMinAndMaxItems --style.singleQuote --style.printWidth=150'
  + ` --bannerComment "/* Generated by npx projen generate from glue-templates/${document}.schema.json. Do not `
  + 'edit: change the schema. */"';
const generate = project.addTask('generate', {
  description: 'Generate the private TypeScript types from the JSON Schemas',
  steps: ['dataset', 'config', 'pipeline'].map(document => ({ exec: typesOf(document) })),
});
project.preCompileTask.spawn(generate);

// Snapshot tests of complete apps. They need no AWS credentials and take a few seconds. integ:deploy deploys the apps
// to the account of your AWS credentials.
const integEnvironment = { TS_NODE_PROJECT: 'tsconfig.dev.json', TS_NODE_TRANSPILE_ONLY: 'true' };
// Limited to integ/stacks: in integ/quickstart, the runner would loop over the symbolic link to this repository.
const integRunner =
  'integ-runner --directory integ/stacks --language typescript --parallel-regions us-east-1 --disable-update-workflow'
  // By default, the runner transpiles src/ in the process of each test.
  + ' --app "node --require $PWD/test/register-typescript.cjs {filePath}"';
const offline = { AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' };
const integ = project.addTask('integ', {
  description: 'Compare the integration test stacks with their snapshots',
  env: offline,
  exec: integRunner,
});
project.testTask.spawn(integ);
project.addTask('integ:snapshot', {
  description: 'Update the snapshots of changed integration tests',
  env: offline,
  exec: `${integRunner} --update-on-failed --dry-run`,
});
project.addTask('integ:deploy', {
  description: 'Deploy changed integration tests to AWS, then update their snapshots',
  exec: `${integRunner} --update-on-failed`,
  receiveArgs: true,
});
project.addTask('bench:docs', {
  description: 'Benchmark `medallion docs`: the size of the page of 300 datasets, and the time until Chromium shows it',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/bench/docs.ts',
});
project.addTask('bench:synth', {
  description: 'Benchmark the synthesis of 1 to 300 datasets against the same resources written by hand',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/bench/synth.ts',
  receiveArgs: true,
});

// The wheel and the JAR contain the translations of the README examples into Python and Java.
const rosetta = project.addTask('docs:rosetta', {
  description:
    'Compile the TypeScript examples of README.md, docs/ and the API, and translate them into Python and Java',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/rosetta.ts',
});
project.postCompileTask.spawn(rosetta);
project.postCompileTask.exec('node --require ts-node/register test/compiled-package.ts', { env: integEnvironment });
// Some programs start the file directly, such as the entry points that jsii generates.
project.compileTask.exec('chmod +x lib/cli/main.js');

// Without this step, keys of Python dicts get lost. See the comment in the script.
project.compileTask.exec('node --require ts-node/register .projen/untyped-map-values.ts', { env: integEnvironment });
project.compileTask.exec('node --require ts-node/register .projen/compact-javascript.ts', { env: integEnvironment });
// Must run after compact-javascript.ts, which would otherwise process the minified page.
project.compileTask.exec('node --require ts-node/register .projen/bundle-page.ts', { env: integEnvironment });
project.compileTask.exec('node --require ts-node/register .projen/bundle-dependencies.ts', { env: integEnvironment });

// Replaces the command that jsii generates, which is slow and prints a traceback if Node is missing. See the script.
project.tasks.tryFind('package:python')?.exec('python3 .projen/python-command/package.py');

// The task api:diff replaces the `compat` task of projen, which fails before the first release.
project.removeTask('compat');
project.addTask('api:diff', {
  description: 'Compare the API with that of the latest release',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/api-diff.ts',
});

// An npm script instead of a projen task, because it must work in a fresh clone before `npm ci`.
project.setScript('demo', 'node integ/quickstart/demo.mjs');

// These tests run the datasets of synthesized apps on Spark. They are slow, so other jest runs exclude them.
const endToEndTests = 'jest --testMatch "<rootDir>/test/**/*.e2e.ts"';
const endToEndOptions = '--coverage=false --testTimeout=900000';
const onlyInAll = ['example-lake', 'job-role', 'progress'].map(name => `${name}.e2e`).join(' ');
const endToEnd = project.addTask('test:e2e', {
  description: 'Run the quickstart datasets and an app with bronze and gold datasets, and check the results',
  exec: `${endToEndTests} --testPathIgnorePatterns /node_modules/ ${onlyInAll} ${endToEndOptions}`,
  receiveArgs: true,
});
project.testTask.spawn(endToEnd);
project.addTask('test:e2e:all', {
  description: 'Run all end-to-end tests: also the example lake, the role of jobs, progress, and each type of REST API',
  env: { END_TO_END_TESTS: 'all' },
  exec: `${endToEndTests} ${endToEndOptions}`,
  receiveArgs: true,
});

// Tests the Python code in the environments that `medallion run` creates.
const inPython = 'node --require ts-node/register test/python.ts';
const testPython = project.addTask('test:python', {
  description:
    'Check the Python code (ruff, mypy, pytest), or run one tool, for example: test:python [--glue-version 6.0] '
    + 'pytest -k zip',
  env: integEnvironment,
  exec: inPython,
  receiveArgs: true,
});
project.testTask.spawn(testPython);
for (const version of ['5.0', '6.0']) {
  project.addTask(`test:python:${version}`, {
    description: `Check the Python code with all tests on Glue ${version}, also with Iceberg tables`,
    env: integEnvironment,
    exec: `${inPython} --glue-version ${version}`,
  });
}
// jsii does not compile the browser code of `medallion docs`.
const typesOfPage = 'tsc -p src/page';
const testPage = project.addTask('test:page', {
  description: 'Check the types of the documentation page, and open pages in Chromium',
});
testPage.exec(typesOfPage);
testPage.exec('jest --testMatch "<rootDir>/test/page/*.browser.ts" --coverage=false --testTimeout=120000', {
  receiveArgs: true,
});
project.testTask.spawn(testPage);
const fast = project.addTask('test:fast', {
  description: 'Check types, lint, and run the tests that need neither Spark nor the installed package',
  env: integEnvironment,
});
fast.exec('tsc --noEmit -p tsconfig.dev.json');
fast.exec(typesOfPage);
fast.spawn(project.eslint!.eslintTask);
// The other tests in test/cli start processes and install packages. Run them with `npx jest test/cli`.
fast.exec('jest --ci --maxWorkers=100% --testPathIgnorePatterns /node_modules/ test/cli/main test/cli/init');
fast.exec(`${inPython} --without-spark`);
project.addTask('test:consumers', {
  description: 'Build the packages, and compare the Python and Java sample apps with the TypeScript sample app',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/consumers/main.ts',
  receiveArgs: true,
});
project.addTask('test:matrix', {
  description:
    'Run the construct tests with the oldest and newest supported aws-cdk-lib and constructs, on Node 20 and later',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/consumers/matrix.ts',
  receiveArgs: true,
});
project.addTask('test:faults', {
  description: 'Fail or kill a job at each of its calls of S3 and the Data Catalog, and print what readers see',
  env: integEnvironment,
  exec: `${inPython} python tests/fault_matrix.py`,
  receiveArgs: true,
});
project.addTask('test:concurrency', {
  description: 'Run a job twice at the same time, in each order of the steps of its publication',
  env: integEnvironment,
  exec: `${inPython} python tests/concurrent_matrix.py`,
  receiveArgs: true,
});
const testDeploy = project.addTask('test:deploy', {
  description:
    'Deploy, update and destroy a lake on a local AWS emulator, and check the resources through the AWS API',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/deploy/deploy.ts',
});
project.testTask.spawn(testDeploy);
project.addTask('test:security', {
  description: 'Run cfn-lint and checkov on the templates of lakes in all stack layouts',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/security/templates.ts',
});
project.addTask('generate:python', {
  description: 'Generate the Python types from the JSON Schema of a dataset',
  env: integEnvironment,
  exec: `${inPython} datamodel-codegen`,
});
project.addTask('bench', {
  description: 'Benchmark the bronze job against other tools that convert the same file to Parquet',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/bench/compare.ts',
  receiveArgs: true,
});
project.addTask('bench:publish', {
  description: 'Benchmark the publication of many small objects',
  env: integEnvironment,
  exec: `${inPython} python -m bench.publication`,
  receiveArgs: true,
});
project.addTask('bench:loop', {
  description: 'Benchmark `medallion run`: time to the first line of output and total time',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/bench/loop.ts',
  receiveArgs: true,
});
project.addTask('bench:tests', {
  description: 'Benchmark `medallion test` with 20 tests',
  env: integEnvironment,
  exec: 'node --require ts-node/register test/bench/sql-tests.ts',
  receiveArgs: true,
});
project.addTask('bench:history', {
  description: 'Benchmark a history of 1,000,000 rows against a full rewrite',
  env: integEnvironment,
  exec: `${inPython} python bench/history.py`,
  receiveArgs: true,
});

addGitHubFiles(project.github!);

project.tasks.addEnvironment('JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION', '20');

project.synth();
