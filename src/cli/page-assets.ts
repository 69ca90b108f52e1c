import * as fs from 'fs';
import * as path from 'path';

/** The script and the style of the page of `medallion docs`. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** Where the build writes them: in the package beside this file. */
const FOLDER = path.join(__dirname, 'page');

/** The script and the style of the page: from the package, or in a checkout, bundled from src/page. */
export function readPageAssets(): PageAssets {
  if (__filename.endsWith('.ts')) {
    // The package does not contain this file.
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
