import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Dataset } from './dataset';
import { setUpSpark } from './environment';
import { Failure } from './failure';
import { Progress } from './progress';
import { InputTable, RecordRequest, RequestLoad, TestRequest } from './test-request';
import { TestProblem } from './test-result';

/** A test of a dataset to run. */
export interface SessionTest {
  readonly id: number;
  readonly dataset: Dataset;
  readonly tables: InputTable[];
  readonly loads: RequestLoad[];
}

/** A line that run_tests.py prints. */
export interface SessionEvent {
  /** The time in seconds that Spark took to start. Only in the first event. */
  readonly started?: number;
  readonly id?: number;
  readonly status?: 'passed' | 'failed';
  readonly seconds?: number;
  readonly problems?: TestProblem[];
  /** The fixture that `--record` requests. If it cannot be recorded, `error` contains the reason. */
  readonly recorded?: RecordedFixture;
  readonly error?: string;
}

/** Input rows of the local lake, and the rows that the transform returns for them. Values are as in a test file. */
export interface RecordedFixture {
  readonly inputs: Record<string, { readonly columns: Record<string, string>; readonly rows: object[] }>;
  readonly outputs: Record<string, { readonly columns: Record<string, string>; readonly rows: object[] }>;
}

/**
 * The tests that share a Spark session: tests with the same Glue version, package and Spark settings. The sessions run
 * one after the other, because each uses all cores.
 */
export function sessionsOf(tests: readonly SessionTest[]): SessionTest[][] {
  const sessions = new Map<string, SessionTest[]>();
  for (const test of tests) {
    const { glueVersion, arguments: given } = test.dataset;
    const packages = (given['--extra-py-files'] ?? '').split(',').map(uri => uri.split('/').pop());
    const key = JSON.stringify([glueVersion, packages, given['--conf'] ?? '']);
    sessions.set(key, [...sessions.get(key) ?? [], test]);
  }
  return [...sessions.values()];
}

/** Runs the tests of one session in a process with Spark. Calls `onEvent` with the result of each test. */
export async function runSession(
  tests: readonly SessionTest[],
  progress: Progress,
  onEvent: (event: SessionEvent) => void,
  record?: RecordRequest,
): Promise<void> {
  const { glueVersion } = tests[0].dataset;
  const environment = await setUpSpark(glueVersion, progress);
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'medallion-sql-tests-')));
  const remove = () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.prependOnceListener('exit', remove);
  const work = path.join(folder, 'work');
  const request = path.join(folder, 'request.json');
  const log = path.join(folder, 'log');
  fs.mkdirSync(work);
  const datasets = [...new Map(tests.map(test => [test.dataset.runs, test])).values()];
  const content: TestRequest = {
    datasets: datasets.map(({ dataset, tables }) => ({
      script: dataset.script,
      arguments: dataset.arguments,
      deployments: dataset.deployments(),
      tables: tables.map(({ name, layer, columns, contract }) => ({ name, layer, columns, contract })),
    })),
    tests: tests.map(({ id, dataset, loads }) =>
      ({ id, dataset: datasets.findIndex(each => each.dataset.runs === dataset.runs), loads })),
    work,
    java_options: environment.javaOptions,
    record,
  };
  fs.writeFileSync(request, JSON.stringify(content));
  fs.writeFileSync(log, '');
  const child = new Child(environment.jobPython, [path.join(LOCAL_GLUE, 'run_tests.py'), request], {
    env: cleanEnvironment({
      // A script that creates an AWS client gets an error instead of sending requests to AWS.
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_REGION: tests[0].dataset.region,
      AWS_DEFAULT_REGION: tests[0].dataset.region,
      JAVA_HOME: environment.javaHome,
      TMPDIR: work,
      TZ: 'UTC',
    }),
    log,
    onLine: line => onEvent(JSON.parse(line) as SessionEvent),
  });
  const code = await child.exit;
  if (code !== 0) {
    const text = fs.readFileSync(log, 'utf8').trimEnd();
    const kept = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'medallion-test-')), 'tests.log');
    fs.writeFileSync(kept, text);
    const reason = (text.split('\n').pop() || 'Spark ended without output').replace(/\.$/, '');
    throw new Failure(`The tests stopped: ${reason}. Log: ${kept}`, 1);
  }
  process.removeListener('exit', remove);
  remove();
}
