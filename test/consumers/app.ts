import * as fs from 'fs';
import * as path from 'path';
import { step } from './step';
import { Versions } from './versions';

export const ROOT = path.join(__dirname, '..', '..');

export type Language = 'typescript' | 'python' | 'java';

/** A copy of a sample app, with the built package and its dependencies installed. */
export interface ConsumerApp {
  readonly folder: string;
  /** Environment variables that the app needs. */
  readonly env: NodeJS.ProcessEnv;
  /** The command that runs the app, if it differs from `app` in its cdk.json. */
  readonly command?: string;
}

/** Copies an app to a new folder, and installs the built package there with the given versions. */
export const installApp: {
  readonly [language in Language]: (folder: string, versions: Versions) => Promise<ConsumerApp>;
} = {
  typescript: async (folder, { cdk, constructs }) => {
    copy('integ/quickstart', folder, ['app.ts', 'cdk.json', 'gold']);
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
    await step(
      'npm install',
      'npm',
      [
        'install',
        '--prefix',
        folder,
        '--no-audit',
        '--no-fund',
        built('js', '.tgz'),
        `aws-cdk-lib@${cdk}`,
        `constructs@${constructs}`,
      ],
      { cwd: folder },
    );
    return {
      folder,
      env: { TS_NODE_PROJECT: path.join(ROOT, 'tsconfig.dev.json') },
      command: `node --require ${path.join(ROOT, 'node_modules', 'ts-node', 'register', 'transpile-only')} app.ts`,
    };
  },

  python: async (folder, { cdk, constructs }) => {
    copy('integ/consumers/python', folder);
    const virtual = path.join(folder, '.venv');
    await step('venv', 'python3', ['-m', 'venv', virtual], { cwd: folder });
    fs.writeFileSync(path.join(folder, 'constraints.txt'), `aws-cdk-lib==${cdk}\nconstructs==${constructs}\n`);
    await step(
      'pip install',
      path.join(virtual, 'bin', 'pip'),
      [
        'install',
        '--disable-pip-version-check',
        '-r',
        'requirements.txt',
        '-c',
        'constraints.txt',
        built('python', '.whl'),
      ],
      { cwd: folder },
    );
    return {
      folder,
      env: {
        PATH: [path.join(virtual, 'bin'), process.env.PATH].join(path.delimiter),
        VIRTUAL_ENV: virtual,
        JSII_RUNTIME_PACKAGE_CACHE_ROOT: path.join(folder, '.jsii-cache'),
      },
    };
  },

  java: async (folder, { cdk, constructs }) => {
    copy('integ/consumers/java', folder);
    // The output of package:java has the layout of a Maven repository.
    const repository = path.join(folder, '.m2');
    fs.cpSync(path.join(ROOT, 'dist', 'java'), repository, { recursive: true });
    fs.mkdirSync(path.join(folder, '.mvn'));
    const options = [`-Dmaven.repo.local=${repository}`, `-Dcdk.version=${cdk}`, `-Dconstructs.version=${constructs}`];
    fs.writeFileSync(path.join(folder, '.mvn', 'maven.config'), options.join('\n'));
    await step('mvn compile', 'mvn', ['--batch-mode', '--no-transfer-progress', 'compile'], { cwd: folder });
    return { folder, env: { JSII_RUNTIME_PACKAGE_CACHE_ROOT: path.join(folder, '.jsii-cache') } };
  },
};

/** Synthesizes an app as `cdk synth` does, and returns the folder of the assembly. */
export async function synthesize(
  { folder, env, command }: ConsumerApp,
  name: string,
  source?: string,
): Promise<string> {
  const assembly = path.join(folder, name);
  const args = [
    path.join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'),
    'synth',
    '--quiet',
    '--no-notices',
    '--no-version-reporting',
    '--output',
    assembly,
    ...(command ? ['--app', command] : []),
    ...(source ? ['-c', `source=${source}`] : []),
  ];
  await step('cdk synth', process.execPath, args, {
    cwd: folder,
    env: { CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: 'true', ...env },
  });
  return assembly;
}

function copy(from: string, to: string, names = fs.readdirSync(path.join(ROOT, from))): void {
  for (const name of names.filter(
    one => !['.venv', 'target', 'cdk.out', '.medallion', '__pycache__', 'node_modules'].includes(one),
  )) {
    fs.cpSync(path.join(ROOT, from, name), path.join(to, name), { recursive: true });
  }
}

/** Returns the path of the built package of a language. */
function built(language: string, extension: string): string {
  const folder = path.join(ROOT, 'dist', language);
  const [found, ...others] = fs.readdirSync(folder).filter(file => file.endsWith(extension));
  if (found === undefined || others.length > 0) {
    const count = others.length + (found ? 1 : 0);
    throw new Error(`${folder} must contain exactly one *${extension} file (found ${count}).`);
  }
  return path.join(folder, found);
}
