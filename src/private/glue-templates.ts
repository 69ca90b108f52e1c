import * as path from 'path';

/** The folder with the Python code: next to `src` in the repository, and next to `lib` in the package. */
export const GLUE_TEMPLATES = path.join(__dirname, '..', '..', 'glue-templates');
