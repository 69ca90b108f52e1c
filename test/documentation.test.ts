import * as fs from 'fs';
import * as path from 'path';
import { AUTHS, PAGINATIONS } from './api-kinds';
import { medallionIn } from './cli/app-fixture';
import { CodeBlock, codeBlocks, documentationPages, prose, readText, ROOT } from './documentation-pages';
import { WorkerType } from '../src/glue-worker-config';
import { tableKeys } from '../src/naming';
import { configRuleProblems, configSchema } from '../src/private/config-document';
import { ConfigDocument } from '../src/private/config-document.generated';
import { datasetSchema } from '../src/private/dataset-document';
import { DatasetDocument } from '../src/private/dataset-document.generated';
import { ruleProblems } from '../src/private/dataset-rules';
import { tablesOf } from '../src/private/dataset-tables';
import { DocumentSchema } from '../src/private/document-schema';
import { DataSizeCategory, maxDpuHours, SIZES } from '../src/sizing';

const PAGES = documentationPages();
const BLOCKS = PAGES.flatMap(codeBlocks);
const LANGUAGES = ['ts', 'python', 'java', 'json', 'sh', 'sql', ''];

function blocksIn(...languages: string[]): CodeBlock[] {
  return BLOCKS.filter(({ language }) => languages.includes(language));
}

/** A short name of a block for the name of a test. */
function named(blocks: CodeBlock[]): [name: string, block: CodeBlock][] {
  return blocks.map((block, index) => [`${block.page}, block ${index + 1}`, block]);
}

function unindented(text: string): string {
  return text.replace(/^ +/gm, '');
}

/** The rows of the table whose head begins with a cell, without the head. */
function tableRows(page: string, heading: string): string[] {
  const [, , ...rows] = new RegExp(`^\\| ${heading} \\|[^]*?\n\n`, 'm').exec(readText(page))![0].trim().split('\n');
  return rows;
}

test('README.md has at most 200 lines', () => {
  expect(readText('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(200);
});

test('every code block names a language that a test checks, or is a diagram', () => {
  expect(BLOCKS.filter(({ language }) => !LANGUAGES.includes(language)).map(({ page, info }) => `${page}: ${info}`)).toEqual([]);
});

describe('examples in Python and Java', () => {
  const SOURCES = {
    python: ['# …', 'integ/consumers/python/app.py'],
    java: ['// …', 'integ/consumers/java/src/main/java/org/example/LakeApp.java'],
  };
  /** Scripts of jobs are examples of another kind: glue-templates/tests/test_documentation.py runs them. */
  const examples = blocksIn('python', 'java').filter(({ text }) => !text.includes('from etl_runtime.'));

  test.each(named(examples))('%s is an excerpt of the tested sample app', (_, { language, text }) => {
    const [gap, file] = SOURCES[language as keyof typeof SOURCES];
    const app = unindented(readText(file));
    let end = 0;
    for (const piece of unindented(text).split(`\n${gap}\n`).map(one => one.trim())) {
      const found = app.indexOf(piece, end);
      expect({ piece, found: found >= end }).toEqual({ piece, found: true });
      end = found + piece.length;
    }
  });

  test.each(['README.md', 'docs/getting-started.md'])('%s has an example in each language', page => {
    const there = codeBlocks(page).map(({ language }) => language);
    expect(['ts', 'python', 'java', 'json'].filter(language => !there.includes(language))).toEqual([]);
  });
});

test.each(['python', 'java'])('the sample app in %s has the query of the quickstart', language => {
  expect(readText(`integ/consumers/${language}/gold/airport_cities.sql`)).toBe(readText('integ/quickstart/gold/airport_cities.sql'));
});

test.each(['python', 'java'])('the sample app in %s has the context of the quickstart', language => {
  const context = (file: string) => (JSON.parse(readText(file)) as { context: object }).context;
  expect(context(`integ/consumers/${language}/cdk.json`)).toEqual(context('integ/quickstart/cdk.json'));
});

describe('examples in JSON', () => {
  /** What is wrong with a document, as synthesis finds it; a key that the schema does not know is wrong too. */
  function problemsOf(document: { [key: string]: unknown }, schema: DocumentSchema, rules: () => Iterable<object>): object[] {
    const unknown = Object.keys(document).filter(key => key !== '$schema' && !schema.keys.includes(key)).map(key => ({ key, found: 'is unknown' }));
    const { $schema, ...own } = document;
    const problems = [...unknown, ...schema.problems(own)];
    return problems.length > 0 ? problems : [...rules()];
  }

  test.each(named(blocksIn('json')))('%s is valid', (_, { text }) => {
    const document = JSON.parse(text) as { [key: string]: unknown };
    if ('Effect' in document) {
      expect(Object.keys(document).filter(key => !['Effect', 'Principal', 'Action', 'Resource', 'Condition'].includes(key))).toEqual([]);
    } else if ('etl_resource_prefix' in document) {
      expect(problemsOf(document, configSchema(), () => configRuleProblems(document as unknown as ConfigDocument))).toEqual([]);
    } else {
      const dataset = document as unknown as DatasetDocument;
      // The dataset of a custom script has no source.
      const hasOwnScript = dataset.source_url === undefined && dataset.api_endpoints === undefined;
      expect(problemsOf(document, datasetSchema(), () => ruleProblems(dataset, tableKeys(dataset.dataset, tablesOf(dataset)), hasOwnScript))).toEqual([]);
    }
  });
});

describe('commands', () => {
  /** Lines of shell, and inline code. */
  const commands = PAGES.flatMap(page => [
    ...codeBlocks(page).filter(({ language }) => language === 'sh').flatMap(({ text }) => text.split('\n')),
    ...[...prose(page).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code),
  ].flatMap(line => [...line.matchAll(/(?:^|&& |\bnpx (?:--package \S+ )?|"\)" npx )medallion ([^#|;&]*)/g)].map(([, args]) => ({ page, args: args.trim() }))));
  const help = new Map<string, string>();

  function helpOf(command: string): string {
    if (!help.has(command)) {
      const { code, stdout } = medallionIn(ROOT, [...command === '' ? [] : [command], '--help']);
      help.set(command, code === 0 ? stdout : '');
    }
    return help.get(command)!;
  }

  test('`medallion` is called with commands and options that exist', () => {
    expect(commands.length).toBeGreaterThan(20);
    const everywhere = helpOf('');
    for (const { page, args } of commands) {
      const [command, ...rest] = args.replace(/"[^"]*"/g, 'TEXT').split(/\s+/);
      const known = command.startsWith('--') ? everywhere : everywhere + helpOf(command);
      expect({ page, args, isKnown: command.startsWith('--') || new RegExp(`^  ${command} `, 'm').test(everywhere) }).toEqual({ page, args, isKnown: true });
      for (const option of [command, ...rest].filter(word => word.startsWith('--'))) {
        expect({ page, args, option, isKnown: new RegExp(`(^|\\s)${option}[\\s,]`).test(known) }).toEqual({ page, args, option, isKnown: true });
      }
    }
  });

  test('docs/reference/cli.md lists every command and every option', () => {
    const page = readText('docs/reference/cli.md');
    const listed = [...helpOf('').matchAll(/^  ([a-z]+) /gm)].map(([, command]) => command).filter(command => command !== 'help');
    expect([...page.matchAll(/^## medallion ([a-z]+)/gm)].map(([, command]) => command).sort()).toEqual(listed.sort());
    for (const command of ['', ...listed]) {
      const [section] = new RegExp(command === '' ? '^## Options of every command$[^]*?(?=^## )' : `^## medallion ${command}\\b[^]*?(?=^## )`, 'm').exec(page)!;
      const options = [...helpOf(command).matchAll(/^  (?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option).filter(option => option !== '--help');
      expect({ command, missing: options.filter(option => !section.includes(`\`${option}`)) }).toEqual({ command, missing: [] });
    }
  });
});

describe('links', () => {
  /** The anchors of a page's headings, as GitHub makes them. */
  function anchorsOf(file: string): string[] {
    return [...prose(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-'));
  }

  const others = ['CONTRIBUTING.md', 'integ/quickstart/README.md', 'integ/consumers/python/README.md', 'integ/consumers/java/README.md', 'glue-templates/bench/README.md'];

  test.each([...PAGES, ...others])('of %s lead to files and headings that exist', page => {
    const broken = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link).filter(link => {
      if (/^https:\/\//.test(link)) {
        return false;
      }
      const [target, anchor] = link.split('#');
      const file = target === '' ? page : path.posix.join(path.posix.dirname(page), target);
      return !fs.existsSync(path.join(ROOT, file)) || (anchor !== undefined && !anchorsOf(file).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  test('docs/README.md leads to every page', () => {
    const links = [...readText('docs/README.md').matchAll(/\]\(([^)#\s]+)/g)].map(([, link]) => path.posix.join('docs', link));
    expect(PAGES.filter(page => !['README.md', 'docs/README.md', ...links].includes(page))).toEqual([]);
  });
});

describe('tables', () => {
  test.each([
    ['type', PAGINATIONS.map(({ type, code, text }) => `| \`${type}\` | \`${code}\` | ${text} |`)],
    ['auth', AUTHS.map(({ type, code, secret, text }) => `| \`${type}\` | \`${code}\` | ${secret} | ${text} |`)],
  ])('the table of REST APIs with the heading %s is the one that runs through medallion run', (heading, rows) => {
    expect(tableRows('docs/sources/rest-apis.md', heading)).toEqual(rows);
  });

  test('the table of sizes is that of the code', () => {
    const rows = Object.values(DataSizeCategory).map(category => {
      const { workers, workerType, timeoutMinutes } = SIZES[category];
      return [category.toUpperCase(), `${workers} × ${workerType}`, `${timeoutMinutes} min`, `${maxDpuHours(SIZES[category])} DPU-hours`];
    });
    const cells = tableRows('docs/reference/sizes.md', 'size').map(row => row.split('|').map(cell => cell.trim().replace(/`/g, '')));
    expect(cells.map(([, size, , workers, timeout, most]) => [size, workers, timeout, most])).toEqual(rows);
    expect(tableRows('docs/costs.md', 'size')).toEqual(rows.map(([size, , , most]) => `| \`${size}\` | ${most} |`));
  });

  test('the permitted workers, timeouts and retries are those of the schema', () => {
    const { $defs: { worker_config: { properties: worker }, timeout_minutes: timeout, glue_defaults: { properties: defaults } } } =
      JSON.parse(readText('glue-templates/config.schema.json'));
    const [types, number, minutes, retries] = tableRows('docs/reference/sizes.md', 'setting');
    expect([...types.matchAll(/`(G\.\d+X)`/g)].map(([, type]) => type)).toEqual(worker.worker_type.enum);
    expect(Object.values(WorkerType)).toEqual(worker.worker_type.enum);
    expect(number).toContain(`| ${worker.number_of_workers.minimum} to ${worker.number_of_workers.maximum} |`);
    expect(minutes).toContain(`| ${timeout.minimum} to ${timeout.maximum} minutes`);
    expect(retries).toContain(`| ${defaults.max_retries.minimum} to ${defaults.max_retries.maximum} |`);
  });

  test('the table of quality gates lists those that a run can be allowed to fail', () => {
    const [, gates] = /^GATES = \(([^)]*)\)/m.exec(filesBelow('glue-templates/etl_runtime').map(readText).find(text => /^GATES = \(/m.test(text))!)!;
    expect(tableRows('docs/reference/quality-gates.md', 'gate').map(row => /`(\w+)`/.exec(row)![1]).sort()).toEqual([...gates.matchAll(/"(\w+)"/g)].map(([, gate]) => gate).sort());
  });
});

function filesBelow(folder: string): string[] {
  return fs.readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter(file => /\.(py|ts)$/.test(file)).map(file => path.join(folder, file));
}

describe('configuration keys', () => {
  type Properties = { readonly [key: string]: unknown };
  const { properties: dataset, $defs: ofDataset } = JSON.parse(readText('glue-templates/dataset.schema.json')) as { properties: Properties; $defs: { [name: string]: { properties: Properties } } };
  const { properties: config, $defs: ofConfig } = JSON.parse(readText('glue-templates/config.schema.json')) as { properties: Properties; $defs: { [name: string]: { properties: Properties } } };

  /** The props of each interface in src. */
  const interfaces = new Map(filesBelow('src').filter(file => !file.includes('private')).map(readText).flatMap(text =>
    [...text.matchAll(/^export interface (\w+)[^{]*\{([^]*?)^\}/gm)].map(([, name, body]): [string, string[]] =>
      [name, [...body.matchAll(/^  readonly (\w+)\??:/gm)].map(([, prop]) => prop)])));

  const PAIRS: [path: string, interfaces: string[], keys: Properties][] = [
    ['', ['LakeDatasetProps', 'BronzeDatasetProps', 'GoldDatasetProps', 'S3SourceOptions'], dataset],
    ['', ['EtlCorePrefixes', 'EtlCoreProps'], config],
    ['glue_defaults.', ['GlueDefaults'], ofConfig.glue_defaults.properties],
    ['glue_worker_configs.<size>.', ['GlueWorkerConfig'], ofConfig.worker_config.properties],
    ['data_quality.', ['DataQuality'], ofDataset.data_quality.properties],
    ['schedule.', ['ScheduleOptions'], ofDataset.schedule.properties],
    ['history.', ['History'], ofDataset.history.properties],
    ['', ['ColumnSchema'], ofDataset.column.properties],
    ['', ['RateLimit'], ofDataset.rate_limit.properties],
    ['', ['ForEach'], ofDataset.for_each.properties],
    ['', ['ApiEndpoint'], ofDataset.api_endpoint.properties],
    ['file_format.', ['TextOptions', 'CsvOptions', 'FixedWidthOptions', 'JsonOptions', 'JsonLinesOptions'], ofDataset.file_format.properties],
    ['pagination.', ['PagesOptions', 'JsonLinkOptions', 'PageSizeOptions', 'HeaderCursorOptions', 'CursorOptions', 'OffsetOptions', 'PageNumberOptions'],
      ofDataset.pagination.properties],
    ['auth.', ['SecretOptions', 'BearerOptions', 'ApiKeyOptions', 'BasicOptions', 'OAuth2ClientCredentialsOptions'], ofDataset.auth.properties],
  ];
  const snakeCase = (prop: string) => prop.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  const propsOf = (names: string[]) => [...new Set(names.flatMap(name => interfaces.get(name)!))];

  const rows = tableRows('docs/reference/configuration-keys.md', 'prop').map(row => row.split('|'));
  const others = tableRows('docs/reference/configuration-keys.md', 'construct').map(row => row.split('|')[2]);
  const codeIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);

  test('the page lists every prop without the same key, and no other', () => {
    const differing = PAIRS.flatMap(([, names, keys]) => propsOf(names).filter(prop => !(snakeCase(prop) in keys)));
    const listed = [...rows.map(([, prop]) => codeIn(prop)[0].replace(/^.*\./, '')), ...others.flatMap(codeIn)];
    expect(new Set(listed.filter(prop => [...interfaces.values()].flat().includes(prop) && prop !== 'schedule'))).toEqual(new Set(differing));
  });

  test('the page lists every key without the same prop, and no other', () => {
    const differing = PAIRS.flatMap(([at, names, keys]) => Object.keys(keys).filter(key => !propsOf(names).map(snakeCase).includes(key)).map(key => at + key));
    const ofUnions = ['data_quality.required_columns', 'data_quality.expected_record_count_min'];
    const listed = rows.filter(([, , key]) => !key.includes('no key')).map(([, , key]) => codeIn(key)[0]);
    expect(new Set(listed.filter(key => !ofUnions.includes(key)))).toEqual(new Set(differing));
  });
});
