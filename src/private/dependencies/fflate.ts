/** Creates the ZIP file of the job's Python package. */
export { zipSync } from 'fflate';
export type { Zippable } from 'fflate';
