import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { GlueVersion } from '../../src';
import { glueVersionOf } from '../../src/cli/add';
import { entryPath } from '../../src/cli/cache';
import { GLUE_VERSIONS, setUpPackages } from '../../src/cli/environment';
import { Progress } from '../../src/cli/progress';
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

describe('the packages of `medallion add`', () => {
  const cache = process.env.MEDALLION_CACHE;
  beforeEach(() => { process.env.MEDALLION_CACHE = temporaryFolder(); });
  afterEach(() => {
    if (cache === undefined) {
      delete process.env.MEDALLION_CACHE;
    } else {
      process.env.MEDALLION_CACHE = cache;
    }
  });

  /** Creates the cache entry of the packages of a Glue version, without Spark, as a setup with Python 3.11 does. */
  function fillCache(version: string): string {
    const file = (name: string) => path.join(TEMPLATES, 'requirements', `${name}.txt`);
    const packages = entryPath(`glue-${version}-python3.11`, [file(`glue-${version}`)]);
    fs.mkdirSync(path.join(packages, 'bin'), { recursive: true });
    ['complete', 'bin/python'].forEach(name => fs.writeFileSync(path.join(packages, name), ''));
    return path.join(packages, 'bin', 'python');
  }

  test('are those of the Glue version of the lake if they are in the cache', async () => {
    const [, , python] = Object.keys(GLUE_VERSIONS).map(fillCache);
    expect(await setUpPackages('6.0', new Progress())).toBe(python);
  });

  test.each([['5.0', '6.0'], ['6.0', '5.0']])('for a lake on Glue %s can be those of %s: nothing is downloaded',
    async (version, cached) => {
      const python = fillCache(cached);
      expect(await setUpPackages(version, new Progress())).toBe(python);
    });

  test.each([
    ['{ "etl_resource_prefix": "pp-dw", "glue_defaults": { "version": "6.0" } }', '6.0'],
    ['{ "etl_resource_prefix": "pp-dw" }', '5.0'],
    ['{ "glue_defaults": { "version": "4.0" } }', '5.0'],
    ['{', '5.0'],
    [undefined, '5.0'],
  ])('of a lake with the file %s are those of Glue %s', (text, version) => {
    const lake = temporaryFolder();
    if (text !== undefined) {
      fs.writeFileSync(path.join(lake, 'config.json'), text);
    }
    expect(glueVersionOf(lake)).toBe(version);
  });
});

test.each([
  ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', /^The disk is full/],
  [
    'WARNING: Retrying … NewConnectionError: Failed to establish a new connection: [Errno -3] Temporary '
      + 'failure in name resolution',
    /^Cannot connect to the package index/,
  ],
  ['ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.', /hash of a downloaded file does not match the locked hash/],
  ['[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed', /certificate of a server is not trusted/],
  ['ERROR: 403 Client Error: Forbidden for url: https://example.org/some.jar', /denied access/],
  ['ERROR: The SHA-256 hash 12ab of aws-core-2.29.52.jar does not match the locked hash.', /DEFAULT_ARTIFACT_REPOSITORY/],
  ['Collecting x\nERROR: something else\n', /^The setup failed: ERROR: something else\.$/],
  ['', /ended without output/],
])('the output of a failed setup is summarized as one line: %j', (log, expected) => {
  expect(causeOf(log)).toMatch(expected);
});

test.each([
  ['Installing collected packages: pytz, py4j, urllib3', 'Installing 3 packages'],
  ['Installing collected packages: wheel', 'Installing 1 package'],
  ['Processing /downloads/pytz-2026.6-py2.py3-none-any.whl', ''],
])('the output of pip is shown briefly: %j', (line, expected) => {
  expect(detailOf(line)).toBe(expected);
});
