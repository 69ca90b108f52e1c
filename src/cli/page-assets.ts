import * as fs from 'fs';
import * as path from 'path';

/** The script and the style of the page of `medallion docs`. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** The folder in the package to which the build writes the script and the style of the page. */
const FOLDER = path.join(__dirname, 'page');

/** Reads the script and the style of the page from the package. In a Git checkout, bundles them from src/page. */
export function readPageAssets(): PageAssets {
  if (__filename.endsWith('.ts')) {
    // Not imported, because the published package does not contain this module.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { bundlePage } = require(path.join(__dirname, '..', '..', '.projen', 'bundle-page')) as {
      bundlePage: () => PageAssets;
    };
    return bundlePage();
  }
  return {
    script: fs.readFileSync(path.join(FOLDER, 'page.js'), 'utf8'),
    style: fs.readFileSync(path.join(FOLDER, 'page.css'), 'utf8'),
  };
}
