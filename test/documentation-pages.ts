import * as fs from 'fs';
import * as path from 'path';

export const ROOT = path.join(__dirname, '..');

/** A fenced code block. */
export interface CodeBlock {
  readonly page: string;
  /** The info string after the fence: `ts fixture=lake`. */
  readonly info: string;
  readonly language: string;
  readonly text: string;
}

/** The paths of README.md and all pages of docs/, relative to the root of the repository. */
export function documentationPages(): string[] {
  return ['README.md', ...filesBelow('docs', '.md')];
}

/** The sorted paths of the files with an extension in a folder and its subfolders, relative to the repository. */
export function filesBelow(folder: string, extension: string): string[] {
  const files = fs.readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  const found = files.filter(file => file.endsWith(extension)).sort();
  return found.map(file => path.posix.join(folder, file.split(path.sep).join('/')));
}

export function readText(file: string): string {
  return fs.readFileSync(path.join(ROOT, file), 'utf8');
}

/** The code blocks of a page, including indented ones in lists. */
export function codeBlocks(page: string): CodeBlock[] {
  const blocks = [...readText(page).matchAll(/^( *)```(\S*)([^\n]*)\n([^]*?)^\1```$/gm)];
  return blocks.map(([, indent, language, rest, text]) => ({
    page,
    info: language + rest,
    language,
    text: text.replace(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** A page without its code blocks. */
export function prose(page: string): string {
  return readText(page).replace(/^( *)```[^]*?^\1```$/gm, '');
}

/** The rows of the table whose first column has this heading, without the header rows. */
export function tableRows(page: string, heading: string): string[] {
  const [, , ...rows] = new RegExp(`^\\| ${heading} \\|[^]*?\n\n`, 'm').exec(readText(page))![0].trim().split('\n');
  return rows;
}
