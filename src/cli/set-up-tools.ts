import * as fs from 'fs';
import * as path from 'path';
import { cacheFolder } from './cache';
import { Child, cleanEnvironment, GUARD, LOCAL_GLUE } from './child';
import { Failure } from './failure';
import { ShowDetail } from './progress';
import { describeTransfers, Transfer } from './transfer';

const REQUIREMENTS = path.join(LOCAL_GLUE, '..', 'requirements');

/** The Python programs of a setup. */
export interface SetUpPrograms {
  /** The Python interpreter from which virtual environments are created. */
  readonly python: string;
  /** The virtual environment with the locked version of pip, which downloads and installs packages. */
  readonly installer: string;
}

/**
 * Runs the programs that set up a component. Their output is written to a log, and a failure is reported as one line.
 * Several components can be set up at the same time, each with its own instance of this class.
 */
export class SetUpTools {
  private readonly log: string;
  private readonly scratch: string;

  /**
   * @param component the name of the component, which is used in file names
   * @param show shows the current activity
   */
  public constructor(component: string, private readonly programs: SetUpPrograms, private readonly show: ShowDetail) {
    this.log = path.join(cacheFolder(), `set-up-${component}.log`);
    this.scratch = path.join(scratchFolder(), component);
    fs.mkdirSync(this.scratch, { recursive: true });
    fs.writeFileSync(this.log, '');
  }

  /** Creates the virtual environment of the installer. */
  public async createInstaller(): Promise<void> {
    const { python, installer } = this.programs;
    await this.run([python, '-m', 'venv', installer]);
    await this.run([
      pythonOf(installer), '-m', 'pip', 'install', '--require-hashes', '--no-deps', '--disable-pip-version-check',
      '--no-input', '--retries', '2', '-r', requirementsFile('pip'),
    ]);
  }

  /** Creates a virtual environment without pip, and installs the packages of a requirements file in it. */
  public async createEnvironment(folder: string, requirements: string, ...selection: string[]): Promise<void> {
    const files = await this.download('packages', requirements, selection);
    await this.run([this.programs.python, '-m', 'venv', '--without-pip', folder]);
    await this.install(['--python', pythonOf(folder)], [], files);
  }

  /** Installs the packages of a requirements file into a folder. */
  public async createPackageFolder(folder: string, requirements: string): Promise<void> {
    await this.install([], ['--target', folder], await this.download('packages', requirements));
  }

  /** Unpacks the pyspark package of a requirements file into a folder. */
  public async createSparkFolder(folder: string, requirements: string): Promise<void> {
    const [archive] = await this.download('packages', requirements, ['--only', 'pyspark']);
    this.show('Unpacking');
    await this.run([pythonOf(this.programs.installer), path.join(LOCAL_GLUE, 'unpack_spark.py'), archive, folder]);
  }

  /** Downloads the jars of a list into a folder. */
  public async createJarFolder(folder: string, list: string): Promise<void> {
    for (const file of await this.download('jars', list)) {
      fs.renameSync(file, path.join(folder, path.basename(file)));
    }
  }

  private async install(
    options: readonly string[], targets: readonly string[], files: readonly string[],
  ): Promise<void> {
    // Modules are not compiled here, because that would take most of the installation time. Python compiles a module
    // when a program first imports it.
    await this.run([
      pythonOf(this.programs.installer), '-m', 'pip', ...options, 'install', '--no-index', '--no-deps', '--no-compile',
      '--disable-pip-version-check', '--no-input', ...targets, ...files,
    ]);
  }

  /** Uses download.py to download the files in a list. Returns their paths. */
  private async download(kind: string, list: string, selection: readonly string[] = []): Promise<string[]> {
    const transfer = new Transfer();
    const files: string[] = [];
    const download = [pythonOf(this.programs.installer), path.join(LOCAL_GLUE, 'download.py')];
    await this.run([...download, kind, downloadFolder(), list, ...selection], line => {
      const [word, value, total] = line.split(' ');
      if (word === 'progress') {
        transfer.update(Number(value), Number(total) || undefined);
        this.show(() => describeTransfers([transfer]));
      } else {
        files.push(line.slice('file '.length));
      }
    });
    return files;
  }

  private async run(command: string[], onLine?: (line: string) => void): Promise<void> {
    const child = new Child(this.programs.python, [GUARD, ...command], {
      env: cleanEnvironment({ TMPDIR: this.scratch }),
      log: this.log,
      onLine: onLine ?? (line => {
        fs.appendFileSync(this.log, `${line}\n`);
        this.show(detailOf(line));
      }),
    });
    const code = await child.exit;
    this.show('');
    if (code !== 0) {
      throw new Failure(`${causeOf(fs.readFileSync(this.log, 'utf8'))} Log: ${this.log}`, 1);
    }
  }
}

/** The folder of complete and interrupted downloads. It is deleted when all components are in the cache. */
export function downloadFolder(): string {
  return path.join(cacheFolder(), 'downloads');
}

/** The folder of temporary files. Killed programs leave files in it. */
export function scratchFolder(): string {
  return path.join(cacheFolder(), 'tmp');
}

/** The path of a file with locked requirements. `name` is the file name without the extension. */
export function requirementsFile(name: string): string {
  return path.join(REQUIREMENTS, `${name}.txt`);
}

/** The current activity of pip, from a line of its output. Empty if the line does not show it. */
export function detailOf(line: string): string {
  const packages = /^Installing collected packages: (.*)/.exec(line)?.[1].split(',').length;
  return packages ? `Installing ${packages} package${packages > 1 ? 's' : ''}` : '';
}

/** The cause of a failed setup program, from its output. */
export function causeOf(log: string): string {
  const lines = log.split('\n').filter(line => line.trim());
  const causes: [RegExp, string][] = [
    [/No space left on device/, 'The disk is full. Free 2 GB, or set another folder with MEDALLION_CACHE.'],
    [
      /DO NOT MATCH THE HASHES|does not match the locked hash/,
      'The hash of a downloaded file does not match the locked hash. Check the package index that pip uses (pip config '
        + 'list), and the Maven repository in DEFAULT_ARTIFACT_REPOSITORY.',
    ],
    [
      /CERTIFICATE_VERIFY_FAILED/,
      'The certificate of a server is not trusted. Behind a proxy with its own certificate, set PIP_CERT.',
    ],
    [/ProxyError|407 Proxy/, 'The proxy refused the connection. Check HTTPS_PROXY.'],
    [
      /\b40[13] (Client Error|Unauthorized|Forbidden)/i,
      'The package index or Maven repository denied access. Add credentials to the configuration of pip (pip config '
        + 'list), or to the URL in DEFAULT_ARTIFACT_REPOSITORY.',
    ],
    [
      /NewConnectionError|ConnectTimeout|Temporary failure in name resolution|Network is unreachable|Max retries|Connection refused|No route to host|NameResolutionError|ReadTimeout/,
      'Cannot connect to the package index. The first setup requires network access, or a package mirror in the '
        + 'configuration of pip (pip config list).',
    ],
  ];
  const known = causes.find(([pattern]) => lines.some(line => pattern.test(line)));
  const last =
    [...lines].reverse().find(line => /error/i.test(line))
    ?? lines[lines.length - 1]
    ?? 'the program ended without output';
  return known ? known[1] : `The setup failed: ${last.trim().replace(/\.$/, '')}.`;
}

/** The Python interpreter of a virtual environment. */
export function pythonOf(environment: string): string {
  return path.join(environment, 'bin', 'python');
}
