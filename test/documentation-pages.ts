import * as fs from 'fs';
import * as path from 'path';

export const ROOT = path.join(__dirname, '..');

/** A fenced code block. */
export interface CodeBlock {
  readonly page: string;
  /** What follows the fence: `ts fixture=lake`. */
  readonly info: string;
  readonly language: string;
  readonly text: string;
}

/** README.md and all pages of docs/, by their paths from the root of the repository. */
export function documentationPages(): string[] {
  return ['README.md', ...fs.readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.md')).sort().map(file => path.posix.join('docs', file.split(path.sep).join('/')))];
}

export function readText(file: string): string {
  return fs.readFileSync(path.join(ROOT, file), 'utf8');
}

/** The code blocks of a page, also those that are indented within a list. */
export function codeBlocks(page: string): CodeBlock[] {
  return [...readText(page).matchAll(/^( *)```(\S*)([^\n]*)\n([^]*?)^\1```$/gm)].map(([, indent, language, rest, text]) => ({
    page, info: language + rest, language, text: text.replace(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** A page without its code blocks. */
export function prose(page: string): string {
  return readText(page).replace(/^( *)```[^]*?^\1```$/gm, '');
}
