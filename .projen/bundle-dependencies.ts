/**
 * Replaces the modules in lib/private/dependencies with bundles of the npm packages that they export, so that the
 * published package contains only the code that it uses, and has no dependencies besides the peer dependencies.
 * THIRD_PARTY_LICENSES in the same folder contains the licenses of the bundled packages.
 *
 * Runs after jsii, as part of `npx projen compile`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'fs';
import * as path from 'path';
import { buildSync } from 'esbuild';

const ROOT = path.join(__dirname, '..');
const FOLDER = path.join(ROOT, 'lib', 'private', 'dependencies');

/** The licenses that the package can contain. */
const LICENSES = ['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

/** Bundles the modules. Returns the names of the npm packages in the bundles. */
function bundle(): string[] {
  const { metafile } = buildSync({
    absWorkingDir: ROOT,
    // esbuild reads the sources, because the compiled modules have no type-only exports.
    entryPoints: readdirSync(path.join(ROOT, 'src', 'private', 'dependencies')).map(file =>
      path.join('src', 'private', 'dependencies', file)),
    outdir: FOLDER,
    allowOverwrite: true,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    // The CommonJS version of jsonc-parser requires its parts in a way that esbuild cannot follow.
    mainFields: ['module', 'main'],
    metafile: true,
  });
  const packages = Object.keys(metafile.inputs).flatMap(file =>
    /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  return [...new Set(packages)].sort();
}

/** The name, version and license text of an npm package. Fails if the license is not permissive. */
function licenseOf(name: string): string {
  const folder = path.join(ROOT, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    version: string; license: string;
  };
  if (!LICENSES.includes(license)) {
    throw new Error(`${name} has the license ${license}. The package can contain: ${LICENSES.join(', ')}.`);
  }
  const file = readdirSync(folder).find(each => /^licen[cs]e/i.test(each));
  if (file === undefined) {
    throw new Error(`${name} has no license file.`);
  }
  return `${name} ${version} (${license})\n\n${readFileSync(path.join(folder, file), 'utf8').trim()}\n`;
}

const heading = 'The files in this folder contain code of these packages:';
writeFileSync(
  path.join(FOLDER, 'THIRD_PARTY_LICENSES'), [heading, ...bundle().map(licenseOf)].join(`\n\n${'-'.repeat(80)}\n\n`),
);
