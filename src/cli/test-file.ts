import * as fs from 'fs';
import * as path from 'path';
import { YAML_INVALID } from './result';
import { ExpectDocument, InputDocument, TableDocument, TestsDocument } from './test-document';
import { Cell, RequestExpectation, RequestLoad, RequestRow, RequestRows } from './test-request';
import {
  Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, YAMLMap,
} from '../private/dependencies/yaml';
import { DocumentSchema } from '../private/document/document-schema';
import { ErrorCode } from '../private/errors/error-code';
import { didYouMean, didYouMeanFile } from '../private/errors/suggestion';
import { relativePath } from '../private/files/json-file';

/** A test without `loads` has a single load at this time. */
const DEFAULT_AT = '2000-01-01 00:00:00';

/** A test in a file. The input tables have the names that are used in the file. */
export interface FileTest {
  readonly name: string;
  readonly line: number;
  readonly loads: RequestLoad[];
}

/** A test file that is valid. */
export interface TestFile {
  readonly file: string;
  /** The value of the key `dataset`. */
  readonly dataset?: string;
  readonly tests: FileTest[];
  /** The location of a key in the document, in the format `file:line:column`. */
  readonly locationOf: (...keys: (string | number)[]) => string;
}

/** The content of a YAML file: its tests, the reason why it is skipped, or its errors, one line per error. */
export type ReadTestFile = { readonly tests: TestFile } | { readonly skipped: string } | { readonly errors: string[] };

/** A YAML node. Its position is the first offset of `range`. */
interface Positioned {
  readonly range?: readonly number[] | null;
}

type Keys = readonly (string | number)[];

let schema: DocumentSchema | undefined;

function testsSchema(): DocumentSchema {
  return schema ??= new DocumentSchema('tests.schema.json');
}

/** Reads a YAML file. YAML files of other tools, which can also have the key `tests`, are skipped. */
export function readTestFile(file: string): ReadTestFile {
  return new TestFileReader(file).read();
}

class TestFileReader {
  private readonly shown: string;
  private readonly lines = new LineCounter();
  private readonly text: string;
  private readonly document: Document.Parsed;
  private readonly errors: string[] = [];

  public constructor(private readonly file: string) {
    this.shown = relativePath(file);
    this.text = fs.readFileSync(file, 'utf8').replace(/^\ufeff/, '');
    // The text of numbers in rows is used, so that they keep all digits.
    this.document = parseDocument(this.text, { lineCounter: this.lines, version: '1.2', schema: 'core' });
  }

  public read(): ReadTestFile {
    const [syntax] = this.document.errors;
    if (syntax !== undefined) {
      return /^tests\s*:/m.test(this.text)
        ? {
          errors: [`${YAML_INVALID}: ${this.at(syntax.pos[0])}: ${firstLineOf(syntax.message)}. Correct the syntax.`],
        }
        : { skipped: `${this.shown} is not valid YAML, and has no tests` };
    }
    let content: unknown;
    try {
      content = this.document.toJS();
    } catch (error) {
      return { errors: [`${YAML_INVALID}: ${this.shown}: ${(error as Error).message}. Write the values out.`] };
    }
    if (containsItself(content)) {
      return {
        errors: [`${YAML_INVALID}: ${this.shown}: An alias is inside the value that it refers to. Write the `
          + 'values out.'],
      };
    }
    if (!/\$schema=\S*\btests\.schema\.json/.test(this.text) && !looksLikeTests(content)) {
      return { skipped: `${this.shown} has no tests of a dataset. If it should have tests, add dataset: NAME` };
    }
    for (const { code, path: keys, found, remedy, isMissing } of testsSchema().violations(content)) {
      const subject = keys.slice(0, isMissing ? -1 : undefined);
      const [, unknown] = /^has the unknown key (".*")$/.exec(found) ?? [];
      const at = unknown === undefined ? subject : [...subject, JSON.parse(unknown) as string];
      this.report(code, subject, `${found}. ${remedy}`, at);
    }
    const tests = this.errors.length === 0 ? this.tests(content as TestsDocument) : [];
    return this.errors.length > 0
      ? { errors: this.errors }
      : {
        tests: {
          file: this.file,
          dataset: (content as TestsDocument).dataset,
          tests,
          locationOf: (...keys) => this.locationOf(keys),
        },
      };
  }

  private tests({ inputs, tests }: TestsDocument): FileTest[] {
    const names = new Set<string>();
    return tests.map((test, index): FileTest => {
      const where = ['tests', index];
      if (names.has(test.name)) {
        this.report('DUPLICATE_VALUE', [...where, 'name'], 'is the name of another test. Rename one of them.');
      }
      names.add(test.name);
      const shared = this.inputs(inputs, ['inputs']);
      const own = this.inputs(test.inputs, [...where, 'inputs']);
      let current = { ...shared, ...own };
      const loads = (test.loads ?? []).map((load, number): RequestLoad => {
        const ofLoad = [...where, 'loads', number];
        current = { ...current, ...this.inputs(load.inputs, [...ofLoad, 'inputs']) };
        const isLast = number === test.loads!.length - 1;
        const expect = load.expect === undefined
          ? isLast ? this.expectation(test.expect, [...where, 'expect']) : undefined
          : this.expectation(load.expect, [...ofLoad, 'expect']);
        if (isLast && load.expect !== undefined && test.expect !== undefined) {
          this.report(
            'SETTINGS_CONFLICT', [...where, 'expect'], 'is set, and so is expect of the last load. Remove one.',
          );
        }
        return { at: load.at, inputs: current, expect };
      });
      this.checkTimes(test.loads?.map(({ at }) => at) ?? [], where);
      if (test.loads === undefined) {
        loads.push({ at: DEFAULT_AT, inputs: current, expect: this.expectation(test.expect, [...where, 'expect']) });
      }
      if (loads.every(({ expect }) => expect === undefined)) {
        this.report('SETTING_REQUIRED', where, 'has no expect. Set expect to the rows that the dataset returns.');
      }
      return { name: test.name, line: this.lineOf(where), loads };
    });
  }

  /** Checks that each load of a history is later than the previous load. */
  private checkTimes(times: string[], where: Keys): void {
    const parsed = times.map(at => Date.parse(/Z|[-+]\d{2}:\d{2}$/.test(at) ? at : `${at.replace(' ', 'T')}${
      at.includes(':') ? '' : 'T00:00'}Z`));
    parsed.forEach((time, index) => {
      const key = [...where, 'loads', index, 'at'];
      if (Number.isNaN(time)) {
        this.report('VALUE_INVALID', key, `is "${times[index]}", which does not exist. Correct the time.`);
      } else if (index > 0 && time <= parsed[index - 1]) {
        this.report(
          'VALUE_INVALID', key, `is "${times[index]}", which is not after the previous load. Correct the time.`,
        );
      }
    });
  }

  private inputs(inputs: Record<string, InputDocument> | undefined, where: Keys): Record<string, RequestRows> {
    return Object.fromEntries(Object.entries(inputs ?? {}).map(([table, input]) => {
      const key = [...where, table];
      if (input.rows === undefined && input.file === undefined && input.columns === undefined) {
        this.report('SETTING_REQUIRED', key, 'has no rows and no file. Set one of them.');
      }
      return [table, { ...this.rows(input, key), ...input.columns && { columns: input.columns } }];
    }));
  }

  private expectation(expect: ExpectDocument | undefined, where: Keys): RequestExpectation | undefined {
    if (expect === undefined) {
      return undefined;
    }
    const { outputs, error, violated_rules: violated, ...table } = expect;
    const others = Object.keys(expect).filter(key => key !== 'error');
    if (error !== undefined && others.length > 0) {
      this.report(
        'SETTINGS_CONFLICT', where, `has error and ${others[0]}. A run that fails returns no rows. Remove one.`,
      );
    }
    if (outputs !== undefined && Object.keys(table).length > 0) {
      this.report('SETTINGS_CONFLICT', where, `has outputs and ${Object.keys(table)[0]}. Move it into the output.`);
    }
    const expected = (each: TableDocument, key: Keys): RequestRows => {
      if (each.rows === undefined && each.file === undefined) {
        this.report('SETTING_REQUIRED', key, 'has no rows and no file. Set one of them.');
      }
      return {
        ...this.rows(each, key),
        ...each.columns === 'listed' && { listed_columns: true },
        ...each.ordered && { ordered: true },
      };
    };
    return {
      tables: outputs === undefined
        ? Object.keys(table).length === 0 ? {} : { '': expected(table, where) }
        : Object.fromEntries(Object.entries(outputs)
          .map(([output, each]) => [output, expected(each, [...where, 'outputs', output])])),
      ...error !== undefined && { error },
      ...violated !== undefined && { violated_rules: violated },
    };
  }

  private rows({ rows, file }: { rows?: object[]; file?: string }, where: Keys): RequestRows {
    if (rows !== undefined && file !== undefined) {
      this.report('SETTINGS_CONFLICT', where, 'has rows and file. Remove one of them.');
    }
    const folder = path.dirname(this.file);
    if (file !== undefined && !fs.existsSync(path.resolve(folder, file))) {
      this.report(
        'FILE_NOT_FOUND', [...where, 'file'],
        `is "${file}", which does not exist. ${didYouMeanFile(file, folder)}The path is relative to the test file.`,
      );
    }
    return {
      what: where.join('.').replace(/\.(\d+)/g, '[$1]'),
      test_file: this.shown,
      line: this.lineOf(where),
      ...file === undefined
        ? { rows: (rows ?? []).map((_, index) => this.row([...where, 'rows', index])) }
        : { file: path.resolve(folder, file) },
    };
  }

  private row(where: Keys): RequestRow {
    const node = this.nodeAt(where);
    if (!isMap(node)) {
      this.report('VALUE_INVALID', where, 'is below a key that is not a string. Write the key as a string.');
    }
    return { line: this.lineOf(where), values: isMap(node) ? this.values(node) : {} };
  }

  /** The node at a path, of which any part can be an alias. */
  private nodeAt(keys: Keys): unknown {
    let node: unknown = this.document.contents;
    for (const key of keys) {
      node = isMap(node) ? pairOf(node, key)?.value : isSeq(node) ? node.items[Number(key)] : undefined;
      node = isAlias(node) ? node.resolve(this.document) : node;
    }
    return node;
  }

  private cell(given: unknown): Cell {
    const node = isAlias(given) ? given.resolve(this.document) : given;
    if (isSeq(node)) {
      return node.items.map(each => this.cell(each));
    }
    if (isMap(node)) {
      return { map: this.values(node) };
    }
    if (!isScalar(node) || node.value === null) {
      return null;
    }
    const text = node.source ?? String(node.value);
    return typeof node.value === 'number' || typeof node.value === 'bigint'
      ? { number: text }
      : typeof node.value === 'boolean' ? { boolean: text } : String(node.value);
  }

  private values({ items }: YAMLMap): Record<string, Cell> {
    return Object.fromEntries(items.map(({ key, value }) =>
      [isScalar(key) ? key.source ?? String(key.value) : String(key), this.cell(value)]));
  }

  /** @param at the key whose position is reported, if it is not the key of the value */
  private report(code: ErrorCode, keys: Keys, text: string, at = keys): void {
    const pointer = keys.length === 0 ? 'the file' : `/${keys.join('/')}`;
    const line = `${code}: ${this.locationOf(at)}: ${pointer} ${text}`;
    // Problems in inputs that several tests share are reported only once.
    if (!this.errors.includes(line)) {
      this.errors.push(line);
    }
  }

  private locationOf(keys: Keys): string {
    return this.at(this.offsetOf(keys));
  }

  private lineOf(keys: Keys): number {
    return this.lines.linePos(this.offsetOf(keys)).line;
  }

  private at(offset: number): string {
    const { line, col } = this.lines.linePos(offset);
    return `${this.shown}:${line}:${col}`;
  }

  /** The offset of the key at a path, or of its closest ancestor that exists. */
  private offsetOf(keys: Keys): number {
    let node: unknown = this.document.contents;
    let offset = 0;
    for (const key of keys) {
      node = isAlias(node) ? node.resolve(this.document) : node;
      if (isMap(node)) {
        const pair = pairOf(node, key);
        offset = (pair?.key as Positioned | undefined)?.range?.[0] ?? offset;
        node = pair?.value;
      } else if (isSeq(node)) {
        node = node.items[Number(key)];
        offset = (node as Positioned | undefined)?.range?.[0] ?? offset;
      } else {
        break;
      }
    }
    return offset;
  }
}

function pairOf(map: YAMLMap, key: string | number) {
  return map.items.find(each => isPair(each) && isScalar(each.key) && String(each.key.value) === String(key));
}

/** Whether a list or mapping contains itself, because an alias refers to a value that contains the alias. */
function containsItself(value: unknown, above: readonly unknown[] = []): boolean {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const ancestors = [...above, value];
  return above.includes(value) || Object.values(value).some(each => containsItself(each, ancestors));
}

/** The parser's error message without the position, which is already in the location. */
function firstLineOf(message: string): string {
  return message.split('\n')[0].replace(/ at line \d+, column \d+:?$/, '').replace(/[.:]$/, '');
}

/** Whether a YAML file contains tests of a dataset, even if they are invalid. */
function looksLikeTests(content: unknown): boolean {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    return false;
  }
  const { tests } = content as { tests?: unknown };
  if (tests === undefined) {
    return 'dataset' in content && Object.keys(content).some(key => didYouMean(key, ['tests']) !== '');
  }
  return 'dataset' in content || (Array.isArray(tests) && tests.some(test =>
    typeof test === 'object' && test !== null && ['expect', 'inputs', 'loads'].some(key => key in test)));
}
