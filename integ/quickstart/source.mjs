// Serves the quickstart's data as their publishers would, on 127.0.0.1: a ZIP, a plain CSV, and an API that asks for a key.
// `node source.mjs KEY` prints the address, and serves until its standard input ends.
import * as fs from 'node:fs';
import * as http from 'node:http';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const PAGE = 25;

/** The airports as their publisher might give them a day later: one has another name, one is gone. */
function aDayLater(airports) {
  return airports.toString().replace('Gen Edw L Logan Intl', 'Boston Logan International').replace(/^HVN,.*\r?\n/m, '');
}

/** Countries, a page at a time, and the years of one country. */
function answer(years, { pathname, searchParams }) {
  const country = /^\/api\/countries\/([^/]+)\/years$/.exec(pathname)?.[1];
  if (country !== undefined) {
    const name = decodeURIComponent(country);
    return { years: years.filter(each => each.country === name).map(({ year, pop, life_expect }) => ({ year, population: pop, life_expectancy: life_expect })) };
  }
  if (pathname === '/api/countries') {
    const names = [...new Set(years.map(each => each.country))];
    const page = Number(searchParams.get('page') ?? 1);
    const next = page * PAGE < names.length ? `/api/countries?page=${page + 1}` : null;
    return { countries: names.slice((page - 1) * PAGE, page * PAGE).map(name => ({ name })), next };
  }
  return undefined;
}

/**
 * Starts the server.
 *
 * @param key what the API asks for in the header X-Api-Key
 * @returns its address, what makes it publish the airports of a day later, and what ends it
 */
export async function serve(key) {
  const { zipSync } = createRequire(path.join(root, 'package.json'))('fflate');
  const data = path.join(root, 'node_modules', 'vega-datasets', 'data');
  const years = JSON.parse(fs.readFileSync(path.join(data, 'gapminder.json'), 'utf8'));
  const files = {
    '/zipcodes.zip': zipSync({ 'zipcodes.csv': [fs.readFileSync(path.join(data, 'zipcodes.csv')), { mtime: new Date(2026, 0, 1) }] }),
    '/airports.csv': fs.readFileSync(path.join(data, 'airports.csv')),
  };
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    const isApi = url.pathname.startsWith('/api/');
    if (isApi && request.headers['x-api-key'] !== key) {
      response.writeHead(401).end();
      return;
    }
    const found = isApi ? answer(years, url) : files[url.pathname];
    const body = isApi && found ? Buffer.from(JSON.stringify(found)) : found;
    response.writeHead(body ? 200 : 404, body && { 'content-length': body.length, ...isApi && { 'content-type': 'application/json' } }).end(body);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    publishAgain: () => { files['/airports.csv'] = Buffer.from(aDayLater(files['/airports.csv'])); },
    close: () => server.close(),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { address } = await serve(process.argv[2]);
  process.stdout.write(`${address}\n`);
  process.stdin.resume().on('end', () => process.exit());
}
