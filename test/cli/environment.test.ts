import * as fs from 'fs';
import * as path from 'path';
import { GlueVersion } from '../../src';
import { GLUE_VERSIONS } from '../../src/cli/environment';
import { causeOf, detailOf } from '../../src/cli/set-up-tools';

const TEMPLATES = path.join(__dirname, '..', '..', 'glue-templates');

test('every supported Glue version has a local environment with locked hashes', () => {
  const versions = Object.values(GlueVersion);
  const schema = JSON.parse(fs.readFileSync(path.join(TEMPLATES, 'dataset.schema.json'), 'utf8'));
  expect(schema.properties.glue_version.enum).toEqual(versions);
  expect(Object.keys(GLUE_VERSIONS)).toEqual(versions);
  for (const version of versions) {
    const read = (...file: string[]) => fs.readFileSync(path.join(TEMPLATES, ...file), 'utf8');
    expect(read('requirements', `glue-${version}.txt`)).toContain(
      `pyspark==${GLUE_VERSIONS[version].replace('Spark ', '')} \\\n    --hash=sha256:`,
    );
    expect(read('local_glue', `jars-${version}.txt`)).toMatch(/^[0-9a-f]{64} org\.apache\.hadoop:hadoop-aws:/m);
  }
});

const ICEBERG_VERSIONS: Record<string, string> = { '5.0': '1.7.1', '5.1': '1.10.0', '6.0': '1.11.0' };

test.each(Object.keys(GLUE_VERSIONS))('the jars for Iceberg fit those for S3 on Glue %s', version => {
  const jars = (list: string) => fs.readFileSync(path.join(TEMPLATES, 'local_glue', list), 'utf8')
    .split('\n')
    .filter(line => line && !line.startsWith('#'))
    .map(line => {
      expect(line).toMatch(/^[0-9a-f]{64} [^:]+:[^:]+:[^:]+$/);
      const [group, artifact, jarVersion] = line.split(' ')[1].split(':');
      return { group, artifact, version: jarVersion };
    });
  const iceberg = jars(`iceberg-jars-${version}.txt`);
  const versionsOf = (prefix: string, list: typeof iceberg) =>
    [...new Set(list.filter(({ group }) => group === prefix).map(jar => jar.version))];
  const all = [...jars(`jars-${version}.txt`), ...iceberg];
  expect(versionsOf('org.apache.iceberg', iceberg)).toEqual([ICEBERG_VERSIONS[version]]);
  expect(versionsOf('software.amazon.awssdk', all)).toHaveLength(1);
  expect(new Set(all.map(({ artifact }) => artifact)).size).toBe(all.length);
});

test.each([
  ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', /^The disk is full/],
  [
    'WARNING: Retrying … NewConnectionError: Failed to establish a new connection: [Errno -3] Temporary '
      + 'failure in name resolution',
    /^Cannot connect to the package index/,
  ],
  ['ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.', /hash of a package does not match the locked hash/],
  ['[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed', /certificate of a server is not trusted/],
  ['javax.net.ssl.SSLHandshakeException: PKIX path building failed', /certificate of a server is not trusted/],
  ['Collecting x\nERROR: something else\n', /^The set-up failed: ERROR: something else\.$/],
  ['', /ended without output/],
])('the output of a failed set-up is summarized as one line: %j', (log, expected) => {
  expect(causeOf(log)).toMatch(expected);
});

test.each([
  ['  Building wheel for pyspark (setup.py): started', 'Building wheel for pyspark'],
  ['  Preparing metadata (pyproject.toml): started', 'Preparing metadata'],
  ['  Installing build dependencies: started', 'Installing build dependencies'],
  ['Installing collected packages: pytz, py4j, urllib3', 'Installing 3 packages'],
  ['Installing collected packages: wheel', 'Installing 1 package'],
  ['Collecting pytz==2026.6 (from -r glue-5.0.txt (line 1))', ''],
])('the output of pip is shown briefly: %j', (line, expected) => {
  expect(detailOf(line)).toBe(expected);
});
