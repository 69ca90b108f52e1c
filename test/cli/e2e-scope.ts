/** Whether all end-to-end tests run (`npx projen test:e2e:all`), or only the sample that `npx projen test` runs. */
export const RUNS_ALL = process.env.END_TO_END_TESTS === 'all';
