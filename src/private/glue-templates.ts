import { existsSync } from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { ErrorCode } from './errors/error-code';

/** The folder with the Python code and the JSON Schemas. */
export const GLUE_TEMPLATES = findGlueTemplates();

/**
 * Finds the folder `glue-templates`, which is next to `src` in the repository and next to `lib` in the package.
 *
 * If a bundler such as esbuild has copied this code into the app, the function returns the folder of the package in the
 * app's `node_modules`.
 */
function findGlueTemplates(): string {
  const own = typeof __dirname === 'string' ? path.join(__dirname, '..', '..', 'glue-templates') : undefined;
  if (own !== undefined && existsSync(path.join(own, 'dataset.schema.json'))) {
    return own;
  }
  try {
    const app = createRequire(path.join(process.cwd(), 'app.js'));
    return path.join(path.dirname(app.resolve('cdk-glue-medallion/package.json')), 'glue-templates');
  } catch {
    const code: ErrorCode = 'FILE_NOT_FOUND';
    throw new Error(
      `${code}: The files of the package cdk-glue-medallion are not next to its code, and the package is not `
        + `installed in ${process.cwd()}. A bundler has probably omitted them. Exclude the package from the bundle `
        + '(esbuild: --external:cdk-glue-medallion or --packages=external), and install it where the app runs.',
    );
  }
}
