/**
 * Bundles the browser code of `medallion docs` (src/page) with its libraries into one script and one style.
 *
 * As a program, it writes them to lib/cli/page, as part of `npx projen compile`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'fs';
import * as path from 'path';
import { buildSync } from 'esbuild';

const ROOT = path.join(__dirname, '..');
/** The licenses that the page can contain. They require that copies contain the notices. */
const LICENSES = ['BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

/** The script and the style of the page. */
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
    // A script that contains this text would end its element.
    script: `${notices(Object.keys(metafile.inputs))}${script}`
      .replaceAll('</script', '<\\/script')
      .replaceAll('<!--', '\\x3c!--'),
    style,
  };
}

/** The licenses of the libraries, as a comment. Fails if one is not permissive. */
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
