/**
 * Bundles the browser code of `medallion docs` (src/page) with its libraries into one script and one style sheet.
 *
 * When run as a program, writes them to lib/cli/page. `npx projen compile` does so.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'fs';
import * as path from 'path';
import { buildSync } from 'esbuild';

const ROOT = path.join(__dirname, '..');
/** The licenses that libraries of the page can have. They require the notices in each copy. */
const LICENSES = ['BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

/** Returns the script and the style sheet of the page. */
export function bundlePage(): { script: string; style: string } {
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: ['src/page/main.tsx'],
    outfile: 'page.js',
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    write: false,
  });
  const [script, style] = ['page.js', 'page.css'].map(name =>
    outputFiles.find(file => path.basename(file.path) === name)?.text ?? '');
  return {
    // In an HTML page, this text would end the script element.
    script: `${notices(Object.keys(metafile.inputs))}${script}`
      .replaceAll('</script', '<\\/script')
      .replaceAll('<!--', '\\x3c!--'),
    style,
  };
}

/** Returns the licenses of the libraries as a comment. Fails if a license is not permissive. */
function notices(files: string[]): string {
  const libraries = new Set(files.flatMap(file => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []));
  const texts = [...libraries].sort().map(library => {
    const folder = path.join(ROOT, 'node_modules', library);
    const { version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
      version: string;
      license: string;
    };
    if (!LICENSES.includes(license)) {
      throw new Error(`${library} has the license ${license}. The page can contain: ${LICENSES.join(', ')}.`);
    }
    const text = readFileSync(path.join(folder, 'LICENSE'), 'utf8').replaceAll('*/', '').trim();
    return `${library} ${version} (${license})\n\n${text}`;
  });
  return `/*!\nThis page contains code of these libraries.\n\n${texts.join('\n\n')}\n*/\n`;
}

if (require.main === module) {
  const folder = path.join(ROOT, 'lib', 'cli', 'page');
  const { script, style } = bundlePage();
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'page.js'), script);
  writeFileSync(path.join(folder, 'page.css'), style);
}
