import * as fs from 'fs';
import * as path from 'path';
import { Child, GUARD } from './child';
import { Failure } from './failure';
import { outputOf, requireApp, SYNTH_ENVIRONMENT, synthCommand } from './synth';

/** The variable in which the CDK CLI passes a context that is too large for a variable: a file that it deletes. */
const CONTEXT_FILE = 'CONTEXT_OVERFLOW_LOCATION';

/** Prints the environment variables of the CDK CLI as JSON. */
const PRINT_VARIABLES = 'const { env } = process; console.log(JSON.stringify(Object.fromEntries(Object.keys(env)'
  + `.filter(name => name.startsWith('CDK_') || name === '${CONTEXT_FILE}').map(name => [name, env[name]]))))`;

/** The files with the command and the context of an app. */
const SETTINGS = ['cdk.json', 'cdk.context.json'];

/** The messages of an artifact, by the path of their construct. */
type Metadata = Record<string, { readonly type: string }[]>;

/** The parts of the manifest of a cloud assembly that are read here. */
interface Manifest {
  /** The lookups of the CDK CLI that the app needs. */
  readonly missing?: unknown[];
  readonly artifacts?: Record<string, {
    readonly metadata?: Metadata;
    /** A file with more metadata. */
    readonly additionalMetadataFile?: string;
    /** The folder of the assembly of a stage. */
    readonly properties?: { readonly directoryName?: string };
  }>;
}

/**
 * Synthesizes an app repeatedly.
 *
 * The CDK CLI takes about two seconds to start. So the first synthesis uses it and stores the environment variables
 * that it passes to the app, such as context values and the account. Then the app runs with these variables, without
 * the CDK CLI, until its settings change, or until it needs the CDK CLI for a lookup or to report an error.
 */
export class AppSynthesis {
  /** The folder of the app. */
  public readonly folder: string;
  private readonly output: string;
  private readonly log: string;
  private variables?: NodeJS.ProcessEnv;
  private settings = '';

  /**
   * @param app the cloud assembly
   * @param scratch a folder for temporary files
   * @param python the Python interpreter that ends the app with this process
   */
  public constructor(private readonly app: string, private readonly scratch: string, private readonly python: string) {
    this.folder = requireApp(app, '`medallion dev`');
    this.output = outputOf(app);
    this.log = path.join(scratch, 'synth.log');
  }

  /** Synthesizes the app. Fails with the output of the app. */
  public async run(): Promise<void> {
    const settings = this.readSettings();
    const isKnown = this.variables !== undefined && this.settings === settings;
    if (!isKnown || !await this.runApp(this.variables!)) {
      await this.runCdk();
      // A lookup of the CDK CLI changes cdk.context.json.
      this.settings = this.readSettings();
    }
  }

  /** Runs the app without the CDK CLI. Returns false if the CDK CLI is needed. */
  private async runApp(variables: NodeJS.ProcessEnv): Promise<boolean> {
    await this.execute(['sh', '-c', this.command()!], {
      ...variables,
      // The editor and `npm test` check types, which takes longer than the synthesis.
      TS_NODE_TRANSPILE_ONLY: process.env.TS_NODE_TRANSPILE_ONLY ?? 'true',
    });
    return isComplete(this.output);
  }

  private async runCdk(): Promise<void> {
    const command = this.command();
    const file = path.join(this.scratch, 'cdk-variables.json');
    // The CDK CLI removes quotes around the whole command.
    const print = `{ "${process.execPath}" -e "${PRINT_VARIABLES}" > "${file}"; } && ${command}`;
    fs.rmSync(file, { force: true });
    await this.execute([...synthCommand(this.app, this.folder), ...command === undefined ? [] : ['--app', print]], {});
    const variables = fs.existsSync(file)
      ? JSON.parse(fs.readFileSync(file, 'utf8')) as NodeJS.ProcessEnv
      : undefined;
    this.variables = variables?.[CONTEXT_FILE] === undefined ? variables : undefined;
  }

  /**
   * The command of the app. Undefined if only the CDK CLI can run it: the command is in another file than cdk.json, the
   * app is built first, or the command is a file or a folder, for which the CDK CLI selects a program.
   */
  private command(): string | undefined {
    try {
      const { app, build } = readJson(path.join(this.folder, 'cdk.json')) as { app?: unknown; build?: unknown };
      return typeof app === 'string' && build === undefined && !fs.existsSync(path.join(this.folder, app.split(' ')[0]))
        ? app
        : undefined;
    } catch {
      return undefined;
    }
  }

  private readSettings(): string {
    return SETTINGS.map(name => {
      const file = path.join(this.folder, name);
      return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    }).join('\0');
  }

  private async execute(command: string[], variables: NodeJS.ProcessEnv): Promise<void> {
    fs.writeFileSync(this.log, '');
    const child = new Child(this.python, [GUARD, ...command], {
      cwd: this.folder,
      env: { ...SYNTH_ENVIRONMENT, ...process.env, ...variables },
      log: this.log,
      onLine: line => fs.appendFileSync(this.log, `${line}\n`),
    });
    if (await child.exit !== 0) {
      const output = fs.readFileSync(this.log, 'utf8').trim();
      throw new Failure(`The app cannot be synthesized:\n${output || 'It ended without output.'}`, 1);
    }
  }
}

function readJson(file: string): unknown {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

/** Whether an assembly needs no lookup, and contains no error of a construct, which the CDK CLI reports. */
function isComplete(assembly: string): boolean {
  const { missing = [], artifacts = {} } = readJson(path.join(assembly, 'manifest.json')) as Manifest;
  return missing.length === 0
    && Object.values(artifacts).every(({ metadata = {}, additionalMetadataFile: file, properties }) => {
      const more = file === undefined ? {} : readJson(path.join(assembly, file)) as Metadata;
      const hasError = [metadata, more].flatMap(each => Object.values(each).flat())
        .some(({ type }) => type === 'aws:cdk:error');
      return !hasError
        && (properties?.directoryName === undefined || isComplete(path.join(assembly, properties.directoryName)));
    });
}
