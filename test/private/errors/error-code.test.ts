import { readdirSync, readFileSync } from 'fs';
import * as path from 'path';
import * as ts from 'typescript';
import { ERROR_CODES } from '../../../src/private/errors/error-code';

const CODE = /^[A-Z]+(_[A-Z]+)+$/;

/** The string literals in a file that look like error codes. */
function codesIn(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) && CODE.test(node.text)) {
      found.push(node.text);
    }
    node.forEachChild(visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
  return found;
}

/** The source files of the constructs. */
function sources(): string[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !file.startsWith('cli') && !file.endsWith('error-code.ts'))
    .map(file => path.join('src', file));
}

test('src uses every error code', () => {
  const used = new Set(sources().flatMap(codesIn));
  expect(ERROR_CODES.filter(code => !used.has(code))).toEqual([]);
});

test('each error code is listed once', () => {
  expect([...new Set(ERROR_CODES)]).toEqual([...ERROR_CODES]);
});

// The compiler rejects unknown codes. This test rejects errors without a code. glue-templates.ts checks its own code,
// because a bundler copies it without the other modules.
test('every error that src throws comes from a module that takes a code', () => {
  const thrown = sources().flatMap(file => {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const created: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isNewExpression(node) && /Error$/.test(node.expression.getText())) {
        created.push(file);
      }
      node.forEachChild(visit);
    };
    visit(source);
    return created;
  });
  expect(thrown.sort()).toEqual([
    'src/private/errors/synth-error.ts',
    'src/private/files/file-problem.ts',
    'src/private/glue-templates.ts',
  ]);
});
