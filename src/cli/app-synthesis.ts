import * as fs from 'fs';
import * as path from 'path';
import { Child, GUARD } from './child';
import { Failure } from './failure';
import { outputOf, requireApp, SYNTH_ENVIRONMENT, synthCommand } from './synth';

/**
 * If the context is too large for an environment variable, the CDK CLI writes it to a temporary file. This variable
 * contains the path of the file, which the CDK CLI deletes after the synthesis.
 */
const CONTEXT_FILE = 'CONTEXT_OVERFLOW_LOCATION';

/** JavaScript code that prints, as JSON, the environment variables that the CDK CLI sets. */
const PRINT_VARIABLES = 'const { env } = process; console.log(JSON.stringify(Object.fromEntries(Object.keys(env)'
  + `.filter(name => name.startsWith('CDK_') || name === '${CONTEXT_FILE}').map(name => [name, env[name]]))))`;

/** The files with the command and the context of an app. */
const SETTINGS = ['cdk.json', 'cdk.context.json'];

/** The metadata of an artifact, such as errors, keyed by construct path. */
type Metadata = Record<string, { readonly type: string }[]>;

/** The keys that this module reads from the manifest of a cloud assembly. */
interface Manifest {
  /** The context lookups that the CDK CLI has to perform for the app. */
  readonly missing?: unknown[];
  readonly artifacts?: Record<string, {
    readonly metadata?: Metadata;
    /** The path of a file with additional metadata. */
    readonly additionalMetadataFile?: string;
    /** The folder of the assembly of a stage. */
    readonly properties?: { readonly directoryName?: string };
  }>;
}

/**
 * Synthesizes an app repeatedly.
 *
 * The CDK CLI takes about two seconds to start, so only the first synthesis uses it. This synthesis stores the
 * environment variables that the CDK CLI passes to the app, such as context values and the account. Afterwards, the app
 * runs with these variables and without the CDK CLI. The CDK CLI is used again if the settings of the app change, if
 * the app needs a context lookup, or if a construct reports an error.
 */
export class AppSynthesis {
  /** The folder of the app. */
  public readonly folder: string;
  private readonly output: string;
  private readonly log: string;
  private variables?: NodeJS.ProcessEnv;
  private settings = '';

  /**
   * @param app the path of the cloud assembly
   * @param scratch a folder for temporary files
   * @param python the Python interpreter for the script that stops the app when this process ends
   */
  public constructor(private readonly app: string, private readonly scratch: string, private readonly python: string) {
    this.folder = requireApp(app, '`medallion dev`');
    this.output = outputOf(app);
    this.log = path.join(scratch, 'synth.log');
  }

  /** Synthesizes the app. If the synthesis fails, the error contains the output of the app. */
  public async run(): Promise<void> {
    const settings = this.readSettings();
    const isKnown = this.variables !== undefined && this.settings === settings;
    if (!isKnown || !await this.runApp(this.variables!)) {
      await this.runCdk();
      // Read again, because a context lookup of the CDK CLI changes cdk.context.json.
      this.settings = this.readSettings();
    }
  }

  /** Runs the app without the CDK CLI. Returns false if the CDK CLI is needed. */
  private async runApp(variables: NodeJS.ProcessEnv): Promise<boolean> {
    await this.execute(['sh', '-c', this.command()!], {
      ...variables,
      // Type checking takes longer than the synthesis, so it is left to the editor and to `npm test`.
      TS_NODE_TRANSPILE_ONLY: process.env.TS_NODE_TRANSPILE_ONLY ?? 'true',
    });
    return isComplete(this.output);
  }

  private async runCdk(): Promise<void> {
    const command = this.command();
    const file = path.join(this.scratch, 'cdk-variables.json');
    // The command starts with a brace instead of a quote, because the CDK CLI removes quotes around a whole command.
    const print = `{ "${process.execPath}" -e "${PRINT_VARIABLES}" > "${file}"; } && ${command}`;
    fs.rmSync(file, { force: true });
    await this.execute([...synthCommand(this.app, this.folder), ...command === undefined ? [] : ['--app', print]], {});
    const variables = fs.existsSync(file)
      ? JSON.parse(fs.readFileSync(file, 'utf8')) as NodeJS.ProcessEnv
      : undefined;
    this.variables = variables?.[CONTEXT_FILE] === undefined ? variables : undefined;
  }

  /**
   * The command that runs the app. Undefined if only the CDK CLI can run the app: if cdk.json does not contain the
   * command, if the app has a build command, or if the command is the path of a file or a folder, for which the CDK CLI
   * selects a program.
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
      throw new Failure(`The app cannot be synthesized:\n${output || 'The app ended without output.'}`, 1);
    }
  }
}

function readJson(file: string): unknown {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

/** Whether an assembly is complete without the CDK CLI: it needs no context lookup and contains no construct errors. */
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
