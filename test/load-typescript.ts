import * as path from 'path';

/** Options of `node` that let a process load TypeScript files. */
export const LOAD_TYPESCRIPT = ['--require', path.join(__dirname, 'register-typescript.cjs')];
