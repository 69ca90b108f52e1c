/**
 * Checks the Python code: ruff, import-linter and mypy, then pytest on real Spark and the S3 emulator: all tests
 * without the marker `complete` with the packages of Glue 5.0, a sample with Iceberg tables, and a sample with the
 * packages of Glue 6.0.
 *
 * Run by `npx projen test:python`. With arguments it runs one tool in the same environment:
 * `npx projen test:python pytest -k zip`.
 * `--glue-version X` before the tool selects its Glue version. Without a tool, it runs all tests on this version.
 * `--without-spark` runs the static checks and the tests that do not start Spark, on Glue 5.0.
 * Uses the environments of `medallion run`, plus the tools.
 */
import { spawnSync } from 'child_process';
import * as path from 'path';
import { lockedPython } from './locked-python';
import { cleanEnvironment } from '../src/cli/child';
import { Environment, GLUE_VERSIONS, setUpLake, setUpRun, sitePackages } from '../src/cli/environment';
import { Progress } from '../src/cli/progress';
import { findPython } from '../src/cli/python';

const TEMPLATES = path.join(__dirname, '..', 'glue-templates');
/** The tests run on the oldest and the newest version, which differ the most. */
const [OLDEST, NEWEST] = ['5.0', '6.0'];

type Command = [tool: string, ...args: string[]];

/** One process per core, each with its own Spark and S3 emulator. */
const PYTEST: Command = ['pytest', '--numprocesses', 'auto', '--dist', 'worksteal'];
/** Slow tests that do not depend on the versions of Spark and Arrow. They are not in the sample. */
const VERSION_INDEPENDENT = [
  'source', 'web', 'local_glue/test_deployment.py', 'local_glue/test_emulator.py', 'local_glue/test_inspect_source.py',
  'local_glue/test_query.py', 'job/test_run_record.py', 'job/test_store.py', 'read/test_container.py',
  'convert/test_unpack.py', 'publish/test_publish.py', 'test_api_job.py', 'test_faults.py',
].map(name => `--ignore=tests/${name}`);
/** These tests cover each area of the jobs: the layers, a history, sources, readers, data types and custom scripts. */
const SAMPLE = [
  'read/text', 'read/parquet', 'read/json/test_parse_json.py', 'columns', 'test_bronze_job.py',
  'test_silver_job.py', 'publish/test_parquet_object.py',
  'iceberg/test_iceberg_job.py::test_a_contract_reset_gives_a_column_its_new_type_in_the_same_commit',
  'iceberg/test_iceberg_job.py::test_a_rollback_makes_an_earlier_publication_current_with_its_columns',
  'iceberg/test_iceberg_job.py::test_snapshots_expire_with_their_objects_and_records',
  'iceberg/test_iceberg_history.py::test_objects_without_a_change_remain_in_the_new_snapshot',
  'convert/test_type_plan.py', 'job/test_spark.py::test_the_catalog_is_in_memory_even_if_the_job_arguments_select_hive',
  'test_json_job.py::test_every_json_variant_becomes_the_same_table',
  'test_api_job.py::test_each_endpoint_is_a_table',
  'test_gold_job.py::test_every_type_that_athena_supports_is_preserved_through_two_tables',
  'test_gold_job.py::test_gold_reads_every_value_that_bronze_has_written',
  'test_gold_job.py::test_a_custom_script_reads_inputs_and_adds_rules',
  'transform/test_history.py::test_runs_of_the_job_keep_every_version',
  'transform/test_history.py::test_which_values_are_compared_as_equal',
  'local_glue/test_awsglue_frames.py::test_text_files_are_read_with_the_options_of_glue',
].map(name => `tests/${name}`);
/** Tests of datasets with Parquet tables that must have the same results with Iceberg tables. */
const ICEBERG: Command = [...PYTEST, '--table-format', 'iceberg'];
const OF_BOTH_FORMATS = [
  'transform/test_history.py', 'test_gold_job.py', 'test_silver_job.py', 'test_bronze_job.py', 'test_json_job.py',
  'convert/test_early_conversion.py',
].map(name => `tests/${name}`);
const ICEBERG_SAMPLE = [
  'transform/test_history.py::test_runs_of_the_job_keep_every_version',
  'transform/test_history.py::test_no_version_is_lost_when_columns_are_added_or_removed',
  'test_gold_job.py::test_every_type_that_athena_supports_is_preserved_through_two_tables',
  'test_gold_job.py::test_gold_reads_every_value_that_bronze_has_written',
  'test_json_job.py::test_every_json_variant_becomes_the_same_table',
].map(name => `tests/${name}`);
const WITHOUT_COMPLETE = ['-m', 'not slow and not complete'];
const STATIC: Command[] = [['ruff', 'format', '--check', '.'], ['ruff', 'check', '.'], ['lint-imports'], ['mypy']];

async function main(args: string[]): Promise<void> {
  if (args[0] === '--without-spark') {
    await check(OLDEST, [...STATIC, [...PYTEST, '-m', 'not slow and not complete and not spark']]);
    return;
  }
  const [option, version, ...rest] = args;
  const isSelected = option === '--glue-version';
  if (isSelected && !(version in GLUE_VERSIONS)) {
    throw new Error(`Unsupported --glue-version ${version}. Use one of ${Object.keys(GLUE_VERSIONS).join(', ')}.`);
  }
  const command = isSelected ? rest : args;
  if (command.length > 0) {
    await check(isSelected ? version : OLDEST, [command as Command]);
    return;
  }
  if (isSelected) {
    await check(version, [...STATIC, PYTEST, [...ICEBERG, ...OF_BOTH_FORMATS]]);
    return;
  }
  const sampled: Command = [...ICEBERG, ...WITHOUT_COMPLETE, ...ICEBERG_SAMPLE];
  await check(OLDEST, [...STATIC, [...PYTEST, ...WITHOUT_COMPLETE], sampled]);
  await check(NEWEST, [[...PYTEST, ...WITHOUT_COMPLETE, ...SAMPLE, ...VERSION_INDEPENDENT]]);
}

/** Runs commands with the packages of a Glue version. Exits at the first failure. */
async function check(glueVersion: string, commands: Command[]): Promise<void> {
  const progress = new Progress();
  const job = await setUpRun(glueVersion, progress, true);
  const lakePython = await setUpLake(progress);
  const tools = await setUpTools(job);
  const readers = await setUpReaders(progress);
  const modules = ['', 'jobs', 'local_glue'].map(folder => path.join(TEMPLATES, folder)).join(path.delimiter);
  const env = cleanEnvironment({
    JAVA_HOME: job.javaHome,
    LAKE_PYTHON: lakePython,
    LAKE_JARS: job.jars,
    LAKE_ICEBERG_JARS: job.icebergJars!,
    READERS_PYTHON: path.join(readers, 'bin', 'python'),
    PYTHONPATH: modules,
  });
  for (const [tool, ...args] of commands) {
    console.error(`Glue ${glueVersion}, ${GLUE_VERSIONS[glueVersion]}: ${[tool, ...args].join(' ')}`);
    const { status } = spawnSync(path.join(tools, 'bin', tool), args, { cwd: TEMPLATES, env, stdio: 'inherit' });
    if (status !== 0) {
      process.exit(status ?? 1);
    }
  }
}

/** A Python environment with the tools, which can import the packages of the job. */
function setUpTools(job: Environment): Promise<string> {
  const glue = path.dirname(path.dirname(job.jobPython));
  return lockedPython({
    name: `dev-${path.basename(glue)}`,
    title: 'Setting up the Python tools',
    base: job.jobPython,
    locked: 'tools.txt',
    additionalPackages: sitePackages(glue),
  });
}

/** A Python environment with pyiceberg, which reads the Iceberg tables of the lake as other engines do. */
function setUpReaders(progress: Progress): Promise<string> {
  const { version, executable } = findPython();
  return lockedPython({
    name: `readers-python${version}`,
    title: 'Setting up the readers of Iceberg tables (190 MB)',
    base: executable,
    locked: 'readers.txt',
  }, progress);
}

void main(process.argv.slice(2));
