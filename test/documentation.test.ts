import * as fs from 'fs';
import * as path from 'path';
import { parse } from 'yaml';
import { AUTHS, PAGINATIONS } from './api-types';
import { medallionIn } from './cli/app-fixture';
import { temporaryFolder } from './cli/assembly-fixture';
import {
  CodeBlock, codeBlocks, documentationPages, prose, readText, ROOT, tableRows,
} from './documentation-pages';
import { readTestFile } from '../src/cli/test-file';
import { WorkerType } from '../src/glue-worker-config';
import { tableKeys } from '../src/naming';
import { ConfigDocument } from '../src/private/document/config-document.generated';
import { DatasetDocument } from '../src/private/document/dataset-document.generated';
import { ruleProblems } from '../src/private/document/dataset-rules';
import { datasetSchema } from '../src/private/document/dataset-schema';
import { tablesOf } from '../src/private/document/dataset-tables';
import { DocumentSchema } from '../src/private/document/document-schema';
import { configRuleProblems, configSchema } from '../src/private/document/glue-settings';
import { PipelineDocument } from '../src/private/document/pipeline-document.generated';
import { pipelineRuleProblems, pipelineSchema } from '../src/private/document/pipeline-rules';
import { MAX_WORKERS } from '../src/private/document/worker-rules';
import { DataSizeCategory, DPU_PER_WORKER, maxDpuHours, SIZES } from '../src/sizing';

const PAGES = documentationPages();
const BLOCKS = PAGES.flatMap(codeBlocks);
/** The languages of code blocks. Blocks without a language are diagrams and file trees. */
const LANGUAGES = ['ts', 'python', 'java', 'json', 'sh', 'sql', 'yaml', ''];

function blocksIn(...languages: string[]): CodeBlock[] {
  return BLOCKS.filter(({ language }) => languages.includes(language));
}

/** Code blocks with a name for the test. */
function named(blocks: CodeBlock[]): [name: string, block: CodeBlock][] {
  return blocks.map((block, index) => [`${block.page}, ${block.language} ${index + 1}`, block]);
}

function unindented(text: string): string {
  return text.replace(/^ +/gm, '');
}

test('README.md has at most 200 lines', () => {
  expect(readText('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(200);
});

test('every code block is a diagram or in a language that is tested', () => {
  expect(BLOCKS.filter(({ language }) => !LANGUAGES.includes(language))).toEqual([]);
});

describe('examples in Python and Java', () => {
  const SOURCES = {
    python: ['# …', 'integ/consumers/python/app.py'],
    java: ['// …', 'integ/consumers/java/src/main/java/org/example/LakeApp.java'],
  };
  // glue-templates/tests/test_documentation.py tests the job scripts.
  // test/cli/readers.e2e.ts runs the examples of docs/operations/readers.md.
  const examples = blocksIn('python', 'java').filter(({ page, text }) =>
    page !== 'docs/operations/readers.md' && !text.includes('from etl_runtime.'));

  test.each(named(examples))('%s is an excerpt of the tested sample app', (_, { language, text }) => {
    const [omission, file] = SOURCES[language as keyof typeof SOURCES];
    const app = unindented(readText(file));
    let end = 0;
    for (const excerpt of unindented(text).split(`\n${omission}\n`).map(part => part.trim())) {
      const found = app.indexOf(excerpt, end);
      expect({ excerpt, found: found >= end }).toEqual({ excerpt, found: true });
      end = found + excerpt.length;
    }
  });

  test.each(['README.md', 'docs/getting-started.md'])('%s has an example in each language', page => {
    const languages = codeBlocks(page).map(({ language }) => language);
    expect(['ts', 'python', 'java', 'json'].filter(language => !languages.includes(language))).toEqual([]);
  });
});

test.each(['python', 'java'])('the sample app in %s has the query of the quickstart', language => {
  const query = readText(`integ/consumers/${language}/gold/airport_cities.sql`);
  expect(query).toBe(readText('integ/quickstart/gold/airport_cities.sql'));
});

test.each(['python', 'java'])('the sample app in %s has the context of the quickstart', language => {
  const context = (file: string) => (JSON.parse(readText(file)) as { context: object }).context;
  expect(context(`integ/consumers/${language}/cdk.json`)).toEqual(context('integ/quickstart/cdk.json'));
});

describe('examples in JSON', () => {
  type Document = { [key: string]: unknown };

  /** The problems that synthesis reports in a document, including unknown keys. */
  function problemsOf(
    { $schema, ...document }: Document, schema: DocumentSchema, rules: () => Iterable<object>,
  ): object[] {
    const unknown = Object.keys(document).filter(key => !schema.keys.includes(key));
    const problems = [...unknown.map(key => ({ key, found: 'is unknown' })), ...schema.problems(document)];
    return problems.length > 0 ? problems : [...rules()];
  }

  function datasetProblems(document: Document): object[] {
    const dataset = document as unknown as DatasetDocument;
    // A dataset without a source has a custom script.
    const hasOwnScript = dataset.source_url === undefined && dataset.api_endpoints === undefined;
    return problemsOf(document, datasetSchema(), () =>
      ruleProblems(dataset, tableKeys(dataset.dataset, tablesOf(dataset)), hasOwnScript));
  }

  // Others are excerpts of run records.
  const documents = blocksIn('json').filter(({ info }) => info !== 'json record');

  test.each(named(documents))('%s is valid', (_, { text }) => {
    const document = JSON.parse(text) as Document;
    if ('context' in document) {
      // A cdk.json, whose context test/access/permissions-boundaries.test.ts uses.
      expect(Object.keys(document)).toEqual(['app', 'context']);
    } else if ('Effect' in document) {
      const keys = ['Effect', 'Principal', 'Action', 'Resource', 'Condition'];
      expect(Object.keys(document).filter(key => !keys.includes(key))).toEqual([]);
    } else if ('etl_resource_prefix' in document) {
      const config = document as unknown as ConfigDocument;
      expect(problemsOf(document, configSchema(), () => configRuleProblems(config))).toEqual([]);
    } else if ('pipeline' in document) {
      const pipeline = document as unknown as PipelineDocument;
      expect(problemsOf(document, pipelineSchema(), () => pipelineRuleProblems(pipeline))).toEqual([]);
    } else {
      expect(datasetProblems(document)).toEqual([]);
    }
  });
});

describe('commands', () => {
  interface Command {
    readonly page: string;
    readonly args: string[];
  }

  /** The `medallion` commands in shell examples and inline code. */
  function commandsIn(page: string): Command[] {
    const examples = codeBlocks(page).filter(({ language }) => language === 'sh');
    const shell = examples.flatMap(({ text }) => text.split('\n'));
    const inline = [...prose(page).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
    return [...shell, ...inline]
      .flatMap(line => [...line.matchAll(/(?:^|\bnpx (?:--package \S+ )?)medallion ([^#|;&]+)/g)])
      .map(([, args]) => ({ page, args: args.trim().replace(/"[^"]*"/g, 'TEXT').split(/\s+/) }));
  }

  const help = new Map<string, string>();

  function helpOf(...command: string[]): string {
    const key = command.join(' ');
    if (!help.has(key)) {
      help.set(key, medallionIn(ROOT, [...command, '--help']).stdout);
    }
    return help.get(key)!;
  }

  function commandsOf(): string[] {
    return [...helpOf().matchAll(/^ {2}([a-z]+) /gm)].map(([, command]) => command).filter(one => one !== 'help');
  }

  function optionsOf(...command: string[]): string[] {
    return [...helpOf(...command).matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
  }

  test('have names and options that exist', () => {
    const commands = PAGES.flatMap(commandsIn);
    expect(commands.length).toBeGreaterThan(20);
    const unknown = commands.filter(({ args: [command, ...rest] }) => {
      const own = commandsOf().includes(command) ? optionsOf(command) : [];
      const options = [command, ...rest].filter(word => word.startsWith('--'));
      return !(command.startsWith('--') || commandsOf().includes(command))
        || options.some(option => ![...optionsOf(), ...own].includes(option));
    });
    expect(unknown).toEqual([]);
  });

  test('are listed in docs/reference/cli.md with all options', () => {
    const page = readText('docs/reference/cli.md');
    const headings = [...page.matchAll(/^## medallion ([a-z]+)/gm)].map(([, command]) => command);
    expect(headings.sort()).toEqual(commandsOf().sort());
    for (const command of [[], ...commandsOf().map(one => [one])]) {
      const heading = command.length === 0 ? 'Options of every command$' : `medallion ${command[0]}\\b`;
      const [section] = new RegExp(`^## ${heading}[^]*?(?=^## )`, 'm').exec(page)!;
      // The help of a command ends with the options of every command.
      const listed = ['--help', ...(command.length === 0 ? [] : optionsOf())];
      const own = optionsOf(...command).filter(option => !listed.includes(option));
      const missing = own.filter(option => !section.includes(`\`${option}`));
      expect({ command, missing }).toEqual({ command, missing: [] });
    }
  });
});

describe('test files', () => {
  const page = readText('docs/derived/testing.md');

  test.each(named(blocksIn('yaml')))('%s is a valid test file, or a workflow', (_, { text }) => {
    const file = path.join(temporaryFolder(), 'tests.yaml');
    fs.writeFileSync(file, text);
    const content = parse(text) as object;
    expect('jobs' in content ? { tests: {} } : readTestFile(file)).toHaveProperty('tests');
  });

  test.each([
    ['file', undefined], ['test', 'test'], ['load', 'load'], ['input', 'input'], ['expectation', 'expect'],
  ])('the keys of a %s are those of the schema', (what, definition) => {
    const schema = JSON.parse(readText('glue-templates/tests.schema.json'));
    const { properties } = definition === undefined ? schema : schema.$defs[definition];
    const [, table] = new RegExp(`^Keys of an? ${what}[:.][^|]*\n\n((?:\\|.*\n)+)`, 'm').exec(`${page}\n`)!;
    const keys = [...table.matchAll(/^\| `(\S+)` \|/gm)].map(([, key]) => key);
    expect(keys).toEqual(Object.keys(properties));
  });
});

describe('links', () => {
  const OTHERS = [
    'CONTRIBUTING.md', 'integ/quickstart/README.md', 'integ/consumers/python/README.md',
    'integ/consumers/java/README.md', 'glue-templates/bench/README.md',
  ];

  /** The anchors of a page's headings, as GitHub derives them. */
  function anchorsOf(file: string): string[] {
    const headings = [...prose(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
    return headings.map(heading =>
      heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-'));
  }

  function isBroken(page: string, link: string): boolean {
    const [target, anchor] = link.split('#');
    const file = target === '' ? page : path.posix.join(path.posix.dirname(page), target);
    return !fs.existsSync(path.join(ROOT, file)) || (anchor !== undefined && !anchorsOf(file).includes(anchor));
  }

  test.each([...PAGES, ...OTHERS])('in %s refer to files and headings that exist', page => {
    const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
    expect(links.filter(link => !link.startsWith('https://') && isBroken(page, link))).toEqual([]);
  });

  test('in docs/README.md refer to every page', () => {
    const links = [...readText('docs/README.md').matchAll(/\]\(([^)#\s]+)/g)].map(([, link]) => link);
    const linked = ['README.md', 'docs/README.md', ...links.map(link => path.posix.join('docs', link))];
    expect(PAGES.filter(page => !linked.includes(page))).toEqual([]);
  });
});

describe('tables', () => {
  test.each([
    ['type', PAGINATIONS.map(({ type, code, text }) => `| \`${type}\` | \`${code}\` | ${text} |`)],
    ['auth', AUTHS.map(({ type, code, secret, text }) => `| \`${type}\` | \`${code}\` | ${secret} | ${text} |`)],
  ])('of REST APIs, by %s, have the declarations that the test of medallion run uses', (heading, rows) => {
    expect(tableRows('docs/sources/rest-apis.md', heading)).toEqual(rows);
  });

  test('of sizes have the workers, timeouts and maximum DPU-hours of the code', () => {
    const sizes = Object.values(DataSizeCategory).map(category => {
      const { workers, workerType, timeoutMinutes } = SIZES[category];
      const bound = `${maxDpuHours(SIZES[category])} DPU-hours`;
      const size = `\`${category.toUpperCase()}\``;
      return { size, workers: `${workers} × ${workerType}`, timeout: `${timeoutMinutes} min`, bound };
    });
    const cells = tableRows('docs/reference/sizes.md', 'size').map(row => row.split('|').map(cell => cell.trim()));
    expect(cells.map(([, size, , workers, timeout, bound]) => ({ size, workers, timeout, bound }))).toEqual(sizes);
    expect(tableRows('docs/costs.md', 'size')).toEqual(sizes.map(({ size, bound }) => `| ${size} | ${bound} |`));
  });

  test('of permitted workers, timeouts and retries have the limits of the schema', () => {
    const { $defs } = JSON.parse(readText('glue-templates/config.schema.json'));
    const { worker_type: type, number_of_workers: number } = $defs.worker_config.properties;
    const range = ({ minimum, maximum }: { minimum: number; maximum: number }) => `| ${minimum} to ${maximum} `;
    const [, workers, , , timeout, retries] = tableRows('docs/reference/sizes.md', 'setting');
    expect(Object.values(WorkerType)).toEqual(type.enum);
    expect(workers).toContain(range(number));
    expect(timeout).toContain(range($defs.timeout_minutes));
    expect(retries).toContain(range($defs.glue_defaults.properties.max_retries));
  });

  test('of worker types have the DPUs and the maximum number of workers of the code', () => {
    const { maximum } = JSON.parse(readText('glue-templates/dataset.schema.json')).properties.number_of_workers;
    expect(tableRows('docs/reference/sizes.md', 'worker type')).toEqual(Object.values(WorkerType).map(type => {
      const dpu = DPU_PER_WORKER[type];
      const [unit, memory] = type.startsWith('R.') ? ['M-DPU', 32] : ['DPU', 16];
      return `| \`${type}\` | ${dpu} ${unit} | ${dpu * 4} | ${dpu * memory} GB | ${MAX_WORKERS[type] ?? maximum} |`;
    }));
  });

  test('of quality gates list the gates that can be allowed to fail, with their codes', () => {
    const [, gates] = /^GATES: [^\n]*\{\n([^}]*)\}/m.exec(readText('glue-templates/etl_runtime/job/arguments.py'))!;
    const rows = tableRows('docs/reference/quality-gates.md', 'gate').map(row => /`(\w+)` \| `(\w+)`/.exec(row)!.slice(1));
    const declared = [...gates.matchAll(/"(\w+)": ErrorCode\.(\w+)/g)].map(([, gate, code]) => [gate, code]);
    expect(rows.sort()).toEqual(declared.sort());
  });
});
