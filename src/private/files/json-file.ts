import { readFileSync } from 'fs';
import * as path from 'path';
import { Edit, jsonPointer } from './edit';
import { FileProblem } from './file-problem';
import { syntaxCause } from './json-syntax';
import {
  findNodeAtLocation, getNodeValue, JSONPath, Node, ParseError, ParseOptions, parseTree, printParseErrorCode,
} from '../dependencies/jsonc-parser';
import { Problem } from '../errors/problem';

/** A line that one or more edits change in a file, with the reasons for these edits. */
export interface ChangedLine {
  /** The number of the line, from 1. */
  readonly line: number;
  readonly oldText: string;
  readonly newText: string;
  readonly reasons: string[];
}

/** A JSON object in a file, with the line and column of each value. */
export class JsonFile {
  /** The object. Undefined if the file cannot be read or parsed, or does not contain an object. */
  readonly value?: { readonly [key: string]: unknown };
  /** The reasons why the file is invalid. Empty if it is valid. */
  readonly problems: FileProblem[] = [];
  private readonly text: string = '';
  private readonly tree?: Node;

  /** @param file the path of the file, relative to the folder where cdk runs */
  constructor(readonly file: string) {
    try {
      this.text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    } catch (error) {
      this.problems.push(
        this.at([], {
          code: 'FILE_UNREADABLE',
          key: '',
          found: `cannot be read: ${(error as Error).message}`,
          remedy: 'Use a JSON file in UTF-8.',
        }),
      );
      return;
    }
    if (this.text.includes('${Token[')) {
      this.problems.push(
        this.at([], {
          code: 'TOKEN_NOT_ALLOWED',
          key: '',
          found: 'contains ${Token[…]}, which CDK would interpret as a token',
          remedy: 'Replace it with the value.',
        }),
      );
    }
    if (depthOf(this.text) > MAX_DEPTH) {
      this.problems.push(
        this.at([], {
          code: 'JSON_INVALID',
          key: '',
          found: `is nested more than ${MAX_DEPTH} levels deep`,
          remedy: 'Close the objects and lists with } and ].',
        }),
      );
      return;
    }
    const { tree, errors } = parse(this.text);
    for (const error of errors) {
      const { offset, found, remedy } = syntaxCause(this.text, error);
      const location = `${file}:${this.lineAndColumn(offset)}`;
      if (this.problems.every(problem => problem.location !== location)) {
        const problem = this.at([], { code: 'JSON_INVALID', key: '', found: `is not valid JSON: ${found}`, remedy });
        this.problems.push({ ...problem, location });
      }
    }
    if (tree?.type === 'object') {
      this.tree = tree;
      this.value = getNodeValue(tree);
      this.problems.push(...this.duplicateKeys(tree, []));
      removeDuplicates(tree);
    } else if (errors.length === 0) {
      this.problems.push(
        this.at([], {
          code: 'JSON_INVALID',
          key: '',
          found: 'is not a JSON object',
          remedy: 'Start the file with { and end it with }.',
        }),
      );
    }
  }

  /** Adds the location of the value at a path to a problem. If the path does not exist, the location is the file. */
  at(where: JSONPath, problem: Problem): FileProblem {
    return { ...problem, location: this.locationOf(where), pointer: jsonPointer(where) };
  }

  /** The file, line and column of the value at a path. */
  locationOf(where: JSONPath): string {
    const node = this.tree && findNodeAtLocation(this.tree, where);
    return node && where.length > 0 ? `${this.file}:${this.lineAndColumn(node.offset)}` : this.file;
  }

  /** The text of the file with the edits applied. Nothing else changes. */
  textWith(edits: readonly Edit[]): string {
    return edits.flatMap(edit => this.replacementOf(edit) ?? []).sort((a, b) => b.start - a.start)
      .reduce((text, change) => text.slice(0, change.start) + change.text + text.slice(change.end), this.text);
  }

  /**
   * The lines that the given edits change, in the order of the file. Each edit replaces text within a line, without
   * adding or removing lines.
   */
  changedLines(edits: readonly Edit[]): ChangedLine[] {
    const [before, after] = [this.text, this.textWith(edits)].map(text => text.split(/\r?\n/));
    const reasons = new Map<number, Set<string>>();
    for (const edit of edits) {
      const replacement = this.replacementOf(edit);
      const line = replacement && this.text.slice(0, replacement.start).split('\n').length;
      if (line !== undefined) {
        reasons.set(line, (reasons.get(line) ?? new Set()).add(edit.reason));
      }
    }
    return [...reasons].sort(([a], [b]) => a - b).map(([line, ofLine]) => ({
      line, oldText: before[line - 1], newText: after[line - 1], reasons: [...ofLine],
    })).filter(({ oldText, newText }) => oldText !== newText);
  }

  /**
   * The range of text that an edit replaces, and the new text. Undefined if the path of the edit does not exist in the
   * file.
   */
  private replacementOf({ path: where, target, newValue }: Edit) {
    const value = this.tree && findNodeAtLocation(this.tree, where);
    const node = target === 'key' ? value?.parent?.children?.[0] : value;
    return node && { start: node.offset, end: node.offset + node.length, text: JSON.stringify(newValue) };
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

/**
 * Removes all but the last of several duplicate keys. JSON parsers use the last value, so a path must lead to that
 * value.
 */
function removeDuplicates(node: Node): void {
  const { children = [] } = node;
  if (node.type === 'object') {
    const last = new Map(children.map(child => [child.children?.[0].value, child]));
    children.splice(0, children.length, ...last.values());
  }
  children.forEach(removeDuplicates);
}

/** The maximum depth: far more than a file needs, and less than the call stack allows. */
const MAX_DEPTH = 200;

/** How deeply the objects and lists of a JSON document are nested. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\\n]|\\.)*"?|[[\]{}]/g)) {
    depth += /^[[{]/.test(token) ? 1 : /^[\]}]/.test(token) ? -1 : 0;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** The path of a file, relative to the folder where cdk runs. */
export function relativePath(file: string): string {
  return path.relative(process.cwd(), file).split(path.sep).join('/') || '.';
}

/**
 * The object in a JSON document, and its syntax errors. After a comment, a superfluous comma or a missing comma, the
 * parser can continue. After any other error, the rest of the result is unreliable, so only the first error is
 * returned.
 */
function parse(text: string): { readonly tree?: Node; readonly errors: ParseError[] } {
  const errorsOf = (options: ParseOptions): { tree?: Node; errors: ParseError[] } => {
    const errors: ParseError[] = [];
    return { tree: parseTree(text, errors, options), errors };
  };
  const { errors } = errorsOf({ disallowComments: true, allowTrailingComma: false });
  const lenient = errorsOf({ disallowComments: false, allowTrailingComma: true });
  const canContinue = lenient.errors.every(({ error }) => printParseErrorCode(error) === 'CommaExpected');
  return canContinue ? { tree: lenient.tree, errors } : { errors: errors.slice(0, 1) };
}
