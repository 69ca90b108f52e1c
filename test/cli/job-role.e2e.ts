import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { CommandFixture } from './command-fixture';

const medallion = new CommandFixture(path.join(__dirname, 'job-role-app.ts'));
let airports = 'iata,city\nBOS,Boston\nJFK,New York\n';
let server: http.Server;

beforeAll(async () => {
  server = http.createServer((_, response) => response.end(airports));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  medallion.synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterAll(() => {
  server.close();
  medallion.remove();
});

async function medallionRun(args: string[], code: number): Promise<{ status: string; error?: string }> {
  const run = medallion.start(['run', ...args, '--json']);
  expect(await run.ended === code ? '' : run.stderr()).toBe('');
  return JSON.parse(run.stdout()) as { status: string; error?: string };
}

test('a history runs twice with the permissions of its role', async () => {
  expect((await medallionRun(['airports-history', '--with-inputs'], 0)).status).toBe('published');
  airports = 'iata,city\nBOS,Boston\nJFK,Queens\n';
  expect((await medallionRun(['airports-history', '--with-inputs'], 0)).status).toBe('published');
  // Identical bytes, although the server sends no ETag.
  expect((await medallionRun(['airports'], 0)).status).toBe('unchanged');
});

test('a call that the role is denied fails as in AWS', async () => {
  const { error } = await medallionRun(['curious'], 1);
  expect(error).toMatch(/AccessDenied.*not authorized to perform s3:GetObject on arn:aws:s3:::pp-dw-123456789012\/athena/);
});

test('the folder of a table contains nothing but its files', () => {
  const folder = path.join(medallion.lake, 's3', '000000000000', 'pp-dw-123456789012', 'gold', 'airports-history');
  expect(fs.readdirSync(folder)).toEqual(['airports_history.parquet']);
});
