import { createRequire } from 'module';
import * as path from 'path';
import { GLUE_TEMPLATES } from '../glue-templates';

/**
 * The package jsonc-parser, loaded at run time: bundlers such as esbuild cannot follow the imports within it, so that a
 * bundle with a plain import fails when it starts.
 */
export const { findNodeAtLocation, getNodeValue, parseTree, printParseErrorCode } =
  createRequire(path.join(GLUE_TEMPLATES, '..', 'package.json'))('jsonc-parser') as typeof import('jsonc-parser');
