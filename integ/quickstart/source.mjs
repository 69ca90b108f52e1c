// Serves the source data of the quickstart on 127.0.0.1: a ZIP archive, a CSV file, and an API that requires a key.
// `node source.mjs KEY` prints the base URL and serves until its standard input ends.
import * as fs from 'node:fs';
import * as http from 'node:http';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const PAGE_SIZE = 25;

/** The airports of the next day: one is renamed and one is removed. */
function nextDay(airports) {
  return airports.toString().replace('Gen Edw L Logan Intl', 'Boston Logan International').replace(/^HVN,.*\r?\n/m, '');
}

/** Returns the response of the API: a page of countries, or the years of one country. */
function apiResponse(years, { pathname, searchParams }) {
  const country = /^\/api\/countries\/([^/]+)\/years$/.exec(pathname)?.[1];
  if (country !== undefined) {
    const name = decodeURIComponent(country);
    return {
      years: years
        .filter(each => each.country === name)
        .map(({ year, pop, life_expect }) => ({ year, population: pop, life_expectancy: life_expect })),
    };
  }
  if (pathname === '/api/countries') {
    const names = [...new Set(years.map(each => each.country))];
    const page = Number(searchParams.get('page') ?? 1);
    const next = page * PAGE_SIZE < names.length ? `/api/countries?page=${page + 1}` : null;
    return { countries: names.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE).map(name => ({ name })), next };
  }
  return undefined;
}

/**
 * Starts the server.
 *
 * @param key the API key that requests must contain in the header X-Api-Key
 * @returns the base URL, a function that publishes the airports of the next day, and a function that stops the server
 */
export async function serve(key) {
  const { zipSync } = createRequire(path.join(root, 'package.json'))('fflate');
  const data = path.join(root, 'node_modules', 'vega-datasets', 'data');
  const years = JSON.parse(fs.readFileSync(path.join(data, 'gapminder.json'), 'utf8'));
  const files = {
    '/zipcodes.zip': zipSync({
      'zipcodes.csv': [fs.readFileSync(path.join(data, 'zipcodes.csv')), { mtime: new Date(2026, 0, 1) }],
    }),
    '/airports.csv': fs.readFileSync(path.join(data, 'airports.csv')),
  };
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    const isApi = url.pathname.startsWith('/api/');
    if (isApi && request.headers['x-api-key'] !== key) {
      response.writeHead(401).end();
      return;
    }
    const content = isApi ? apiResponse(years, url) : files[url.pathname];
    const body = isApi && content ? Buffer.from(JSON.stringify(content)) : content;
    const contentType = isApi ? { 'content-type': 'application/json' } : {};
    response.writeHead(body ? 200 : 404, body && { 'content-length': body.length, ...contentType }).end(body);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    publishUpdate: () => { files['/airports.csv'] = Buffer.from(nextDay(files['/airports.csv'])); },
    close: () => server.close(),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(process.argv[2]);
  process.stdout.write(`${url}\n`);
  process.stdin.resume().on('end', () => process.exit());
}
