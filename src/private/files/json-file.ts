import { readFileSync } from 'fs';
import * as path from 'path';
import { JSONPath, Node, ParseError } from 'jsonc-parser';
import { syntaxCause } from './json-syntax';
import { findNodeAtLocation, getNodeValue, parseTree } from './jsonc-parser';
import { Problem } from '../errors/problem';

/** A problem in a file and its location. */
export interface FileProblem extends Problem {
  /** The file, line and column: `lake/zipcodes/config.json:4:26`. Only the file if the problem has no position. */
  readonly location: string;
  /** The JSON pointer of the value. Empty for the document. */
  readonly pointer: string;
}

/** A JSON object in a file, with the line and column of each value. */
export class JsonFile {
  /** The object. Empty if the file is invalid. */
  readonly value: { readonly [key: string]: unknown } = {};
  /** The reasons why the file is invalid. Empty if it is valid. */
  readonly problems: FileProblem[] = [];
  private readonly text: string = '';
  private readonly tree?: Node;

  /** @param file the path of the file, relative to the folder where cdk runs */
  constructor(readonly file: string) {
    try {
      this.text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    } catch (error) {
      this.problems = [
        this.at([], {
          code: 'FILE_UNREADABLE',
          key: '',
          found: `cannot be read: ${(error as Error).message}`,
          remedy: 'Use a JSON file in UTF-8.',
        }),
      ];
      return;
    }
    if (this.text.includes('${Token[')) {
      this.problems = [
        this.at([], {
          code: 'TOKEN_NOT_ALLOWED',
          key: '',
          found: 'contains ${Token[…]}, which CDK would interpret as a token',
          remedy: 'Replace it with the value.',
        }),
      ];
      return;
    }
    const errors: ParseError[] = [];
    this.tree = parseTree(this.text, errors, { disallowComments: true, allowTrailingComma: false });
    if (errors.length > 0) {
      const { offset, found, remedy } = syntaxCause(this.text, errors[0]);
      this.problems = [
        {
          ...this.at([], { code: 'JSON_INVALID', key: '', found: `is not valid JSON: ${found}`, remedy }),
          location: `${file}:${this.lineAndColumn(offset)}`,
        },
      ];
    } else if (this.tree?.type !== 'object') {
      this.problems = [
        this.at([], {
          code: 'JSON_INVALID',
          key: '',
          found: 'is not a JSON object',
          remedy: 'Start the file with { and end it with }.',
        }),
      ];
    } else {
      this.value = getNodeValue(this.tree);
      this.problems = [...this.duplicateKeys(this.tree, [])];
    }
  }

  /** A problem with its location. If the key does not exist, that is the location of the closest ancestor. */
  locate(problem: Problem): FileProblem {
    return this.at(pathOf(this.value, problem.key), problem);
  }

  /** The file, line and column of the value of a key. */
  locationOf(key: string): string {
    return this.locationAt(pathOf(this.value, key));
  }

  private locationAt(where: JSONPath): string {
    const node = this.tree && findNodeAtLocation(this.tree, where);
    return node && where.length > 0 ? `${this.file}:${this.lineAndColumn(node.offset)}` : this.file;
  }

  private at(where: JSONPath, problem: Problem): FileProblem {
    return {
      ...problem,
      location: this.locationAt(where),
      pointer: where.map(key => `/${`${key}`.replace(/~/g, '~0').replace(/\//g, '~1')}`).join(''),
    };
  }

  /** JSON parsers silently use the last value of a duplicate key. */
  private *duplicateKeys(node: Node, where: JSONPath): Generator<FileProblem> {
    const seen = new Set<string>();
    for (const [index, child] of (node.children ?? []).entries()) {
      if (node.type !== 'object') {
        yield* this.duplicateKeys(child, [...where, index]);
        continue;
      }
      const [key, value] = child.children ?? [];
      if (seen.has(key.value)) {
        yield {
          ...this.at([...where, key.value], {
            code: 'DUPLICATE_KEY',
            key: [...where, key.value].join('.'),
            found: 'is set twice',
            remedy: 'Remove one of them.',
          }),
          location: `${this.file}:${this.lineAndColumn(key.offset)}`,
        };
      }
      seen.add(key.value);
      if (value) {
        yield* this.duplicateKeys(value, [...where, key.value]);
      }
    }
  }

  private lineAndColumn(offset: number): string {
    const before = this.text.slice(0, offset).split('\n');
    return `${before.length}:${before[before.length - 1].length + 1}`;
  }
}

/** All problems in one error, each with its location. */
export function problemsError(problems: FileProblem[]): Error {
  const files = new Set(problems.map(({ location }) => location.replace(/(:\d+)*$/, ''))).size;
  const lines = problems.map(
    ({ code, location, pointer, found, remedy }) =>
      `  ${code}: ${location}: ${pointer === '' ? 'the file' : pointer} ${found}. ${remedy}`,
  );
  return new Error([`${count(problems.length, 'problem')} in ${count(files, 'file')}:`, ...lines].join('\n'));
}

/** The path of a file, relative to the folder where cdk runs. */
export function relativePath(file: string): string {
  return path.relative(process.cwd(), file).split(path.sep).join('/') || '.';
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/**
 * The path of a key such as column_schema.products.Unit Price.type, up to the last part that exists. Names can contain
 * dots: the longest matching name applies.
 */
function pathOf(value: unknown, key: string): JSONPath {
  if (typeof value !== 'object' || value === null || key === '') {
    return [];
  }
  const rest = key.replace(/^\./, '');
  const index = Array.isArray(value) ? /^\[(\d+)\]/.exec(rest) : null;
  const name = index
    ? index[0]
    : Object.keys(value)
      .filter(each => rest === each || rest.startsWith(`${each}.`) || rest.startsWith(`${each}[`))
      .sort((a, b) => b.length - a.length)[0];
  if (name === undefined) {
    return [];
  }
  const step = index ? Number(index[1]) : name;
  return [step, ...pathOf((value as { [key: string]: unknown })[step], rest.slice(name.length))];
}
