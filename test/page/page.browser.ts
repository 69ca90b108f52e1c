import { readFileSync, rmSync } from 'fs';
import * as path from 'path';
import { pathToFileURL } from 'url';
import { Browser, Page } from 'playwright-core';
import { OpenPage, openFile, startChromium, View } from './chromium';
import { HOSTILE, writeEmptyLake, writeExampleLake } from './example-lake';
import { medallionIn } from '../cli/app-fixture';
import { temporaryFolder } from '../cli/assembly-fixture';
import { wait } from '../cli/command-fixture';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const AIRPORTS = '#/dataset/bronze%2Fairports';
const HOSTILE_DATASET = '#/dataset/bronze%2Fhostile';
const PLACE = '#/column/pp_dw_gold.airport_cities/place';

const folder = temporaryFolder();
const emptyFolder = temporaryFolder();
const file = path.join(folder, 'medallion.html');
const emptyFile = path.join(emptyFolder, 'medallion.html');
let browser: Browser;
let opened: OpenPage[] = [];

beforeAll(async () => {
  browser = await startChromium();
  writeExampleLake(folder);
  writeEmptyLake(emptyFolder);
  for (const each of [folder, emptyFolder]) {
    expect(medallionIn(each, ['docs'])).toEqual({ code: 0, stdout: 'medallion.html\n', stderr: '' });
  }
});

// No test may cause an error, a message on the console, a dialog or a request.
afterEach(async () => {
  const problems = opened.flatMap(each => each.problems);
  await Promise.all(opened.map(({ page }) => page.close()));
  opened = [];
  expect(problems).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  [folder, emptyFolder].forEach(each => rmSync(each, { recursive: true }));
});

async function open(route = '', view: View = {}, lake = file): Promise<Page> {
  const result = await openFile(browser, lake, route, view);
  opened.push(result);
  return result.page;
}

/** Waits for the heading, because the view changes after the event that reports the new URL. */
async function expectHeading(page: Page, heading: string): Promise<void> {
  const current = () => page.locator('h1').innerText();
  for (let attempts = 0; attempts < 100 && await current() !== heading; attempts++) {
    await wait(20);
  }
  expect(await current()).toBe(heading);
}

const texts = (page: Page, selector: string) => page.locator(selector).allInnerTexts();
/** Evaluates an expression in the page. The expression is a text, because the tests do not have its types. */
const evaluate = <T>(page: Page, expression: string) => page.evaluate<T>(expression);

describe('overview', () => {
  test('it shows what failed, what is stale and what is older than its inputs', async () => {
    const page = await open();
    const attention = await texts(page, 'section[aria-labelledby=attention] li');
    expect(attention.map(text => text.replace(/\s+/g, ' '))).toEqual(expect.arrayContaining([
      expect.stringMatching(/^failed bronze\/airports GATE_MAX_SHRINK: airports has 1,200 rows/),
      'stale bronze/airports stale: 30 h old, maximum 26 h',
      'older than inputs gold/airport-cities bronze/zipcodes published more recently',
      'warning gold/airport-cities The rule place_is_short of airport_cities is violated by 2 of 812 rows.',
    ]));
    expect(await texts(page, '.tiles li')).toEqual(expect.arrayContaining(['2\nfailed', '1\nstale', '1\nnever run']));
  });

  test('it shows what has changed since yesterday', async () => {
    const page = await open();
    const changes = await texts(page, 'section[aria-labelledby=changes] li');
    expect(changes).toEqual([
      'pp_dw_bronze.zipcodes +11 rows (< 0.1%); columns added: state', 'pp_dw_bronze.hostile new table, 12 rows',
    ]);
  });

  test('the page of an app without datasets says what to do', async () => {
    const page = await open('', {}, emptyFile);
    await expectHeading(page, 'The lake has no datasets');
    expect(await page.locator('main').innerText()).toContain('npx medallion docs');
    await page.keyboard.press('/');
    await page.keyboard.type('airports');
    expect(await page.locator('.results').innerText()).toBe('Nothing found');
  });
});

describe('graph', () => {
  test('it has the sources and the datasets from left to right, and an edge per input', async () => {
    const page = await open();
    const nodes = await texts(page, '.graph .node-name');
    expect([...nodes].sort()).toEqual([
      'airport-cities', 'airports', 'airports-clean', 'example.com', 'example.org', 'hostile', 'never-run', 'zipcodes',
    ]);
    const left = async (name: string) =>
      (await page.locator('.graph .node', { hasText: name }).first().boundingBox())!.x;
    const names = ['example.org', 'zipcodes', 'airports-clean', 'airport-cities', 'never-run'];
    const positions = await Promise.all(names.map(left));
    expect([...positions].sort((a, b) => a - b)).toEqual(positions);
    expect(await page.locator('.graph .edge').count()).toBe(7);
  });

  test('a node shows the state and the freshness, and opens the dataset', async () => {
    const page = await open();
    const node = page.locator('.graph .node', { hasText: 'airports' }).first();
    expect((await node.innerText()).replace(/\s+/g, ' ')).toBe('airports failed stale');
    await node.click();
    await expectHeading(page, 'airports');
    await page.goBack();
    await expectHeading(page, 'Overview');
  });

  test('the buttons change its size', async () => {
    const page = await open();
    const width = async () => (await page.locator('.graph .node').first().boundingBox())!.width;
    const before = await width();
    await page.getByRole('button', { name: 'Larger' }).click();
    expect(await width()).toBeGreaterThan(before);
    await page.getByRole('button', { name: 'Fit' }).click();
    expect(await width()).toBeCloseTo(before);
  });
});

describe('dataset', () => {
  test('a failed run shows its code, its message, what to do, and commands to look further', async () => {
    const page = await open(AIRPORTS);
    const panel = await page.locator('.panel.failure').innerText();
    expect(panel).toMatch(/^Last run failed:\sGATE_MAX_SHRINK\n/);
    expect(panel).toContain('The tables still have the data of the previous publication.');
    expect(panel).toContain('run once npx medallion run bronze/airports --allow shrink.');
    expect(panel).toContain('What to do: Check the source, or allow the shrink gate to fail once.');
    expect(panel).toMatch(/npx medallion runs \S+\nnpx medallion logs bronze\/airports$/);
  });

  test('the charts mark failed runs, and their descriptions have the range', async () => {
    const page = await open(AIRPORTS);
    expect(await page.locator('figure').count()).toBe(3);
    expect(await page.locator('figure').first().locator('.cross').count()).toBe(2);
    expect(await page.locator('figure svg').first().getAttribute('aria-label'))
      .toBe('Rows of 12 runs, 2 failed. From 3,286 to 3,376.');
  });

  test('it shows configuration, cost, columns and the change since the previous publication', async () => {
    const page = await open(AIRPORTS);
    const facts = await page.locator('.facts').innerText();
    expect(facts).toContain('Source\nexample.org/data/airports.csv\n');
    expect(facts).toContain('cron(0 6 * * ? *) America/New_York');
    expect(facts).toContain('2 DPU-hours (workers × DPU × timeout × 2 attempts)');
    const table = await page.locator('.table-section').innerText();
    expect(table).toContain('+10 rows (0.3%); columns added: state; types changed: latitude string → double');
    expect(await texts(page, '.table-section tbody tr >> nth=0 >> th, td')).toContain('iata');
    expect(table).toContain('Code of the airport');
  });

  test('it shows the results of rules with rows that violate them', async () => {
    const page = await open('#/dataset/gold%2Fairport-cities');
    const rules = page.getByRole('group', { name: 'Data rules' });
    expect((await rules.locator('tbody tr').allInnerTexts()).map(row => row.split(/\s+/).slice(0, 2)))
      .toEqual([['has_airports', 'passed'], ['place_is_short', 'warned']]);
    await page.getByText('Rows that violate').click();
    expect(await page.locator('details pre').innerText()).toBe('{"place":"Lake Havasu City Municipal","airports":1}');
  });

  test('a dataset that never ran shows the command that runs it', async () => {
    const page = await open('#/dataset/gold%2Fnever-run');
    expect(await page.locator('main').innerText()).toContain('npx medallion run gold/never-run');
  });

  test('a dataset that does not exist leads back to the lake', async () => {
    const page = await open('#/dataset/%E0%A4%A');
    await expectHeading(page, 'Not found');
    await page.getByRole('link', { name: 'Show the lake' }).click();
    await expectHeading(page, 'Overview');
  });
});

describe('tables', () => {
  const first = (page: Page) => texts(page, 'section[aria-labelledby=datasets] tbody th');

  test('a heading sorts by its column: first ascending, then descending, then in the original order', async () => {
    const page = await open();
    const before = await first(page);
    const rows = page.locator('section[aria-labelledby=datasets] th').getByRole('button', { name: 'Rows' });
    const sorted = page.locator('th[aria-sort]');
    await rows.click();
    const byRows = ['hostile', 'airport-cities', 'airports-clean', 'airports', 'zipcodes'];
    expect(await first(page)).toEqual([...byRows, 'never-run']);
    expect(await sorted.getAttribute('aria-sort')).toBe('ascending');
    await rows.click();
    expect(await first(page)).toEqual([...byRows.reverse(), 'never-run']);
    expect(await sorted.getAttribute('aria-sort')).toBe('descending');
    await rows.click();
    expect(await first(page)).toEqual(before);
    expect(await sorted.count()).toBe(0);
  });

  test('text is sorted without regard to its length', async () => {
    const page = await open();
    await page.locator('section[aria-labelledby=datasets] th').getByRole('button', { name: 'Dataset' }).click();
    expect(await first(page))
      .toEqual(['airport-cities', 'airports', 'airports-clean', 'hostile', 'never-run', 'zipcodes']);
  });

  test('filters select layers and states', async () => {
    const page = await open();
    await page.getByLabel('Layer').selectOption('bronze');
    await page.getByLabel('State').selectOption('failed');
    expect(await first(page)).toEqual(['airports', 'hostile']);
    expect(await page.locator('.filters [role=status]').innerText()).toBe('2 of 6');
  });
});

describe('column lineage', () => {
  test('it goes through all layers to the source', async () => {
    const page = await open(PLACE);
    const lines = (await page.locator('.tree').first().innerText()).split('\n').map(line => line.trim());
    expect(lines.filter(Boolean)).toEqual([
      'pp_dw_silver.airports_clean.city unchanged',
      'pp_dw_bronze.airports.city transformed',
      'Column city of the source example.org/data/airports.csv',
      'pp_dw_bronze.zipcodes.city transformed',
      'Column city of the source example.org/zipcodes.zip',
    ]);
    expect((await texts(page, '.node.column .node-name')).sort()).toEqual(['city', 'city', 'city', 'place']);
    expect(await page.locator('.edge.transformation').count()).toBe(2);
  });

  test('the datasets on the way are emphasized in the graph of the lake', async () => {
    const page = await open(PLACE);
    expect((await texts(page, '.graph .node.highlighted .node-name')).sort())
      .toEqual(['airport-cities', 'airports', 'airports-clean', 'example.org', 'zipcodes']);
    expect(await page.locator('.graph .edge.highlighted').count()).toBe(5);
  });

  test('a source column shows what is computed from it', async () => {
    const page = await open('#/column/pp_dw_bronze.airports/iata');
    await page.locator('section[aria-labelledby=readers]').getByRole('link').click();
    await expectHeading(page, 'Column iata');
    expect(await page.locator('section[aria-labelledby=readers] li').innerText())
      .toBe('pp_dw_gold.airport_cities.airports aggregated');
    expect(await page.locator('section[aria-labelledby=origin]').innerText()).toContain('pp_dw_bronze.airports.name');
  });

  test('a column without inputs is a constant', async () => {
    const page = await open('#/column/pp_dw_silver.airports_clean/altitude');
    expect(await page.locator('section[aria-labelledby=origin]').innerText())
      .toContain('Not computed from a column: it is a constant');
  });
});

describe('search', () => {
  test('/ focuses it, and arrows and Enter open a dataset, a table or a column', async () => {
    const page = await open();
    await page.keyboard.press('/');
    await page.keyboard.type('airports');
    expect((await texts(page, '.results li')).slice(0, 2))
      .toEqual(['dataset airports bronze', 'column airports pp_dw_gold.airport_cities']);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expectHeading(page, 'Column airports');
    // The heading of the new view has the focus.
    expect(await evaluate(page, 'document.activeElement.tagName')).toBe('H1');
    expect(await page.locator('.results').isVisible()).toBe(false);
  });

  test('/ focuses it as soon as the page is there', async () => {
    const context = await browser.newContext();
    // Before the first frame, and so before effects that wait for one.
    await context.addInitScript(`document.addEventListener('DOMContentLoaded', () =>
      document.dispatchEvent(new KeyboardEvent('keydown', { key: '/' })))`);
    const page = await context.newPage();
    await page.goto(pathToFileURL(file).href);
    expect(await evaluate(page, 'document.activeElement.role')).toBe('combobox');
    await context.close();
  });

  test('it finds descriptions and several words, and Escape closes it', async () => {
    const page = await open();
    const results = async (text: string) => {
      await page.getByRole('combobox').first().fill(text);
      return texts(page, '.results li');
    };
    expect(await results('code of the')).toEqual(['column iata pp_dw_bronze.airports']);
    expect(await results('city silver')).toEqual(['column city pp_dw_silver.airports_clean']);
    await page.keyboard.press('Escape');
    expect(await page.locator('.results').isVisible()).toBe(false);
  });
});

describe('hostile names and values', () => {
  test('they are texts, in which invisible characters are escaped, and each column has its own view', async () => {
    const page = await open(HOSTILE_DATASET);
    const shown = Object.values(HOSTILE).map(name =>
      name.replace('\u202e', '\\u202e').replace('\ud83d p', '\\ud83d p'));
    expect(await texts(page, '.table-section tbody th')).toEqual(shown);
    for (const [index, name] of shown.entries()) {
      await page.locator('.table-section tbody th a').nth(index).click();
      await expectHeading(page, `Column ${name}`);
      expect(await page.locator('.facts').innerText()).toContain(`Lowest\n${name}\n`);
      await page.goBack();
      await expectHeading(page, 'hostile');
    }
  });

  test('they add no element that can run, load or navigate', async () => {
    const page = await open(HOSTILE_DATASET);
    expect(await page.locator('img, iframe, object, embed, form, link, base, main script').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(2);
  });

  test.each(['', HOSTILE_DATASET, AIRPORTS, PLACE])('%s is not wider than a telephone', async route => {
    const page = await open(route, { width: 390, height: 844 });
    expect(await evaluate(page, 'document.documentElement.scrollWidth')).toBe(390);
  });
});

describe('the file', () => {
  const html = () => readFileSync(file, 'utf8');

  test('it has no secrets of sources', () => {
    expect(html()).not.toContain('SECRET-TOKEN');
  });

  test('its policy allows no requests, and only its own script and style', async () => {
    expect(/Content-Security-Policy" content="([^"]*)"/.exec(html())![1].replace(/'sha256-[^']*'/g, 'HASH')).toBe(
      "default-src 'none'; script-src HASH; style-src HASH; base-uri 'none'; form-action 'none'; "
        + "require-trusted-types-for 'script'",
    );
    const page = await open();
    await evaluate(page, 'fetch("https://example.org/").catch(() => undefined)');
    const addScript = 'document.body.append(Object.assign(document.createElement("script"), { src: "https://x.org" }))';
    await evaluate(page, addScript).catch(() => undefined);
    const { problems } = opened[0];
    expect(problems.filter(each => each.startsWith('request'))).toEqual([]);
    expect(problems.some(each => each.includes('Content Security Policy'))).toBe(true);
    problems.length = 0;
  });
});

describe('keyboard and screen readers', () => {
  test('Tab reaches the content first with the skip link', async () => {
    const page = await open(AIRPORTS);
    await page.keyboard.press('Tab');
    expect(await evaluate(page, 'document.activeElement.textContent')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await evaluate(page, 'document.activeElement.tagName')).toBe('H1');
    expect(page.url()).toContain(AIRPORTS);
  });

  test('every link and button can be reached with Tab', async () => {
    const page = await open();
    const expected = await evaluate<number>(page, 'document.querySelectorAll("a, button, select, input").length');
    await evaluate(page, 'window.focused = new Set(), addEventListener("focusin", event => focused.add(event.target))');
    for (let presses = 0; presses < expected + 10; presses++) {
      await page.keyboard.press('Tab');
    }
    const missed = '[...document.querySelectorAll("a, button, select, input")].filter(each => !focused.has(each))';
    expect(await evaluate(page, `${missed}.map(each => each.outerHTML)`)).toEqual([]);
  });

  test('there are landmarks and headings without gaps', async () => {
    const page = await open(AIRPORTS);
    expect(await texts(page, 'header, main, footer, search').then(all => all.length)).toBe(4);
    const headings = '[...document.querySelectorAll("h1, h2, h3, h4")]';
    const levels = await evaluate<number[]>(page, `${headings}.map(each => Number(each.tagName[1]))`);
    expect(levels.filter((level, index) => level - (levels[index - 1] ?? 0) > 1)).toEqual([]);
  });

  test('the button switches the color scheme and keeps it', async () => {
    const page = await open('', { colorScheme: 'light' });
    const background = () => evaluate(page, 'getComputedStyle(document.body).backgroundColor');
    const light = await background();
    const button = page.getByRole('button', { name: /^Color scheme/ });
    await button.click();
    expect(await background()).toBe(light);
    await button.click();
    expect(await background()).not.toBe(light);
    await page.reload();
    expect(await button.getAttribute('aria-label')).toBe('Color scheme: dark. Switch to system');
    expect(await background()).not.toBe(light);
  });

  const schemes = ['light', 'dark'] as const;
  const routes = ['', AIRPORTS, HOSTILE_DATASET, '#/dataset/gold%2Fairport-cities', PLACE, '#/dataset/none'];
  test.each(schemes.flatMap(scheme => routes.map(route => [scheme, route] as const)))(
    'axe-core finds nothing (%s, %s)', async (colorScheme, route) => {
      const page = await open(route, { colorScheme });
      expect(await axe(page)).toEqual([]);
    });

  test.each(schemes)('axe-core finds nothing in search results and an empty lake (%s)', async colorScheme => {
    const page = await open('', { colorScheme });
    await page.keyboard.press('/');
    await page.keyboard.type('air');
    expect(await axe(page)).toEqual([]);
    expect(await axe(await open('', { colorScheme }, emptyFile))).toEqual([]);
  });

  /** The violations that axe-core finds, with all of its rules. */
  async function axe(page: Page): Promise<string[]> {
    await page.evaluate(AXE);
    const found = 'violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))';
    return page.evaluate<string[]>(`axe.run().then(({ violations }) => ${found})`);
  }
});

test('the printed graph is not wider than a page', async () => {
  const page = await open('', { width: 794 });
  await page.emulateMedia({ media: 'print' });
  const nodes = await evaluate<number[]>(
    page, '[...document.querySelectorAll(".graph .node")].map(each => each.getBoundingClientRect().right)',
  );
  expect(Math.max(...nodes)).toBeLessThan(700);
  expect(Math.max(...nodes)).toBeGreaterThan(600);
});

test('a view prints with all rows, without search and buttons, in dark mode as well', async () => {
  const page = await open(AIRPORTS, { colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  expect(await page.locator('.search').isVisible()).toBe(false);
  expect(await evaluate(page, 'getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
  expect(await evaluate(page, 'getComputedStyle(document.querySelector("h1")).color')).toBe('rgb(27, 32, 39)');
  expect((await page.pdf()).length).toBeGreaterThan(10_000);
});
