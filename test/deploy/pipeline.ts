import { isDeepStrictEqual } from 'util';
import { Result } from './check';
import { Outcome, PlayedLake, Script } from '../pipelines/played-lake';

const LAKE = 'medallion-integ';
const ZIPCODES = 'bronze/zipcodes';
const STATES = 'gold/states';
const HISTORY = 'gold/states-history';

interface Round {
  readonly what: string;
  /** The behavior of the simulated job runs. */
  readonly script: Script;
  /** The datasets with their statuses. */
  readonly statuses: string[];
  /** The jobs and crawlers that start, in this order. */
  readonly starts: string[];
}

/** The deployed pipeline runs its datasets in order, and then only what has changed. */
const ROUNDS: Round[] = [
  {
    what: 'first execution',
    script: {},
    statuses: [`${ZIPCODES} published`, `${STATES} published`, `${HISTORY} published`],
    starts: [ZIPCODES, `${ZIPCODES}-crawler`, STATES, `${STATES}-crawler`, HISTORY, `${HISTORY}-crawler`],
  },
  {
    what: 'second execution, unchanged source',
    script: { [ZIPCODES]: [{ status: 'unchanged' }] },
    statuses: [`${ZIPCODES} unchanged`, `${STATES} unchanged`, `${HISTORY} unchanged`],
    starts: [ZIPCODES],
  },
  {
    what: 'third execution, new rows and a new column in one table',
    script: { [STATES]: [{ schema_changes: true }] },
    statuses: [`${ZIPCODES} published`, `${STATES} published`, `${HISTORY} published`],
    starts: [ZIPCODES, STATES, `${STATES}-crawler`, HISTORY],
  },
];

/** Executes the deployed state machines. The runs of the Glue jobs are simulated. */
export async function checkPipeline(lake: PlayedLake): Promise<Result[]> {
  const results: Result[] = [];
  for (const { what, script, statuses, starts } of ROUNDS) {
    lake.play(LAKE, script);
    const round = await lake.round(LAKE);
    results.push(compare(what, [
      ['datasets and their statuses', statusesOf(round), statuses],
      ['jobs and crawlers in order', round.started, starts],
    ]));
  }
  return results;
}

function statusesOf({ datasets, text }: Outcome): string[] {
  return datasets.length === 0 ? [text] : datasets.map(({ dataset, status }) => `${dataset} ${status}`);
}

function compare(what: string, checks: [property: string, found: string[], expected: string[]][]): Result {
  const isGood = ([, found, expected]: typeof checks[0]) => isDeepStrictEqual(found, expected);
  return {
    what: `pipeline ${LAKE}-daily, ${what}`,
    good: checks.filter(isGood).map(([property]) => property),
    notImplemented: [],
    wrong: checks.filter(check => !isGood(check)).map(([property, found, expected]) =>
      `${property} are ${found.join(', ')}, expected ${expected.join(', ')}`),
  };
}
