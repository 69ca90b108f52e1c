import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { cleanEnvironment } from './child';

/** The range of Java versions that Spark 3.5 and 4.1 support. AWS Glue uses Java 17. */
const MIN_VERSION = 17;
const MAX_VERSION = 21;

/** A Java installation on this machine. */
export interface Java {
  readonly home: string;
  readonly version: string;
}

let cached: Java | null | undefined;

/** The Java installation in JAVA_HOME or on the PATH, if Spark supports its version. Searched once per process. */
export function findJava(): Java | undefined {
  cached ??= search() ?? null;
  return cached ?? undefined;
}

function search(): Java | undefined {
  const commands = [process.env.JAVA_HOME && path.join(process.env.JAVA_HOME, 'bin', 'java'), 'java'];
  for (const command of commands) {
    if (!command) {
      continue;
    }
    const { stderr } = spawnSync(command, ['-XshowSettings:properties', '-version'], {
      encoding: 'utf8',
      env: cleanEnvironment({}),
      timeout: 20_000,
    });
    const property = (name: string) => new RegExp(`^ *${name} = (.*)$`, 'm').exec(stderr ?? '')?.[1] ?? '';
    const version = property('java.version');
    if (parseInt(version) >= MIN_VERSION && parseInt(version) <= MAX_VERSION) {
      return { home: property('java.home'), version };
    }
  }
  return undefined;
}

/**
 * The Java trust store of the operating system, which can contain the certificate of a proxy. A downloaded Java
 * installation has only its own trust store.
 */
export function trustStore(): string | undefined {
  return ['/etc/ssl/certs/java/cacerts', '/etc/pki/java/cacerts'].find(file => fs.existsSync(file));
}
