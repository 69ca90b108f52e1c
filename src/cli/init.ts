import * as fs from 'fs';
import { appFiles, appNames, installCommands, LAKE_FOLDER, writeAppFile } from './app-template';
import { createFolder, Failure } from './failure';

/** The options of `medallion init`. */
export interface InitOptions {
  readonly json: boolean;
  readonly language: string;
  readonly prefix?: string;
}

/**
 * Creates a CDK app that reads its datasets from configuration files. The app contains sample datasets.
 *
 * @param folder a new folder, or a folder that is empty except for .git
 */
export function init(folder: string, { json, language, prefix: prefixOption }: InitOptions): void {
  const { name, prefix } = appNames(folder, prefixOption);
  createFolder(folder, 'app', 'DIR');
  const existing = fs.readdirSync(folder).filter(entry => entry !== '.git');
  if (existing.length > 0) {
    throw new Failure(
      `The folder ${folder} is not empty: it contains ${existing.slice(0, 3).join(', ')}`
        + `${existing.length > 3 ? ', …' : ''}. Specify a new folder, or for existing configuration files, --from DIR.`,
      2,
    );
  }
  const files = appFiles({ language, name, prefix, lake: LAKE_FOLDER });
  files.forEach(file => writeAppFile(folder, file));
  const next = [
    ...(folder === '.' ? [] : [`cd ${folder}`]),
    ...installCommands(language),
    'npx cdk synth',
    'npx medallion run airports',
  ];
  const paths = files.map(file => file.path).sort();
  process.stdout.write(
    json
      ? `${JSON.stringify({ folder, language, prefix, files: paths, next })}\n`
      : `Created an app with the sample dataset lake/bronze/airports in ${folder}. `
          + `Next steps:\n\n${next.map(line => `  ${line}\n`).join('')}\n`,
  );
}
