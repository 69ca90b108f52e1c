import * as fs from 'fs';
import * as path from 'path';
import { Deployment } from './assembly';
import { Dataset } from './dataset';

/** A file of the cloud assembly. */
export interface DeployedFile {
  readonly file: string;
  readonly deployment: Deployment;
}

/**
 * The file that the stack of a dataset uploads to an S3 URI, or the folder if the URI ends with a slash. Undefined if
 * the stack uploads nothing to the URI, or if the file is in a ZIP file.
 */
export function deployedFile({ deployments }: Pick<Dataset, 'deployments'>, uri: string): DeployedFile | undefined {
  for (const deployment of deployments()) {
    const { source, bucket, prefix } = deployment;
    const folder = `s3://${bucket}/${prefix ? `${prefix}/` : ''}`;
    const file = path.join(source, uri.slice(folder.length));
    if (uri.startsWith(folder) && fs.statSync(source).isDirectory() && fs.existsSync(file)) {
      return { file, deployment };
    }
  }
  return undefined;
}

/** The text of a file that the stack of a dataset uploads, with the deployed values instead of placeholders. */
export function deployedText(dataset: Pick<Dataset, 'deployments'>, uri: string): string | undefined {
  const found = deployedFile(dataset, uri);
  return found && Object.entries(found.deployment.markers).reduce(
    (replaced, [marker, value]) => replaced.replaceAll(marker, value),
    fs.readFileSync(found.file, 'utf8'),
  );
}
