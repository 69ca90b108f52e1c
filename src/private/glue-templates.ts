import * as path from 'path';

/** The folder with everything in Python, beside `src` in the repository and beside `lib` in the package. */
export const GLUE_TEMPLATES = path.join(__dirname, '..', '..', 'glue-templates');
