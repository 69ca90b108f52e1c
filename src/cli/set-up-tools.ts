import * as fs from 'fs';
import * as path from 'path';
import { cacheFolder } from './cache';
import { Child, cleanEnvironment, GUARD } from './child';
import { Failure } from './failure';
import { PipDownload } from './pip-download';
import { ShowDetail } from './progress';

/** Runs the programs of the set-up with their output in a log, and reports a failure as one line. */
export class SetUpTools {
  public constructor(private readonly python: string, private readonly log: string) {}

  public async pip(environment: string, args: string[], show: ShowDetail): Promise<void> {
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
    await this.run([pythonOf(environment), ...install], show);
  }

  public async run(command: string[], show: ShowDetail): Promise<void> {
    // Killed programs leave temporary files. The next set-up deletes them here.
    const scratch = path.join(cacheFolder(), 'tmp');
    fs.rmSync(scratch, { recursive: true, force: true });
    fs.mkdirSync(scratch);
    const onLine = (line: string) => {
      fs.appendFileSync(this.log, `${line}\n`);
      const download = PipDownload.announcedBy(line, scratch);
      show(download ? () => download.describe() : detailOf(line));
    };
    const child = new Child(this.python, [GUARD, ...command], {
      env: cleanEnvironment({ TMPDIR: scratch }),
      log: this.log,
      onLine,
    });
    const code = await child.exit;
    show('');
    fs.rmSync(scratch, { recursive: true, force: true });
    if (code !== 0) {
      throw new Failure(`${causeOf(fs.readFileSync(this.log, 'utf8'))} Log: ${this.log}`, 1);
    }
  }
}

/** The current activity of pip, from a line of its output. Empty if the line does not show it. */
export function detailOf(line: string): string {
  const packages = /^Installing collected packages: (.*)/.exec(line)?.[1].split(',').length;
  return packages
    ? `Installing ${packages} package${packages > 1 ? 's' : ''}`
    : /^\s*((?:Installing|Building|Preparing) [^(:]*[^(:\s])/.exec(line)?.[1] ?? '';
}

/** The cause of a failed set-up program, from its output. */
export function causeOf(log: string): string {
  const lines = log.split('\n').filter(line => line.trim());
  const causes: [RegExp, string][] = [
    [/No space left on device/, 'The disk is full. Free 3 GB, or set another folder with MEDALLION_CACHE.'],
    [
      /DO NOT MATCH THE HASHES/,
      'The hash of a package does not match the locked hash. Check the package index that pip uses (pip config list).',
    ],
    [
      /CERTIFICATE_VERIFY_FAILED|SSLHandshakeException|PKIX path/,
      'The certificate of a server is not trusted. Behind a proxy with its own certificate, set PIP_CERT for pip, and '
        + 'JAVA_HOME to a Java that trusts the certificate.',
    ],
    [/ProxyError|407 Proxy/, 'The proxy refused the connection. Check HTTPS_PROXY.'],
    [
      /NewConnectionError|ConnectTimeout|Temporary failure in name resolution|Network is unreachable|UnknownHostException|ConnectException|Max retries|Connection refused|No route to host|NameResolutionError|ReadTimeout/,
      'Cannot connect to the package index. The first set-up requires network access, or a package mirror in the '
        + 'configuration of pip (pip config list).',
    ],
  ];
  const known = causes.find(([pattern]) => lines.some(line => pattern.test(line)));
  const last =
    [...lines].reverse().find(line => /error/i.test(line))
    ?? lines[lines.length - 1]
    ?? 'the program ended without output';
  return known ? known[1] : `The set-up failed: ${last.trim()}.`;
}

/** The Python interpreter of a virtual environment. */
export function pythonOf(environment: string): string {
  return path.join(environment, 'bin', 'python');
}
