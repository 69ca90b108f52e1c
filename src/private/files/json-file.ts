import { readFileSync } from 'fs';
import * as path from 'path';
import {
  findNodeAtLocation,
  JSONPath,
  Node,
  ParseError,
  parseTree,
  printParseErrorCode,
  getNodeValue,
} from 'jsonc-parser';
import { Problem } from '../errors/problem';

/** What is wrong in a file, and at which place in it. */
export interface FileProblem extends Problem {
  /** The file, and line and column if the problem has some: `lake/zipcodes/config.json:4:26`. */
  readonly place: string;
  /** The JSON pointer of the value, empty for the document itself. */
  readonly pointer: string;
}

/** A JSON object in a file, which knows where its values are. */
export class JsonFile {
  /** The object, empty where the file holds none. */
  readonly value: { readonly [key: string]: unknown } = {};
  /** Why the file cannot be read, empty where it can. */
  readonly problems: FileProblem[] = [];
  private readonly text: string = '';
  private readonly tree?: Node;

  /** @param file as a person would name it, from the folder where cdk runs */
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
          found: 'contains ${Token[…]}, which CDK would read as a token',
          remedy: 'Write the value.',
        }),
      ];
      return;
    }
    const errors: ParseError[] = [];
    this.tree = parseTree(this.text, errors, { disallowComments: true, allowTrailingComma: false });
    if (errors.length > 0) {
      const [{ error, offset }] = errors;
      this.problems = [
        {
          ...this.at([], {
            code: 'JSON_INVALID',
            key: '',
            found: `is not valid JSON: ${words(printParseErrorCode(error))}`,
            remedy: 'Correct the syntax at this position.',
          }),
          place: `${file}:${this.lineAndColumn(offset)}`,
        },
      ];
    } else if (this.tree?.type !== 'object') {
      this.problems = [
        this.at([], {
          code: 'JSON_INVALID',
          key: '',
          found: 'is not a JSON object',
          remedy: 'The file starts with { and ends with }.',
        }),
      ];
    } else {
      this.value = getNodeValue(this.tree);
      this.problems = [...this.twice(this.tree, [])];
    }
  }

  /** A problem with its place in this file. Where its key is not there, that is the nearest value around it. */
  locate(problem: Problem): FileProblem {
    return this.at(pathOf(this.value, problem.key), problem);
  }

  /** The file, line and column of a key's value. */
  placeOf(key: string): string {
    return this.placeAt(pathOf(this.value, key));
  }

  private placeAt(where: JSONPath): string {
    const node = this.tree && findNodeAtLocation(this.tree, where);
    return node && where.length > 0 ? `${this.file}:${this.lineAndColumn(node.offset)}` : this.file;
  }

  private at(where: JSONPath, problem: Problem): FileProblem {
    return {
      ...problem,
      place: this.placeAt(where),
      pointer: where.map(key => `/${`${key}`.replace(/~/g, '~0').replace(/\//g, '~1')}`).join(''),
    };
  }

  /** Of a key that is set twice, JSON takes the last one without a word. */
  private *twice(node: Node, where: JSONPath): Generator<FileProblem> {
    const seen = new Set<string>();
    for (const [index, child] of (node.children ?? []).entries()) {
      if (node.type !== 'object') {
        yield* this.twice(child, [...where, index]);
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
          place: `${this.file}:${this.lineAndColumn(key.offset)}`,
        };
      }
      seen.add(key.value);
      if (value) {
        yield* this.twice(value, [...where, key.value]);
      }
    }
  }

  private lineAndColumn(offset: number): string {
    const before = this.text.slice(0, offset).split('\n');
    return `${before.length}:${before[before.length - 1].length + 1}`;
  }
}

/** All problems in one error, each with its place. */
export function problemsError(problems: FileProblem[]): Error {
  const files = new Set(problems.map(({ place }) => place.replace(/(:\d+)*$/, ''))).size;
  const lines = problems.map(
    ({ code, place, pointer, found, remedy }) =>
      `  ${code}: ${place}: ${pointer === '' ? 'it' : pointer} ${found}. ${remedy}`,
  );
  return new Error([`${count(problems.length, 'problem')} in ${count(files, 'file')}:`, ...lines].join('\n'));
}

/** A file's name as people write it: from the folder where cdk runs. */
export function shown(file: string): string {
  return path.relative(process.cwd(), file).split(path.sep).join('/') || '.';
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** jsonc-parser names its errors in one word: CommaExpected. */
function words(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}

/**
 * The path of a key such as column_schema.products.Unit Price.type, as far as it is there. Names may hold dots: the
 * longest one counts.
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
