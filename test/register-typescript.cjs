/**
 * Lets Node load TypeScript files: `node --require test/register-typescript.cjs app.ts`.
 *
 * It transpiles like `ts-node --transpile-only`, and caches the result by the content of the file. Tests start hundreds of
 * processes. Without a cache, each of them transpiles src/ again, which takes 1.5 s of CPU time.
 */
'use strict';

const { createHash } = require('crypto');
const fs = require('fs');
const path = require('path');
const { version } = require('typescript/package.json');

const CACHE = path.join(__dirname, '..', 'node_modules', '.cache', `register-typescript-${version}`);

require.extensions['.ts'] = (module, file) => module._compile(javaScriptOf(fs.readFileSync(file, 'utf8')), file);

function javaScriptOf(source) {
  const cached = path.join(CACHE, createHash('sha256').update(source).digest('hex'));
  try {
    return fs.readFileSync(cached, 'utf8');
  } catch {
    const output = transpile(source);
    store(cached, output);
    return output;
  }
}

function transpile(source) {
  const { ModuleKind, ScriptTarget, transpileModule } = require('typescript');
  const compilerOptions = {
    target: ScriptTarget.ES2022, module: ModuleKind.CommonJS, esModuleInterop: true, experimentalDecorators: true,
  };
  return transpileModule(source, { compilerOptions }).outputText;
}

/** Renames a complete file, because processes run side by side. A process of another user cannot write to the cache. */
function store(cached, output) {
  const incomplete = `${cached}.${process.pid}`;
  try {
    fs.mkdirSync(CACHE, { recursive: true });
    fs.writeFileSync(incomplete, output);
    fs.renameSync(incomplete, cached);
  } catch (error) {
    if (error.code !== 'EACCES') {
      throw error;
    }
  }
}
