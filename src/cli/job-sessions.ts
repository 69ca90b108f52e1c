import { randomUUID } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Dataset, usesIceberg } from './dataset';
import { Environment } from './environment';
import { Lake } from './lake';
import { isPackagedScript } from './packaged-script';
import { usesSpark } from './uses-spark';

/** A job to run in a session. */
export interface SessionJob {
  /** The file with the request for the job. run_job.py describes its format. */
  readonly request: string;
  /** Called with each line that the job prints. */
  readonly onLine: (line: string) => void;
  /** Called with each line that the job and Spark write to standard error. */
  readonly onErrorLine: (line: string) => void;
  /** Called after the job was interrupted. */
  readonly onInterrupt: () => Promise<void>;
  /** Called when the process of the job has ended, some time after its outcome is written. */
  readonly onEnded: () => void;
}

/** The maximum number of jobs per session. A JVM retains about 0.5 MB of memory for each job. */
const MAX_JOBS = 200;

/** A process of job_session.py, which runs jobs one after the other, with one JVM if they use Spark. */
class JobSession {
  /** Whether a job is running, or will run as soon as the session is ready. */
  public isTaken = false;
  private readonly marker = `medallion-${randomUUID()}`;
  private readonly child: Child;
  private readonly folder: string;
  /** What the JVM writes to standard error before the first job. */
  private readonly startupLines: string[] = [];
  private job?: SessionJob;
  private startedJobs = 0;
  /** Whether the current job has connected to the JVM. */
  private isConnected = false;
  /** The number of output streams on which the job has reported its end. */
  private finished = 0;
  private onReady?: () => void;
  private onFinished?: () => void;
  private ready = new Promise<void>(resolve => { this.onReady = resolve; });
  private hasEnded = false;
  public readonly hasJvm: boolean;

  public constructor(
    public readonly key: string, dataset: Dataset, environment: Environment, lake: Lake, warmsUp: boolean,
  ) {
    this.folder = lake.newScratch('session');
    this.hasJvm = usesSpark(dataset);
    const work = path.join(this.folder, 'work');
    const file = path.join(this.folder, 'session.json');
    fs.mkdirSync(work);
    fs.writeFileSync(file, JSON.stringify({
      jars: environment.jars,
      iceberg_jars: usesIceberg(dataset) ? environment.icebergJars : null,
      java_options: environment.javaOptions,
      conf: dataset.arguments['--conf'] ?? '',
      work,
      has_jvm: this.hasJvm,
      warms_up: warmsUp,
      marker: this.marker,
    }));
    this.child = new Child(environment.jobPython, [path.join(LOCAL_GLUE, 'job_session.py'), file], {
      env: cleanEnvironment({
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_REGION: dataset.region,
        AWS_DEFAULT_REGION: dataset.region,
        JAVA_HOME: environment.javaHome,
        // Without this variable, macOS stops forked processes that use its frameworks.
        OBJC_DISABLE_INITIALIZE_FORK_SAFETY: 'YES',
        TMPDIR: work,
        TZ: 'UTC',
      }),
      log: line => this.withoutMarker(line, text => this.errorLine(text)),
      onLine: line => this.withoutMarker(line, text => this.job?.onLine(text)),
      onInterrupt: async () => this.job?.onInterrupt(),
    });
    void this.child.exit.catch((error: unknown) => this.errorLine(String(error))).then(() => this.afterExit());
  }

  /** Whether the session can run another job. */
  public get isUsable(): boolean {
    return !this.hasEnded && this.startedJobs < MAX_JOBS;
  }

  /**
   * Runs a job when the session is ready. Resolves when its outcome is written, or when the session has ended.
   *
   * @returns whether the job was started. False if the JVM has ended since the last job
   */
  public async run(job: SessionJob): Promise<boolean> {
    await this.ready;
    const isFirst = this.startedJobs === 0;
    if (this.hasEnded && !isFirst) {
      return false;
    }
    this.job = job;
    this.startedJobs++;
    this.finished = 0;
    this.isConnected = false;
    this.startupLines.splice(0).forEach(job.onErrorLine);
    const finished = new Promise<void>(resolve => { this.onFinished = resolve; });
    if (this.hasEnded) {
      this.end();
      return true;
    }
    this.ready = new Promise(resolve => { this.onReady = resolve; });
    this.child.send(JSON.stringify({ request: job.request }));
    await finished;
    return this.isConnected || isFirst;
  }

  public async stop(): Promise<void> {
    this.child.ignoreExit();
    await this.child.stop();
    this.afterExit();
  }

  private afterExit(): void {
    this.hasEnded = true;
    this.onReady?.();
    this.onFinished?.();
    this.end();
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /**
   * Calls `onText` with the text that a job has printed in a line. A job can end without a line break, so a marker of
   * the session can follow the text.
   */
  private withoutMarker(line: string, onText: (text: string) => void): void {
    const start = line.indexOf(this.marker);
    if (start < 0) {
      onText(line);
      return;
    }
    if (start > 0) {
      onText(line.slice(0, start));
    }
    if (line.endsWith('connected')) {
      this.isConnected = true;
    } else if (line.endsWith('finished')) {
      this.finished++;
      if (this.finished === 2) {
        this.onFinished?.();
      }
    } else {
      // The session is ready. A script that has redirected a stream has not reported its end on both streams.
      this.onFinished?.();
      this.end();
      this.onReady?.();
    }
  }

  /** Output of a JVM that is starting belongs to the first job. */
  private errorLine(text: string): void {
    if (this.job) {
      this.job.onErrorLine(text);
    } else if (this.startedJobs === 0) {
      this.startupLines.push(text);
    }
  }

  private end(): void {
    this.job?.onEnded();
    this.job = undefined;
  }
}

/**
 * The sessions of a command. A session runs jobs with the same Glue version and the same JVM settings, one after the
 * other, so that only the first job waits for the start of Spark. Jobs without Spark run in sessions without a JVM.
 *
 * A job with a custom script gets a JVM that no other job uses afterwards, because a script can change it.
 */
export class JobSessions {
  private readonly sessions = new Set<JobSession>();

  /**
   * @param environments the environments, keyed by Glue version
   * @param max the maximum number of sessions of each kind: with and without a JVM
   * @param warmsUp whether each session loads Spark classes in advance, before its first job starts
   */
  public constructor(
    private readonly environments: Record<string, Environment>,
    private readonly lake: Lake,
    private readonly max: number,
    private readonly warmsUp: boolean,
  ) {}

  public environmentOf({ glueVersion }: Pick<Dataset, 'glueVersion'>): Environment {
    return this.environments[glueVersion];
  }

  /** Starts a session for the job of a dataset in advance, unless an idle session is available. */
  public prepare(dataset: Dataset): void {
    this.idle(dataset) ?? this.start(dataset);
  }

  /**
   * Runs the job of a dataset. Resolves when the outcome of the job is written, or when its process has ended without
   * an outcome.
   */
  public async run(dataset: Dataset, job: SessionJob): Promise<void> {
    for (let isStarted = false; !isStarted;) {
      const session = this.idle(dataset) ?? this.start(dataset);
      session.isTaken = true;
      isStarted = await session.run(job);
      session.isTaken = false;
      if (!session.isUsable || !isPackagedScript(dataset)) {
        this.sessions.delete(session);
        void session.stop();
      }
    }
  }

  /** Ends all sessions. Running jobs are killed. */
  public async stop(): Promise<void> {
    await Promise.all([...this.sessions].map(session => session.stop()));
    this.sessions.clear();
  }

  private idle(dataset: Dataset): JobSession | undefined {
    const key = keyOf(dataset);
    return [...this.sessions].find(session => session.key === key && !session.isTaken && session.isUsable);
  }

  private start(dataset: Dataset): JobSession {
    const ended = [...this.sessions].filter(session => !session.isTaken && !session.isUsable);
    ended.forEach(session => this.sessions.delete(session));
    const hasJvm = usesSpark(dataset);
    const ofKind = [...this.sessions].filter(session => session.hasJvm === hasJvm);
    const unused = ofKind.filter(session => !session.isTaken);
    for (const session of unused.slice(0, Math.max(0, ofKind.length + 1 - this.max))) {
      this.sessions.delete(session);
      void session.stop();
    }
    const session = new JobSession(keyOf(dataset), dataset, this.environmentOf(dataset), this.lake, this.warmsUp);
    this.sessions.add(session);
    return session;
  }
}

/** A key for jobs that can share a session: whether they use Spark, and all settings with which a JVM starts. */
function keyOf(dataset: Dataset): string {
  return JSON.stringify([
    usesSpark(dataset), dataset.glueVersion, dataset.region, usesIceberg(dataset), dataset.arguments['--conf'] ?? '',
  ]);
}
