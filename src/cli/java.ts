import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { cleanEnvironment } from './child';

/** Spark 3.5 and 4.1 run on these; Glue has 17. */
const OLDEST = 17;
const NEWEST = 21;

/** A Java on this machine. */
export interface Java {
  readonly home: string;
  readonly version: string;
}

let found: Java | null | undefined;

/** The Java of JAVA_HOME or of the PATH, if it is one that Spark runs on. Asked for once a process. */
export function findJava(): Java | undefined {
  found ??= search() ?? null;
  return found ?? undefined;
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
    if (parseInt(version) >= OLDEST && parseInt(version) <= NEWEST) {
      return { home: property('java.home'), version };
    }
  }
  return undefined;
}

/**
 * The system's trusted certificates for Java, for a Java that brings only its own; a proxy's own certificate is among
 * them.
 */
export function trustStore(): string | undefined {
  return ['/etc/ssl/certs/java/cacerts', '/etc/pki/java/cacerts'].find(file => fs.existsSync(file));
}
