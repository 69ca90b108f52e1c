import { PlayedLake } from './played-lake';

let lake: PlayedLake;
beforeAll(async () => {
  lake = await PlayedLake.start();
});
afterAll(() => lake.stop());

const CHAIN = { 'bronze/a': [], 'bronze/b': [], 'gold/ab': ['bronze/a', 'bronze/b'], 'gold/top': ['gold/ab'] };

test('each dataset starts when its own inputs have ended, and new tables are crawled', async () => {
  await lake.create('first', CHAIN);
  lake.play('first', {});
  const outcome = await lake.run('first');
  expect(outcome.status).toBe('SUCCEEDED');
  expect(outcome.datasets.map(({ dataset, status, rows }) => [dataset, status, rows])).toEqual(
    Object.keys(CHAIN).map(dataset => [dataset, 'published', 7]),
  );
  expect(await lake.crawled('first', Object.keys(CHAIN))).toEqual(Object.keys(CHAIN));
});
