import * as fs from 'fs';
import { pathToFileURL } from 'url';
import { Browser, chromium, Page } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** Starts the Chromium that is installed on the machine. If there is none, the error says how to install it. */
export async function startChromium(): Promise<Browser> {
  if (!fs.existsSync(EXECUTABLE)) {
    throw new Error(
      `The tests of the documentation page need Chromium, but ${EXECUTABLE} does not exist. Install it `
        + '(Debian: apt-get install chromium), or set CHROMIUM to the path of a Chromium or Chrome.',
    );
  }
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

/** How a page is opened. */
export interface View {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

/** A page in Chromium, and the problems that it has caused. */
export interface OpenPage {
  readonly page: Page;
  /** Errors, messages on the console, and requests for anything but the file. */
  readonly problems: string[];
}

/** Opens a file. */
export async function openFile(
  browser: Browser, file: string, route = '', { width = 1280, height = 900, colorScheme = 'light' }: View = {},
): Promise<OpenPage> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  const url = pathToFileURL(file).href;
  const problems: string[] = [];
  page.on('console', message => problems.push(`console: ${message.text()}`));
  page.on('pageerror', error => problems.push(`error: ${error.message}`));
  page.on('dialog', dialog => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', request => {
    if (request.url().replace(/#.*/s, '') !== url) {
      problems.push(`request: ${request.url()}`);
    }
  });
  await page.goto(`${url}${route}`);
  return { page, problems };
}
