/** Parses JSON files, with the position of each value. */
export { findNodeAtLocation, getNodeValue, parseTree, printParseErrorCode } from 'jsonc-parser';
export type { JSONPath, Node, ParseError, ParseOptions } from 'jsonc-parser';
