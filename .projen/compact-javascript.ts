/**
 * Removes comments from the compiled JavaScript and indents it by one space instead of four, which makes the package
 * smaller. The type declarations keep their comments, and each line keeps its code, so that stack traces stay readable.
 *
 * Runs after jsii, as part of `npx projen compile`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'fs';
import * as path from 'path';
import * as ts from 'typescript';

const LIB = path.join(__dirname, '..', 'lib');
const OPTIONS: ts.CompilerOptions = {
  removeComments: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS,
};

function compact(code: string): string {
  const printed = ts.transpileModule(code, { compilerOptions: OPTIONS }).outputText;
  const source = ts.createSourceFile('module.js', printed, ts.ScriptTarget.ES2022, true);
  const kept = linesWithinTemplates(source);
  return printed
    .split('\n')
    .map((line, number) => kept.has(number) ? line : line.replace(/^(?: {4})+/, indent => ' '.repeat(indent.length / 4)))
    .join('\n');
}

/** The lines that begin within a template literal, whose spaces are part of a string. */
function linesWithinTemplates(source: ts.SourceFile): Set<number> {
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateLiteralToken(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
      const last = source.getLineAndCharacterOfPosition(node.getEnd()).line;
      for (let line = first + 1; line <= last; line++) {
        lines.add(line);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lines;
}

for (const file of readdirSync(LIB, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.js'))) {
  const location = path.join(LIB, file);
  writeFileSync(location, compact(readFileSync(location, 'utf8')));
}
