import { createHash } from 'crypto';
import { mkdirSync, existsSync, renameSync, rmSync } from 'fs';
import * as path from 'path';
import { FileAssetPackaging, Names, Stack, Stage } from 'aws-cdk-lib';
import { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** A file of an asset. */
export interface AssetFile {
  /** The path relative to the asset, with `/`. */
  readonly name: string;
  /** A hash of the content. */
  readonly hash: string;
  /** Writes the content to a path. The folder of the path exists. */
  readonly write: (target: string) => void;
}

/** An asset that is a folder. */
export interface FolderAsset {
  readonly bucket: IBucket;
  readonly objectKey: string;
}

/**
 * Creates an asset from files whose hashes are known.
 *
 * The function writes the files to the cloud assembly. `Asset` would need a temporary folder, which it reads to
 * compute the hash, and copies to the cloud assembly.
 */
export function createFolderAsset(scope: Construct, id: string, files: AssetFile[]): FolderAsset {
  const asset = new Construct(scope, id);
  const { outdir, assetOutdir } = Stage.of(asset)!;
  const sourceHash = hashOf(files);
  const folder = path.join(assetOutdir, `asset.${sourceHash}`);
  if (!existsSync(folder)) {
    writeFolder(folder, files);
  }
  const { bucketName, objectKey } = Stack.of(asset).synthesizer.addFileAsset({
    packaging: FileAssetPackaging.ZIP_DIRECTORY,
    sourceHash,
    fileName: path.relative(outdir, folder),
    displayName: Names.stackRelativeConstructPath(asset),
  });
  return { bucket: Bucket.fromBucketName(asset, 'Bucket', bucketName), objectKey };
}

/** The same names and contents result in the same hash. */
function hashOf(files: AssetFile[]): string {
  const lines = files.map(({ name, hash }) => JSON.stringify([name, hash])).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/**
 * Writes the files to a temporary folder, and renames this folder when it is complete, because the next synthesis
 * reuses an existing folder.
 */
function writeFolder(folder: string, files: AssetFile[]): void {
  const incomplete = `${folder}-incomplete`;
  rmSync(incomplete, { recursive: true, force: true });
  for (const each of new Set(files.map(({ name }) => path.dirname(name)))) {
    mkdirSync(path.join(incomplete, each), { recursive: true });
  }
  for (const { name, write } of files) {
    write(path.join(incomplete, name));
  }
  renameSync(incomplete, folder);
}
