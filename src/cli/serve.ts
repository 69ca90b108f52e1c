import * as fs from 'fs';
import { Emulator } from './emulator';
import { setUpLake } from './environment';
import { inputEnd } from './input-end';
import { Lake } from './lake';
import { Progress } from './progress';
import { relativePath } from './relative-path';

/** The options of `medallion serve`. */
export interface ServeOptions {
  readonly data: string;
  readonly json: boolean;
  /** The port to listen on. Default: a free port. */
  readonly port?: number;
}

const DEFAULT_REGION = 'us-east-1';

/**
 * Serves the S3 API and the Data Catalog of the local lake until the command is interrupted. If standard input is a
 * pipe, the command also ends when the pipe is closed, because then the program that started the command has ended.
 */
export async function serve({ data, json, port }: ServeOptions): Promise<void> {
  Lake.require(data);
  const lake = Lake.open(data);
  const progress = new Progress();
  const emulator = await Emulator.start(await setUpLake(progress), lake, port);
  const regions = regionsOf(lake);
  const environment = {
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_ACCESS_KEY_ID: emulator.clientEnvironment.AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY: emulator.clientEnvironment.AWS_SECRET_ACCESS_KEY,
    AWS_REGION: regions[0] ?? DEFAULT_REGION,
    AWS_DEFAULT_REGION: regions[0] ?? DEFAULT_REGION,
  };
  process.stdout.write(json
    ? `${JSON.stringify({ endpoint: emulator.endpoint, environment })}\n`
    : Object.entries(environment).map(([name, value]) => `export ${name}=${value}\n`).join(''));
  progress.line(
    `Serving ${relativePath(lake.folder)} on ${emulator.endpoint}. Set these environment variables for other programs. `
      + 'Runs cannot use the lake until you end this command with Ctrl-C.',
  );
  if (regions.length > 1) {
    progress.line(`The Data Catalog has tables in several Regions. Set AWS_REGION to one of ${regions.join(', ')}.`);
  }
  await Promise.race([emulator.failure(), inputEnd()]);
  await emulator.stop();
}

/** The Regions of the tables in the Data Catalog. A client sees only the tables of its own Region. */
function regionsOf(lake: Lake): string[] {
  if (!fs.existsSync(lake.catalog)) {
    return [];
  }
  const { tables } = JSON.parse(fs.readFileSync(lake.catalog, 'utf8')) as { tables: { data: object } };
  // ministack, the emulator, identifies a table by account, Region and name.
  return [...new Set(Object.keys(tables.data).map(key => key.split('\0')[1]))];
}
