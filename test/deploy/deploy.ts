/**
 * Deploys the lake of `integ/stacks` to an emulator of AWS on this machine with the CDK's own command, and asks the AWS
 * API what is there: after the deployment, after an update, and after all was destroyed.
 *
 * Run by `npx projen test:deploy`. Progress on standard error, a table of what was checked on standard output. Exit
 * codes: 0 all as expected, 1 something else, 130 interrupted.
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { App, Tags } from 'aws-cdk-lib';
import { Aws } from './aws';
import { check, Result } from './check';
import { ACCOUNT, clientEnvironment, REGION, setUpPython, startEmulator } from './emulator';
import { DEPLOYED, DESTROYED, PUBLISHED, TAGS, UPDATED } from './expectations';
import { NOT_PROVED } from './not-implemented';
import { Lake, LakeChange } from '../../integ/stacks/lake';
import { DataSizeCategory } from '../../src';
import { Child, GUARD, interrupt } from '../../src/cli/child';
import { Progress } from '../../src/cli/progress';

const CDK = path.join(path.dirname(require.resolve('aws-cdk/package.json')), 'bin', 'cdk');

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'medallion-deploy-'));
const log = path.join(temporary, 'log.txt');

async function main(): Promise<number> {
  const progress = new Progress();
  const scratch = path.join(temporary, 'tmp');
  fs.mkdirSync(scratch);
  const python = await setUpPython(progress);
  const endpoint = await progress.step('Starting the emulator', () => startEmulator(python, scratch, log));
  const aws = new Aws(python, clientEnvironment(endpoint));

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
      throw new Error(`cdk ${args.join(' ')} ended with ${code}`);
    }
  });
  const results: Result[] = [];
  const look = async (when: string, expectations: typeof DEPLOYED) =>
    results.push(
      ...(
        await progress.step(`Asking AWS about ${expectations.length} resources ${when}`, () => check(aws, expectations))
      ).map(result => ({ ...result, what: `${when}: ${result.what}` })),
    );

  await cdk('bootstrap', `aws://${ACCOUNT}/${REGION}`);
  const lake = synthesize('deployed');
  await cdk('deploy', '--app', lake, '--all', '--require-approval', 'never', '--progress', 'events');
  await look('deployed', DEPLOYED);
  for (const [service, operation, parameters] of PUBLISHED) {
    await aws.call(service, operation, parameters);
  }
  const changed = synthesize('updated', { zipcodesSize: DataSizeCategory.MEDIUM, airports: true, fdaCder: false });
  await cdk('deploy', '--app', changed, '--all', '--require-approval', 'never', '--progress', 'events');
  await look('updated', UPDATED);
  await cdk('destroy', '--app', changed, '--all', '--force');
  await look('destroyed', DESTROYED);
  aws.close();
  return print(results);
}

/** The assembly of the lake, to be deployed as it is. */
function synthesize(name: string, change?: LakeChange): string {
  const outdir = path.join(temporary, name);
  const app = new App({ outdir, analyticsReporting: false });
  new Lake(app, change);
  Object.entries(TAGS).forEach(([key, value]) => Tags.of(app).add(key, value));
  app.synth();
  return outdir;
}

/** A line a resource, its properties by name; then what the emulator cannot prove. */
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
  console.log('\nNot proved here, because the emulator does not do it:');
  for (const line of NOT_PROVED) {
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
  // The log goes with the temporary folder.
  const printed = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n').slice(-60).join('\n') : '';
  console.error(`${printed}\n${error.message}`);
}).then(end);
