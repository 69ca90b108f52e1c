/**
 * Deploys the lake of `integ/stacks` to a local AWS emulator with the CDK CLI, and checks the resources through the AWS
 * API: after the deployment, after an update, and after `cdk destroy`.
 *
 * Run by `npx projen test:deploy`. Progress goes to standard error, the table of results to standard output. Exit
 * codes: 0 all as expected, 1 a failure, 130 interrupted.
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { App, Tags } from 'aws-cdk-lib';
import { Aws } from './aws';
import { check, Result } from './check';
import { ACCOUNT, clientEnvironment, REGION, setUpPython, startEmulator } from './emulator';
import { DEPLOYED, DESTROYED, PUBLISHED, TAGS, UPDATED } from './expectations';
import { NOT_TESTED } from './not-implemented';
import { checkPipeline } from './pipeline';
import { Lake, LakeChange } from '../../integ/stacks/lake';
import { DataSizeCategory } from '../../src';
import { Child, GUARD, interrupt } from '../../src/cli/child';
import { Progress } from '../../src/cli/progress';
import { PlayedLake } from '../pipelines/played-lake';

const CDK = path.join(path.dirname(require.resolve('aws-cdk/package.json')), 'bin', 'cdk');

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'medallion-deploy-'));
const log = path.join(temporary, 'log.txt');

async function main(): Promise<number> {
  const progress = new Progress();
  const scratch = path.join(temporary, 'tmp');
  fs.mkdirSync(scratch);
  const python = await setUpPython(progress);
  const endpoint = await progress.step(
    'Starting the emulator', () => startEmulator(python, scratch, log, PlayedLake.environment(temporary)),
  );
  const aws = new Aws(python, clientEnvironment(endpoint));
  const pipelines = new PlayedLake(temporary, aws, endpoint);

  const cdk = (...args: string[]) => progress.step(`cdk ${args[0]}`, async detail => {
    const quiet = { CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: 'true', CI: 'true' };
    const env = clientEnvironment(endpoint, { CDK_HOME: scratch, TMPDIR: scratch, ...quiet });
    const onLine = (line: string) => {
      fs.appendFileSync(log, `${line}\n`);
      detail(line.trim());
    };
    const child = new Child(
      python,
      [GUARD, process.execPath, CDK, ...args, '--no-notices', '--no-version-reporting', '--no-color'],
      { env, log, onLine },
    );
    const code = await child.exit;
    if (code !== 0) {
      throw new Error(`cdk ${args.join(' ')} exited with code ${code}`);
    }
  });
  const results: Result[] = [];
  const verify = async (when: string, expectations: typeof DEPLOYED) =>
    results.push(
      ...(
        await progress.step(`Checking ${expectations.length} resources, ${when}`, () => check(aws, expectations))
      ).map(result => ({ ...result, what: `${when}: ${result.what}` })),
    );

  await cdk('bootstrap', `aws://${ACCOUNT}/${REGION}`);
  const lake = synthesize('deployed');
  await cdk('deploy', '--app', lake, '--all', '--require-approval', 'never', '--progress', 'events');
  await verify('deployed', DEPLOYED);
  results.push(...await progress.step('Running the pipeline twice', () => checkPipeline(pipelines)));
  for (const [service, operation, parameters] of PUBLISHED) {
    await aws.call(service, operation, parameters);
  }
  const changed = synthesize('updated', { zipcodesSize: DataSizeCategory.MEDIUM, airports: true, fdaCder: false });
  await cdk('deploy', '--app', changed, '--all', '--require-approval', 'never', '--progress', 'events');
  await verify('updated', UPDATED);
  await cdk('destroy', '--app', changed, '--all', '--force');
  await verify('destroyed', DESTROYED);
  aws.close();
  return print(results);
}

/** Synthesizes the lake and returns the folder of the assembly. */
function synthesize(name: string, change?: LakeChange): string {
  const outdir = path.join(temporary, name);
  const app = new App({ outdir, analyticsReporting: false });
  new Lake(app, change);
  Object.entries(TAGS).forEach(([key, value]) => Tags.of(app).add(key, value));
  app.synth();
  return outdir;
}

/** Prints one line per resource with its properties, and what the emulator cannot test. */
function print(results: Result[]): number {
  const width = Math.max(...results.map(({ what }) => what.length));
  for (const { what, good, notImplemented, wrong } of results) {
    const parts = [
      ...wrong.map(line => `WRONG ${line}`),
      ...good.length > 0 ? [`ok ${good.join(', ')}`] : [],
      ...notImplemented.length > 0 ? [`not implemented by the emulator ${notImplemented.join(', ')}`] : [],
    ];
    console.log(`${what.padEnd(width)}  ${parts.join(`\n${''.padEnd(width)}  `)}`);
  }
  console.log('\nNot tested, because the emulator does not implement it:');
  for (const line of NOT_TESTED) {
    console.log(`  ${line}`);
  }
  const count = (of: keyof Omit<Result, 'what'>) => results.reduce((sum, result) => sum + result[of].length, 0);
  console.log(
    `\n${count('good')} as expected, ${count('wrong')} wrong, ${count('notImplemented')} not implemented by `
      + `the emulator, of ${results.length} resources`,
  );
  return count('wrong') === 0 ? 0 : 1;
}

let code = 1;
async function end(): Promise<never> {
  await interrupt();
  fs.rmSync(temporary, { recursive: true, force: true });
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    code = 130;
    void end();
  });
}
void main().then(found => { code = found; }, error => {
  // The log is deleted with the temporary folder.
  const printed = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n').slice(-60).join('\n') : '';
  console.error(`${printed}\n${error.message}`);
}).then(end);
